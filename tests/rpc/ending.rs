//! The end of a connection, in the middle of everything.

use std::future::{pending, ready};

use bowline::rpc::{Call, Client, Response};
use bowline::wire::{Exception, ExceptionKind};

use crate::support::{Ask, World, at, cap, method, object, scenarios};

scenarios! {
    an_abort_fails_every_caller_as_disconnected,
    objects_of_a_lost_peer_are_let_go,
    a_call_in_progress_is_cancelled_when_its_caller_is_lost,
    what_waits_at_an_embargo_fails_with_the_connection,
    a_capability_of_a_lost_vat_is_passed_on_broken,
    what_was_already_resolved_elsewhere_goes_on,
    a_tail_call_taken_before_the_end_goes_on,
    a_bootstrap_nobody_offers_fails,
    a_connection_to_oneself,
    an_end_at_any_moment_leaves_nothing,
    objects_and_calls_that_panic_as_they_are_let_go_harm_nobody,
    what_becomes_of_an_import_is_told_and_known,
}

fn lose(world: &World, pair: &crate::support::Pair) {
    pair.open();
    pair.far.abort(Exception::failed("enough"));
    world.quiet();
}

fn an_abort_fails_every_caller_as_disconnected(world: &World) {
    let (boot, _) = object(world.right.here());
    let (pair, client) = world.reach(&boot);
    let calls: Vec<_> = (0..3).map(|_| client.ask(method::NEVER, 0, &[])).collect();
    let piped = calls[0].cap(&at(0)).note(1);
    world.quiet();
    lose(world, &pair);
    for call in calls.into_iter().chain([piped]) {
        let why = world.run(call).expect_err("the connection is over");
        assert_eq!(why.kind(), ExceptionKind::Disconnected);
        assert!(why.reason().contains("enough"), "{why}");
    }
    // Whoever comes late is told the same.
    for late in [client, pair.near.bootstrap()] {
        let why = world.run(late.note(1)).expect_err("the connection is over");
        assert_eq!(why.kind(), ExceptionKind::Disconnected);
        assert!(why.reason().contains("enough"), "{why}");
    }
}

fn objects_of_a_lost_peer_are_let_go(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (pair, client) = world.reach(&boot);
    world.run(client.ask(method::HOLD, 0, &[&mine])).expect("returns");
    drop(mine);
    lose(world, &pair);
    assert!(!seen.is_alive());
}

fn a_call_in_progress_is_cancelled_when_its_caller_is_lost(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (pair, client) = world.reach(&boot);
    let never = client.ask(method::NEVER, 0, &[]);
    world.quiet();
    pair.near.abort(Exception::failed("enough"));
    world.quiet();
    assert_eq!((seen.running(), seen.cancelled()), (0, 1));
    assert!(world.run(never).is_err());
}

fn what_waits_at_an_embargo_fails_with_the_connection(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (pair, client) = world.reach(&boot);
    pair.to_near.hold();
    let echo = client.ask(method::ECHO, 0, &[&mine]);
    let home = echo.cap(&at(0));
    let old_way = home.note(0);
    world.quiet();
    pair.to_near.deliver(1);
    world.run(echo).expect("returns");
    let new_way = home.note(1);
    world.quiet();
    pair.near.abort(Exception::failed("enough"));
    world.quiet();
    pair.open();
    assert!(world.run(old_way).is_err());
    assert!(world.run(new_way).is_err());
    assert!(seen.notes().is_empty());
}

fn a_capability_of_a_lost_vat_is_passed_on_broken(world: &World) {
    let (end, _) = object(world.right.here());
    let (boot, seen) = object(world.middle.here());
    let outer = world.join(&world.middle, &world.right, Some(&end));
    seen.keep(&outer.near.bootstrap());
    let inner = world.join(&world.left, &world.middle, Some(&boot));
    let client = inner.near.bootstrap();
    let got = world.run(client.ask(method::GET, 0, &[])).expect("returns");
    let far = cap(&got).expect("a cap");
    world.run(far.note(1)).expect("returns");
    lose(world, &outer);
    for _ in 0..2 {
        let why = world.run(far.note(2)).expect_err("its vat is lost");
        assert_eq!(why.kind(), ExceptionKind::Disconnected);
        let again = world.run(client.ask(method::GET, 0, &[])).expect("returns");
        let again = cap(&again).expect("a cap");
        assert!(world.run(again.note(3)).is_err());
    }
    world.run(client.note(1)).expect("the other connection lives");
    seen.let_go();
}

fn what_was_already_resolved_elsewhere_goes_on(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (pair, client) = world.reach(&boot);
    let echo = client.ask(method::ECHO, 0, &[&mine]);
    let home = echo.cap(&at(0));
    world.run(echo).expect("returns");
    world.run(home.settled()).expect("it settles");
    lose(world, &pair);
    world.run(home.note(1)).expect("it lives here");
    assert_eq!(seen.notes(), [1]);
}

