//! Situations other engines' suites pin down and the rest of these scenarios do not pass through.

use std::cell::{Cell, RefCell};
use std::future::ready;
use std::rc::Rc;

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link, Reply};
use bowline::wire::*;

use crate::raw::*;
use crate::support::{
    Ask, ID, Pair, Seed, World, at, cap, fill, method, number, object, scenarios,
};

scenarios! {
    nothing_is_done_at_all,
    a_lost_object_keeps_the_details_of_its_exception,
    a_connection_is_idle_once_nothing_is_asked_or_held,
    a_promise_that_settles_between_request_and_send,
    a_capability_is_moved_on_to_another_object,
    a_promise_of_a_promise_is_as_good_as_what_it_came_to_be,
    a_copy_of_content_holds_its_capabilities,
    a_capability_sent_home_again_and_again_is_the_same,
    a_connection_ends_from_inside_a_call,
    an_answer_the_asker_has_promised_keeps_its_order,
    an_embargo_is_lifted_while_what_came_home_is_unsettled,
    an_answer_that_is_its_own_result_is_an_error,
}

fn nothing_is_done_at_all(world: &World) {
    let (boot, _) = object(world.right.here());
    let pair = world.join(&world.left, &world.right, Some(&boot));
    world.quiet();
    assert!(pair.to_near.log().is_empty() && pair.to_far.log().is_empty());
}

fn a_lost_object_keeps_the_details_of_its_exception(world: &World) {
    let why = Exception::disconnected("its disk is gone").with_detail(7, *b"which");
    let told = why.clone();
    let boot = Client::new(world.right.here(), move |_: Call| ready(Err(told.clone())));
    let (_pair, client) = world.reach(&boot);
    for _ in 0..2 {
        assert_eq!(world.run(client.note(1)).expect_err("it fails"), why);
    }
}

fn a_connection_is_idle_once_nothing_is_asked_or_held(world: &World) {
    let (boot, _) = object(world.right.here());
    let (pair, client) = world.reach(&boot);
    let is_busy = || {
        world.quiet();
        !pair.near.is_idle() && !pair.far.is_idle()
    };
    assert!(is_busy(), "a capability is held");
    let never = client.ask(method::NEVER, 0, &[]);
    drop(client);
    assert!(is_busy(), "a call runs");
    drop(never);
    world.run(pair.near.idle());
    world.run(pair.far.idle());
}

fn a_promise_that_settles_between_request_and_send(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let (promise, resolver) = Client::promise(world.left.here());
    let to_it = promise.request(ID, method::NOTE).with(fill(1, &[]));
    let about_it = client.request(ID, method::HOLD).with(fill(0, &[Some(&promise)]));
    resolver.resolve(Ok(client.clone()));
    world.run(promise.settled()).expect("it settles");
    world.run(to_it.send()).expect("returns");
    world.run(about_it.send()).expect("returns");
    world.run(client.ask(method::PASS, 2, &[])).expect("returns");
    assert_eq!(seen.notes(), [1, 2]);
    seen.let_go();
}

/// What one object keeps is given to another, once it is there and before.
fn a_capability_is_moved_on_to_another_object(world: &World) {
    let (boot, boot_seen) = object(world.right.here());
    let (other, other_seen) = object(world.right.here());
    boot_seen.keep_second(&other);
    let (pair, client) = world.reach(&boot);
    let (mine, seen) = object(world.left.here());
    world.run(client.ask(method::HOLD, 0, &[&mine])).expect("returns");
    let get = client.ask(method::GET, 0, &[]);
    let second = client.ask(method::GET_SECOND, 0, &[]).cap(&at(0));
    let hold = second.ask(method::HOLD, 0, &[&get.cap(&at(0))]);
    let pass = second.ask(method::PASS, 1, &[]);
    assert_eq!(number(&world.run(pass).expect("returns")), 1);
    world.run(hold).expect("returns");
    assert_eq!(pair.to_far.count("ReceiverAnswer"), 1, "it was given on before it was there");
    let got = cap(&world.run(get).expect("returns")).expect("a cap");
    world.run(second.ask(method::HOLD, 0, &[&got])).expect("returns");
    world.run(second.ask(method::PASS, 2, &[])).expect("returns");
    assert_eq!(seen.notes(), [1, 2]);
    drop((mine, got));
    boot_seen.let_go();
    other_seen.let_go();
    world.quiet();
    assert!(!seen.is_alive());
}

