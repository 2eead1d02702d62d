//! Promises that cross: told once, resolved to objects on either side, to nothing, or to themselves.

use bowline::rpc::Client;
use bowline::wire::Exception;

use crate::support::{Ask, World, at, cap, method, number, object, scenarios};

scenarios! {
    queued_and_later_calls_arrive_when_a_promise_resolves,
    a_promise_sent_twice_is_resolved_once,
    a_promise_that_breaks_fails_all_who_waited,
    a_promise_that_comes_to_be_nothing,
    a_promise_resolved_to_itself_is_an_error,
    promises_resolved_in_a_circle_are_an_error,
    a_promise_given_up_breaks,
    a_broken_capability_is_sent_twice,
    a_promise_passed_on_while_unresolved,
    a_relay_passes_calls_on_before_the_results_are_back,
    a_relay_passes_calls_on_before_its_own_promise_resolves,
    late_news_of_a_promise_nobody_holds_releases_what_it_brings,
}

fn offer_promise(world: &World) -> (crate::support::Pair, Client, bowline::rpc::Resolver) {
    let (boot, seen) = object(world.right.here());
    let (pair, client) = world.reach(&boot);
    let (promise, resolver) = Client::promise(world.right.here());
    seen.keep(&promise);
    drop(promise);
    let got = world.run(client.ask(method::GET, 0, &[])).expect("returns");
    seen.let_go();
    (pair, cap(&got).expect("a cap"), resolver)
}

fn queued_and_later_calls_arrive_when_a_promise_resolves(world: &World) {
    let (_pair, promise, resolver) = offer_promise(world);
    let (target, seen) = object(world.right.here());
    let first = promise.note(1);
    let second = promise.note(2);
    world.quiet();
    resolver.resolve(Ok(target));
    world.run(second).expect("returns");
    world.run(first).expect("returns");
    world.run(promise.settled()).expect("it settles");
    world.run(promise.note(3)).expect("returns");
    assert_eq!(seen.notes(), [1, 2, 3]);
    drop(promise);
    world.quiet();
    assert!(!seen.is_alive());
}

fn a_promise_sent_twice_is_resolved_once(world: &World) {
    let (boot, _) = object(world.right.here());
    let (pair, client) = world.reach(&boot);
    let (promise, resolver) = Client::promise(world.left.here());
    let (target, seen) = object(world.left.here());
    world.run(client.ask(method::HOLD, 0, &[&promise])).expect("returns");
    world.run(client.ask(method::HOLD, 0, &[&promise])).expect("returns");
    resolver.resolve(Ok(target));
    world.quiet();
    assert_eq!(pair.to_far.count("Resolve("), 1);
    assert_eq!(number(&world.run(client.ask(method::PASS, 4, &[])).expect("returns")), 4);
    world.run(client.ask(method::LET_GO, 0, &[])).expect("returns");
    drop(promise);
    world.quiet();
    assert!(!seen.is_alive());
}

fn a_promise_that_breaks_fails_all_who_waited(world: &World) {
    let (_pair, promise, resolver) = offer_promise(world);
    let waiting: Vec<_> = (0..3).map(|n| promise.note(n)).collect();
    world.quiet();
    resolver.resolve(Err(Exception::overloaded("too much")));
    for promise in waiting {
        assert_eq!(world.run(promise).expect_err("it broke").reason(), "too much");
    }
    let why = world.run(promise.settled()).expect_err("it broke");
    assert_eq!(why.reason(), "too much");
    assert!(world.run(promise.note(9)).is_err());
}

/// A promise for what a call will return, which turns out to be nothing.
fn a_promise_that_comes_to_be_nothing(world: &World) {
    let (boot, boot_seen) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let (mine, seen) = object(world.left.here());
    let later = mine.ask(method::GET_LATER, 0, &[]);
    let nothing = later.cap(&at(0));
    world.run(client.ask(method::HOLD, 0, &[&nothing])).expect("returns");
    let waiting = client.ask(method::PASS, 1, &[]);
    world.quiet();
    seen.go();
    assert!(world.run(waiting).is_err());
    world.quiet();
    assert!(world.run(client.ask(method::PASS, 1, &[])).is_err());
    assert!(world.run(client.note(1)).is_ok());
    boot_seen.let_go();
}