fn a_tail_call_taken_before_the_end_goes_on(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (pair, client) = world.reach(&boot);
    world.run(client.ask(method::TAIL, 0, &[&mine])).expect("returns");
    world.quiet();
    let later = client.ask(method::TAIL_GET_LATER, 0, &[&mine]);
    world.quiet();
    assert!(pair.to_near.count("TakeFromOtherQuestion") > 0);
    lose(world, &pair);
    seen.go();
    world.run(later).expect("its results were taken home before");
}

fn a_bootstrap_nobody_offers_fails(world: &World) {
    let pair = world.join(&world.left, &world.right, None);
    let client = pair.near.bootstrap();
    assert!(world.run(client.note(1)).is_err());
    world.quiet();
    assert_eq!(pair.near.stats().expect("open").questions, 0);
}

fn a_connection_to_oneself(world: &World) {
    let (boot, seen) = object(world.left.here());
    let pair = world.join(&world.left, &world.left, Some(&boot));
    let client = pair.near.bootstrap();
    let echo = client.ask(method::ECHO, 0, &[&boot]);
    let home = echo.cap(&at(0));
    let notes: Vec<_> = (0..3).map(|n| home.note(n)).collect();
    for note in notes {
        world.run(note).expect("returns");
    }
    world.run(echo).expect("returns");
    assert_eq!(seen.notes(), [0, 1, 2]);
}

/// The connection is lost between two deliveries, while calls, promises and embargoes are under way.
fn an_end_at_any_moment_leaves_nothing(world: &World) {
    for seed in world.seeds(200) {
        let mut seed = crate::support::Seed(seed);
        let (boot, boot_seen) = object(world.right.here());
        let (mine, seen) = object(world.left.here());
        let (pair, client) = world.reach(&boot);
        let (promise, resolver) = Client::promise(world.left.here());
        pair.hold();
        let calls = [
            client.ask(method::ECHO, 0, &[&promise]),
            client.ask(method::HOLD, 0, &[&mine, &promise]),
            client.ask(method::TAIL_GET_LATER, 0, &[&mine]),
            client.ask(method::NEVER, 0, &[&mine]),
        ];
        let piped: Vec<_> = calls.iter().map(|call| call.cap(&at(0)).note(0)).collect();
        let mut resolver = Some(resolver);
        for step in 0..seed.below(30) {
            world.deliver_one(&[&pair], &mut seed);
            if step == 5 {
                resolver.take().into_iter().for_each(|one| one.resolve(Ok(mine.clone())));
            }
        }
        let end = [&pair.near, &pair.far][seed.below(2)];
        end.abort(Exception::failed("enough"));
        world.quiet();
        pair.open();
        world.quiet();
        drop(resolver);
        seen.go();
        for call in calls.into_iter().chain(piped) {
            let _either = world.run(call);
        }
        boot_seen.let_go();
        drop((mine, promise));
        world.quiet();
        assert!(!seen.is_alive());
    }
}

/// Panics when it is let go of.
struct Sore;

impl Drop for Sore {
    fn drop(&mut self) {
        panic!("it was let go of");
    }
}

fn objects_and_calls_that_panic_as_they_are_let_go_harm_nobody(world: &World) {
    let sore = Sore;
    let object_panics = Client::new(world.right.here(), move |call: Call| {
        let _mine = &sore;
        ready(Ok(call.reply()))
    });
    let call_panics = Client::new(world.right.here(), |_: Call| {
        let sore = Sore;
        async move {
            let _mine = sore;
            pending::<Result<Response, Exception>>().await
        }
    });
    let (boot, _) = object(world.right.here());
    let (lost, other) = (world.reach(&object_panics), world.reach(&call_panics));
    let (_kept, unharmed) = world.reach(&boot);
    drop((object_panics, call_panics));
    let under_way = other.1.note(1);
    world.quiet();
    for (pair, _) in [&lost, &other] {
        lose(world, pair);
    }
    assert!(world.run(under_way).is_err());
    world.run(unharmed.note(2)).expect("the vat lives on, and so does its other connection");
}

fn what_becomes_of_an_import_is_told_and_known(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (promise, resolver) = Client::promise(world.right.here());
    seen.keep(&promise);
    let (pair, client) = world.reach(&boot);
    let import = world.run(client.ask(method::GET, 0, &[])).expect("returns");
    let import = import.cap(&at(0)).expect("a promise");
    let mut settled = Box::pin(import.settled());
    let mut told = || futures::FutureExt::now_or_never(settled.as_mut());
    world.quiet();
    assert!(told().is_none() && !import.is_broken(), "nothing became of it yet");
    resolver.resolve(Ok(object(world.right.here()).0));
    world.quiet();
    assert_eq!(told(), Some(Ok(())));
    assert!(!import.is_broken());
    seen.let_go();
    lose(world, &pair);
    let why = import.why_broken().expect("its connection is over");
    assert!(import.is_broken() && why.kind() == ExceptionKind::Disconnected, "{why}");
}