fn a_promise_of_a_promise_is_as_good_as_what_it_came_to_be(world: &World) {
    let (boot, boot_seen) = object(world.right.here());
    let (pair, client) = world.reach(&boot);
    let (mine, seen) = object(world.left.here());
    let (outer, resolve_outer) = Client::promise(world.left.here());
    let (inner, resolve_inner) = Client::promise(world.left.here());
    world.run(client.ask(method::HOLD, 0, &[&outer])).expect("returns");
    let far = boot_seen.kept();
    let mut sent = vec![far.note(0), far.note(1)];
    world.quiet();
    resolve_outer.resolve(Ok(inner));
    world.quiet();
    sent.push(far.note(2));
    assert_eq!(seen.notes(), [0; 0]);
    resolve_inner.resolve(Ok(mine));
    world.run(far.settled()).expect("it settles");
    sent.push(far.note(3));
    for note in sent {
        world.run(note).expect("returns");
    }
    assert_eq!(seen.notes(), [0, 1, 2, 3]);
    assert!(pair.to_far.count("Resolve(") <= 2, "each promise is told of at most once");
    drop((outer, far));
    boot_seen.let_go();
    world.quiet();
    assert!(!seen.is_alive());
}

fn a_copy_of_content_holds_its_capabilities(world: &World) {
    let (boot, boot_seen) = object(world.right.here());
    let (kept, seen) = object(world.right.here());
    boot_seen.keep(&kept);
    drop(kept);
    let (_pair, client) = world.reach(&boot);
    let reply = world.run(client.ask(method::GET, 0, &[])).expect("returns");
    let request = client.request(ID, method::HOLD).with(|mut root| {
        let copied = reply.read(|from| root.set_as::<capnp::any_pointer::Owned>(from));
        copied.expect("it fits");
    });
    drop::<Reply>(reply);
    boot_seen.let_go();
    world.quiet();
    assert!(seen.is_alive(), "the copy holds it");
    world.run(request.send()).expect("returns");
    world.run(client.ask(method::PASS, 4, &[])).expect("returns");
    assert_eq!(seen.notes(), [4]);
    boot_seen.let_go();
    world.quiet();
    assert!(!seen.is_alive());
}

fn a_capability_sent_home_again_and_again_is_the_same(world: &World) {
    let (boot, boot_seen) = object(world.right.here());
    let (kept, seen) = object(world.right.here());
    boot_seen.keep(&kept);
    let (pair, client) = world.reach(&boot);
    for n in 0..3 {
        let got = cap(&world.run(client.ask(method::GET, 0, &[])).expect("returns"));
        let got = got.expect("a cap");
        world.run(client.ask(method::HOLD, 0, &[&got])).expect("returns");
        drop(got);
        world.run(client.ask(method::PASS, n, &[])).expect("returns");
    }
    assert_eq!(seen.notes(), [0, 1, 2]);
    assert_eq!(pair.to_far.count("ReceiverHosted"), 3);
    boot_seen.let_go();
}

fn a_connection_ends_from_inside_a_call(world: &World) {
    let link: Rc<RefCell<Option<Link>>> = Rc::default();
    let ends = Rc::clone(&link);
    let boot = Client::new(world.right.here(), move |call: Call| {
        let link = ends.borrow_mut().take().expect("it is called once");
        link.abort(Exception::failed("enough"));
        ready(Ok(call.reply()))
    });
    let (pair, client) = world.reach(&boot);
    *link.borrow_mut() = Some(pair.far.clone());
    let why = world.run(client.note(1)).expect_err("its connection is over");
    assert_eq!(why.kind(), ExceptionKind::Disconnected);
    assert_eq!(world.run(pair.far.closed()).reason(), "enough");
}