fn a_promise_resolved_to_itself_is_an_error(world: &World) {
    let (promise, resolver) = Client::promise(world.left.here());
    let call = promise.note(1);
    resolver.resolve(Ok(promise.clone()));
    assert!(world.run(call).is_err());
    assert!(world.run(promise.note(2)).is_err());
}

fn promises_resolved_in_a_circle_are_an_error(world: &World) {
    let ring: Vec<_> = (0..4).map(|_| Client::promise(world.left.here())).collect();
    let clients: Vec<_> = ring.iter().map(|(client, _)| client.clone()).collect();
    let calls: Vec<_> = clients.iter().map(|client| client.note(0)).collect();
    for (at, (_, resolver)) in ring.into_iter().enumerate() {
        resolver.resolve(Ok(clients[(at + 1) % clients.len()].clone()));
    }
    for call in calls {
        assert!(world.run(call).is_err());
    }
}

fn a_promise_given_up_breaks(world: &World) {
    let (_pair, promise, resolver) = offer_promise(world);
    let call = promise.note(1);
    world.quiet();
    drop(resolver);
    assert!(world.run(call).is_err());
}

fn a_broken_capability_is_sent_twice(world: &World) {
    let (boot, _) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let broken = Client::broken(world.left.here(), Exception::failed("it broke"));
    for _ in 0..2 {
        world.run(client.ask(method::HOLD, 0, &[&broken])).expect("returns");
        world.quiet();
        let why = world.run(client.ask(method::PASS, 0, &[])).expect_err("it is broken");
        assert_eq!(why.reason(), "it broke");
    }
    world.run(client.ask(method::LET_GO, 0, &[])).expect("returns");
}

fn a_promise_passed_on_while_unresolved(world: &World) {
    let (boot, boot_seen) = object(world.right.here());
    let (_inner, _outer, client) = world.relay(&boot);
    let (promise, resolver) = Client::promise(world.left.here());
    let (mine, seen) = object(world.left.here());
    world.run(client.ask(method::HOLD, 0, &[&promise])).expect("returns");
    let first = client.ask(method::PASS, 1, &[]);
    world.quiet();
    resolver.resolve(Ok(mine));
    world.run(first).expect("returns");
    world.run(client.ask(method::PASS, 2, &[])).expect("returns");
    assert_eq!(seen.notes(), [1, 2]);
    boot_seen.let_go();
    drop(promise);
    world.quiet();
    assert!(!seen.is_alive());
}

fn a_relay_passes_calls_on_before_the_results_are_back(world: &World) {
    let (boot, boot_seen) = object(world.right.here());
    let (kept, seen) = object(world.right.here());
    boot_seen.keep(&kept);
    let (_inner, outer, client) = world.relay(&boot);
    outer.to_near.hold();
    let got = client.ask(method::GET, 0, &[]);
    let notes: Vec<_> = (0..3).map(|n| got.cap(&at(0)).note(n)).collect();
    world.quiet();
    assert_eq!(seen.notes(), [0, 1, 2]);
    outer.to_near.open();
    for note in notes {
        world.run(note).expect("returns");
    }
    boot_seen.let_go();
}

fn a_relay_passes_calls_on_before_its_own_promise_resolves(world: &World) {
    let (boot, boot_seen) = object(world.right.here());
    let (kept, seen) = object(world.right.here());
    boot_seen.keep(&kept);
    drop(kept);
    let outer = world.join(&world.middle, &world.right, Some(&boot));
    outer.to_near.hold();
    let (relay, relay_seen) = object(world.middle.here());
    let unresolved = outer.near.bootstrap();
    relay_seen.keep(&unresolved);
    drop(unresolved);
    let inner = world.join(&world.left, &world.middle, Some(&relay));
    let far = inner.near.bootstrap().ask(method::GET, 0, &[]).cap(&at(0));
    let note = far.ask(method::GET, 0, &[]).cap(&at(0)).note(5);
    world.quiet();
    assert_eq!(seen.notes(), [5]);
    outer.to_near.open();
    world.run(note).expect("returns");
    boot_seen.let_go();
    relay_seen.let_go();
}

fn late_news_of_a_promise_nobody_holds_releases_what_it_brings(world: &World) {
    let (pair, promise, resolver) = offer_promise(world);
    let (target, seen) = object(world.right.here());
    pair.to_near.hold();
    resolver.resolve(Ok(target));
    world.quiet();
    drop(promise);
    world.quiet();
    pair.to_near.open();
    world.quiet();
    assert!(!seen.is_alive());
}