/// `right` answers `left` with what `left` will return, which is a promise of `left`.
fn an_answer_the_asker_has_promised_keeps_its_order(world: &World) {
    for seed in world.seeds(40) {
        let mut seed = Seed(seed);
        let (boot, boot_seen) = object(world.right.here());
        let (registry, registry_seen) = object(world.left.here());
        let (mine, seen) = object(world.left.here());
        let (promise, resolver) = Client::promise(world.left.here());
        registry_seen.keep(&promise);
        let (pair, client) = world.reach(&boot);
        world.run(client.ask(method::HOLD, 0, &[&registry])).expect("returns");
        let asked = boot_seen.kept().ask(method::GET_LATER, 0, &[]);
        boot_seen.keep(&asked.cap(&at(0)));
        world.quiet();
        pair.hold();
        let later = client.ask(method::GET, 0, &[]).cap(&at(0));
        let mut resolver = Some(resolver);
        let (go_at, settle_at) = (seed.below(6), seed.below(6));
        let mut sent = Vec::new();
        for n in 0..6 {
            sent.push(later.note(n as u64));
            if n == go_at {
                registry_seen.go();
            }
            if n == settle_at {
                resolver.take().into_iter().for_each(|one| one.resolve(Ok(mine.clone())));
            }
            deliver_some(world, &pair, &mut seed);
        }
        world.deliver_shuffled(&[&pair], &mut seed);
        for note in sent {
            world.run(note).expect("returns");
        }
        assert_eq!(seen.notes(), [0, 1, 2, 3, 4, 5]);
        drop(asked);
        boot_seen.let_go();
        registry_seen.let_go();
    }
}

fn deliver_some(world: &World, pair: &Pair, seed: &mut Seed) {
    for _ in 0..seed.below(4) {
        world.deliver_one(&[pair], seed);
    }
}

/// Over two vats a promise comes home. The disembargo waits until it is home, and not until it settles.
fn an_embargo_is_lifted_while_what_came_home_is_unsettled(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (inner, _outer, client) = world.relay(&boot);
    let (promise, resolver) = Client::promise(world.left.here());
    let echo = client.ask(method::ECHO, 0, &[&promise]);
    let mirrored = echo.cap(&at(0));
    let mut sent = vec![mirrored.note(0), mirrored.note(1)];
    world.run(echo).expect("returns");
    sent.push(mirrored.note(2));
    world.quiet();
    assert_eq!(inner.to_near.count("ReceiverLoopback"), 1);
    assert_eq!(seen.notes(), [0; 0]);
    resolver.resolve(Ok(mine));
    sent.push(mirrored.note(3));
    for note in sent {
        world.run(note).expect("returns");
    }
    assert_eq!(seen.notes(), [0, 1, 2, 3]);
}

fn an_answer_that_is_its_own_result_is_an_error(world: &World) {
    let (boot, boot_seen) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let later = client.ask(method::GET_LATER, 0, &[]);
    let result = later.cap(&at(0));
    world.run(client.ask(method::HOLD, 0, &[&result])).expect("returns");
    let call = result.note(1);
    world.quiet();
    boot_seen.go();
    assert!(world.run(call).is_err());
    drop((later, result));
    boot_seen.let_go();
    assert!(world.run(client.note(2)).is_ok());
}

#[test]
fn one_target_is_hosted_twice() {
    let us = Us::new();
    let count = Rc::new(Cell::new(0));
    let counted = Rc::clone(&count);
    let target = Rc::new(move |call: Call| {
        counted.set(counted.get() + 1);
        ready(Ok(call.reply()))
    });
    let clients = [0, 1].map(|_| bowline::rpc::host(us.vat.here(), Rc::clone(&target)));
    assert!(!clients[0].is_same(&clients[1]));
    for client in &clients {
        us.outcome(client.note(0)).expect("returns");
    }
    assert_eq!(count.get(), 2);
    drop(target);
    assert_eq!(Rc::strong_count(&count), 2, "the clients keep it");
    drop(clients);
    us.quiet();
    assert_eq!(Rc::strong_count(&count), 1);
}

#[test]
fn a_call_too_large_to_leave_leaves_no_export() {
    let us = Us::new();
    let (mine, seen) = object(us.vat.here());
    let mut config = Config::default();
    config.payload_words_max = 2;
    let mut peer = us.meet_with(config, None);
    let client = peer.link.bootstrap();
    let call = client.ask(method::HOLD, 0, &[&mine]);
    drop(mine);
    us.outcome(call).expect_err("too large");
    assert_eq!(peer.hears(&us), ["bootstrap q0"]);
    assert_eq!(peer.link.stats().expect("open").exports, 0);
    assert!(!seen.is_alive());
}

#[test]
fn a_bootstrap_that_fails_fails_its_calls_and_may_be_asked_for_again() {
    let us = Us::new();
    let mut peer = us.meet(None);
    let first = peer.link.bootstrap();
    let early = first.note(1);
    assert_eq!(peer.hears(&us), ["bootstrap q0", "call q1 → q0 .0 params 6 words"]);
    let gone = Exception::failed("nothing here yet");
    let failed = || Outcome::Exception(gone.clone());
    peer.says(&us, [returns(0, failed()), returns(1, failed())]);
    assert_eq!(us.outcome(early).expect_err("it failed"), gone);
    assert_eq!(us.outcome(first.note(2)).expect_err("it failed"), gone);
    assert_eq!(peer.hears(&us), ["finish q0", "finish q1"]);
    let second = peer.link.bootstrap();
    peer.hears(&us);
    peer.says(&us, [results(1, vec![hosted(4)])]);
    let _note = second.note(3);
    let heard = peer.hears(&us);
    assert!(heard.last().is_some_and(|line| line.contains("→ i4 .0")), "{heard:?}");
}

#[test]
fn the_answer_of_a_bootstrap_is_used_again_once_finished() {
    let us = Us::new();
    let (boot, _) = object(us.vat.here());
    let mut peer = us.meet(Some(&boot));
    for _ in 0..3 {
        peer.says(&us, [bootstrap(0)]);
        assert_eq!(peer.hears(&us), ["return a0 results cap 0 [e0]"]);
        peer.says(&us, [finish(0, true)]);
    }
    assert!(peer.link.is_idle());
}

#[test]
fn a_promise_that_comes_to_be_null_fails_its_calls() {
    let us = Us::new();
    let (mut peer, client) = us.meet_host(promise(3));
    peer.says(&us, [resolves(3, Resolution::Cap(CapDescriptor::None))]);
    let why = us.outcome(client.note(1)).expect_err("nothing to call");
    assert!(why.reason().contains("null"), "{why}");
    assert_eq!(peer.hears(&us), ["release i3 ×1"]);
}

#[test]
fn what_the_peer_names_as_a_result_of_ours_is_our_own() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let (kept, kept_seen) = object(us.vat.here());
    let mut peer = us.meet(Some(&boot));
    let result =
        |question, fields: &[u16]| CapDescriptor::ReceiverAnswer(promised(question, fields));
    let back = |question, cap| said(call(question, export(0), method::CALL_BACK, 5, vec![cap]));
    peer.says(&us, [bootstrap(0)]);
    peer.says(&us, [back(1, result(0, &[]))]);
    assert_eq!(seen.notes(), [5], "the result of a bootstrap");
    seen.keep(&kept);
    peer.says(&us, [calls(2, export(0), method::GET_LATER, 0), back(3, result(2, &[0]))]);
    assert_eq!(kept_seen.notes(), [0; 0]);
    seen.go();
    us.quiet();
    assert_eq!(kept_seen.notes(), [5], "the result of a call");
    let heard = peer.hears(&us);
    for answer in [1, 3] {
        let start = format!("return a{answer} results");
        assert!(heard.iter().any(|line| line.starts_with(&start)), "{heard:?}");
    }
    seen.let_go();
}

#[test]
fn a_result_to_come_is_passed_on_as_such() {
    let us = Us::new();
    let (mut peer, client) = us.meet_host(hosted(3));
    let get = client.ask(method::GET, 0, &[]);
    let hold = client.ask(method::HOLD, 0, &[&get.cap(&at(0))]);
    let heard = peer.hears(&us);
    assert_eq!(heard[1], "call q1 → i3 .2 params 6 words [q0.0]");
    drop(hold);
}

#[test]
fn a_result_that_came_is_called_directly() {
    let us = Us::new();
    let (mut peer, client) = us.meet_host(hosted(3));
    let get = client.ask(method::GET, 0, &[]);
    let result = get.cap(&at(0));
    let early = result.note(1);
    let payload = Payload { content: content(0, 1), caps: vec![hosted(4)] };
    assert_eq!(peer.hears(&us).len(), 2);
    peer.says(&us, [returns(0, Outcome::Results(payload))]);
    let late = result.note(2);
    let heard = peer.hears(&us);
    assert!(heard.iter().any(|line| line.contains("→ i4 .0")), "{heard:?}");
    drop((early, late));
}

/// A peer that holds our promise 0, and whose promise 3 we called.
fn called_across(us: &Us) -> (Raw, Client, bowline::rpc::Resolver, bowline::rpc::Promise) {
    let (ours, resolver) = Client::promise(us.vat.here());
    let mut peer = us.meet(Some(&ours));
    let client = peer.link.bootstrap();
    peer.says(us, [bootstrap(50)]);
    peer.says(us, [finish(50, false), results(0, vec![promise(3)])]);
    peer.hears(us);
    let sent = client.note(1);
    assert_eq!(peer.hears(us), ["call q0 → i3 .0 params 6 words"]);
    (peer, client, resolver, sent)
}

/// Our promise has come to be an object of the peer when the peer, who does not know yet, resolves
/// its own to it.
#[test]
fn what_comes_home_and_goes_out_again_is_embargoed() {
    let us = Us::new();
    let (mut peer, theirs, resolver, first) = called_across(&us);
    let other = peer.link.bootstrap();
    assert_eq!(peer.hears(&us), ["bootstrap q1"]);
    peer.says(&us, [results(1, vec![hosted(7)])]);
    resolver.resolve(Ok(other));
    peer.hears(&us);
    peer.says(&us, [resolves(3, Resolution::Cap(ours(0)))]);
    let second = theirs.note(2);
    let heard = peer.hears(&us);
    assert_eq!(heard[0], "disembargo i3 ask m0", "{heard:?}");
    assert!(heard.iter().all(|line| !line.starts_with("call")), "{heard:?}");
    peer.says(&us, [calls(60, export(0), method::NOTE, 1)]);
    let heard = peer.hears(&us);
    assert!(heard.iter().any(|line| line.contains("→ i7 .0")), "{heard:?}");
    peer.says(&us, [disembargo(export(0), Context::ReceiverLoopback(EmbargoId(0)))]);
    let heard = peer.hears(&us);
    assert!(heard.iter().any(|line| line.contains("→ i7 .0")), "{heard:?}");
    drop((first, second));
}

/// The same, where the peer names the result of a call to us.
#[test]
fn what_comes_home_as_a_result_and_goes_out_again_is_embargoed() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    let theirs = peer.link.bootstrap();
    peer.says(&us, [said(call(1, export(0), method::HOLD, 0, vec![hosted(7)]))]);
    peer.says(&us, [results(0, vec![promise(3)]), calls(2, export(0), method::GET_LATER, 0)]);
    peer.hears(&us);
    let first = theirs.note(1);
    assert_eq!(peer.hears(&us), ["call q0 → i3 .0 params 6 words"]);
    let result = CapDescriptor::ReceiverAnswer(promised(2, &[0]));
    peer.says(&us, [resolves(3, Resolution::Cap(result))]);
    seen.go();
    let second = theirs.note(2);
    let heard = peer.hears(&us);
    assert_eq!(heard[0], "disembargo i3 ask m0", "{heard:?}");
    assert!(heard.iter().all(|line| !line.starts_with("call")), "{heard:?}");
    peer.says(&us, [disembargo(export(0), Context::ReceiverLoopback(EmbargoId(0)))]);
    let heard = peer.hears(&us);
    assert!(heard.iter().any(|line| line.contains("→ i7 .0")), "{heard:?}");
    drop((first, second));
    seen.let_go();
}

/// Our promise and the peer's are resolved to each other, and the two Resolves cross.
#[test]
fn promises_resolved_to_each_other_across_the_wire_are_an_error() {
    let us = Us::new();
    let (mut peer, theirs, resolver, first) = called_across(&us);
    resolver.resolve(Ok(theirs.clone()));
    let heard = peer.hears(&us);
    assert_eq!(heard, ["resolve p0 → i3"]);
    peer.says(&us, [resolves(3, Resolution::Cap(ours(0)))]);
    let why = us.outcome(theirs.note(2)).expect_err("it leads nowhere");
    assert!(why.reason().contains("resolved to itself"), "{why}");
    // The peer, who may not have seen it, has its embargo lifted and its calls failed.
    peer.says(&us, [calls(60, export(0), method::NOTE, 3)]);
    peer.says(&us, [disembargo(export(0), Context::SenderLoopback(EmbargoId(5)))]);
    let heard = peer.hears(&us);
    assert!(heard.iter().any(|line| line.starts_with("return a60 exception")), "{heard:?}");
    assert!(heard.iter().any(|line| line.ends_with("lift m5")), "{heard:?}");
    assert!(heard.iter().all(|line| !line.contains("ask")), "{heard:?}");
    drop(first);
}
