//! A vat in the middle: what it costs in round trips, and what it does when one side goes.

use bowline::conn::Config;
use bowline::rpc::{Client, Promise, Relay, RelayEnd};
use bowline::transport::{SameThread, Transport, same_thread};
use bowline::wire::{CapDescriptor, Exception, ExceptionKind, Message, Outcome};

use std::task::{Context, Poll, Waker};

use crate::raw::{Us, bootstrap, calls, export, finish, hosted, result_of, results, returns};
use crate::raw::{promise, without_interface};
use crate::support::{Ask, Pair, World, at, method, number, object, scenarios};

scenarios! {
    a_pipelined_chain_through_a_relay_takes_one_round_trip,
    the_first_call_through_a_relay_does_not_wait_for_its_bootstrap,
    a_callback_through_a_relay_costs_its_own_round_trip_and_no_other,
    a_far_side_that_goes_is_told_to_the_near_one,
    a_near_side_that_goes_takes_the_far_one_along,
}

/// How often everything that is under way must move one link on until the promise is done.
fn hops(world: &World, pairs: [&Pair; 2], promise: Promise) -> usize {
    let mut promise = Box::pin(promise);
    let mut cx = Context::from_waker(Waker::noop());
    for hops in 0..100 {
        world.quiet();
        if let Poll::Ready(outcome) = promise.as_mut().poll(&mut cx) {
            assert_eq!(number(&outcome.expect("the chain returns")), 8);
            return hops;
        }
        let gates = pairs.map(|pair| [&pair.to_near, &pair.to_far]).concat();
        let under_way: Vec<_> = gates.iter().map(|gate| gate.held().len()).collect();
        gates.iter().zip(under_way).for_each(|(gate, count)| gate.deliver(count));
    }
    panic!("it never arrives");
}

/// Asks for what `client` keeps, for what that keeps, and so on, and calls the last.
fn chain(client: &Client) -> Promise {
    let mut at_hand = client.clone();
    for _ in 0..8 {
        at_hand = at_hand.ask(method::GET, 0, &[]).cap(&at(0));
    }
    at_hand.note(8)
}

/// There and back over two links.
const ROUND_TRIP: usize = 4;

// C-Q5
fn a_pipelined_chain_through_a_relay_takes_one_round_trip(world: &World) {
    let (boot, seen) = object(world.right.here());
    seen.keep(&boot);
    let (inner, outer, client) = world.relay(&boot);
    [&inner, &outer].into_iter().for_each(Pair::hold);
    assert_eq!(hops(world, [&inner, &outer], chain(&client)), ROUND_TRIP);
    [&inner, &outer].into_iter().for_each(Pair::open);
    seen.let_go();
}

/// Its bootstrap was asked for when the relay was made, and what is called on it goes behind.
fn the_first_call_through_a_relay_does_not_wait_for_its_bootstrap(world: &World) {
    let (boot, seen) = object(world.right.here());
    seen.keep(&boot);
    let (inner, outer, _relay) = world.relaying(&boot);
    [&inner, &outer].into_iter().for_each(Pair::hold);
    let client = inner.near.bootstrap();
    assert_eq!(hops(world, [&inner, &outer], chain(&client)), ROUND_TRIP);
    [&inner, &outer].into_iter().for_each(Pair::open);
    seen.let_go();
}

fn a_callback_through_a_relay_costs_its_own_round_trip_and_no_other(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (inner, outer, client) = world.relay(&boot);
    [&inner, &outer].into_iter().for_each(Pair::hold);
    let back = client.ask(method::CALL_BACK, 8, &[&mine]);
    assert_eq!(hops(world, [&inner, &outer], back), 2 * ROUND_TRIP);
    assert_eq!(seen.notes(), [8]);
    [&inner, &outer].into_iter().for_each(Pair::open);
}

fn a_far_side_that_goes_is_told_to_the_near_one(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (inner, outer, relay) = world.relaying(&boot);
    let client = inner.near.bootstrap();
    let running = client.ask(method::NEVER, 0, &[]);
    world.quiet();
    assert_eq!(seen.running(), 1);
    outer.far.abort(Exception::failed("the far side had enough"));
    let end = world.run(relay.over());
    let RelayEnd::Far(why) = end else { panic!("{end:?}") };
    assert!(why.reason().contains("had enough"), "{why}");
    let why = world.run(running).expect_err("its callee is gone");
    assert_eq!(why.kind(), ExceptionKind::Disconnected);
    let why = world.run(inner.near.closed());
    assert!(why.reason().contains("had enough"), "{why}");
}

fn a_near_side_that_goes_takes_the_far_one_along(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (inner, outer, relay) = world.relaying(&boot);
    let running = inner.near.bootstrap().ask(method::NEVER, 0, &[]);
    world.quiet();
    inner.near.hang_up(Exception::failed("enough"));
    let end = world.run(relay.over());
    assert!(matches!(end, RelayEnd::Near(_)), "{end:?}");
    let why = world.run(outer.far.closed());
    assert!(why.reason().contains("closed"), "no Abort, but a clean end: {why}");
    assert_eq!((seen.running(), seen.cancelled()), (0, 1));
    assert!(world.run(running).is_err());
}

/// A relay between two peers that are played by the test.
struct Between {
    us: Us,
    relay: Relay,
    near: SameThread,
    far: SameThread,
}

impl Between {
    /// The near peer knows what the far one offers (its export 3) as import 0.
    fn new() -> Self {
        let us = Us::new();
        let ((near, a), (b, far)) = (same_thread(), same_thread());
        let relay = Relay::between(us.vat.here(), a, b, &Config::default());
        let mut at = Self { us, relay, near, far };
        at.us.quiet();
        assert_eq!(at.far_hears(), ["bootstrap q0"]);
        at.far_says([results(0, vec![hosted(3)])]);
        assert_eq!(at.far_hears(), ["finish q0"]);
        at.near_says([bootstrap(0)]);
        assert_eq!(at.near_hears(), ["return a0 results cap 0 [e0]"]);
        at.near_says([finish(0, false)]);
        at
    }

    fn near_says(&mut self, messages: impl IntoIterator<Item = Message>) {
        says(&mut self.near, messages);
        self.us.quiet();
    }

    fn far_says(&mut self, messages: impl IntoIterator<Item = Message>) {
        says(&mut self.far, messages);
        self.us.quiet();
    }

    fn near_hears(&mut self) -> Vec<String> {
        hears(&mut self.near)
    }

    fn far_hears(&mut self) -> Vec<String> {
        hears(&mut self.far)
    }
}

fn says(end: &mut SameThread, messages: impl IntoIterator<Item = Message>) {
    for message in messages {
        end.send(message).expect("the way is open");
    }
    assert!(end.poll_flush(&mut Context::from_waker(Waker::noop())).is_ready());
}

fn hears(end: &mut SameThread) -> Vec<String> {
    let mut heard = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Ok(Some(message))) = end.poll_receive(&mut cx) {
        heard.push(without_interface(&message));
    }
    heard
}

fn finish_delivered(question: u32) -> Message {
    let Message::Finish(mut finish) = finish(question, true) else { panic!("a Finish") };
    finish.require_early_cancellation_workaround = true;
    Message::Finish(finish)
}

// C-N4
#[test]
fn a_call_that_must_be_delivered_before_it_is_cancelled_goes_through_a_relay() {
    let mut at = Between::new();
    at.near_says([calls(1, export(0), method::NOTE, 5), finish_delivered(1)]);
    assert_eq!(at.near_hears(), ["return a1 canceled no-finish"]);
    assert_eq!(
        at.far_hears(),
        ["call q0 → i3 .0 params 6 words no-pipeline", "finish q0 release-results deliver-first"]
    );
    at.far_says([returns(0, Outcome::Canceled)]);
    assert_eq!(at.relay.far().stats().expect("it is open").questions, 0);
}

/// A cancellation is passed on, and the question it frees is used again.
#[test]
fn a_cancelled_call_is_cancelled_at_the_far_side() {
    let mut at = Between::new();
    at.near_says([calls(1, export(0), method::NEVER, 5)]);
    assert_eq!(at.far_hears(), ["call q0 → i3 .7 params 6 words"]);
    at.near_says([finish(1, true)]);
    assert_eq!(at.near_hears(), ["return a1 canceled no-finish"]);
    assert_eq!(at.far_hears(), ["finish q0 release-results"]);
}

#[test]
fn a_promise_of_the_far_side_is_a_promise_to_the_near_one_until_it_is_told() {
    let mut at = Between::new();
    at.near_says([calls(1, export(0), method::GET, 0), calls(2, result_of(1), method::NOTE, 1)]);
    assert_eq!(
        at.far_hears(),
        ["call q0 → i3 .4 params 6 words", "call q1 → q0.0 .0 params 6 words"]
    );
    let payload =
        bowline::wire::Payload { content: crate::raw::content(0, 1), caps: vec![promise(7)] };
    at.far_says([returns(0, Outcome::Results(payload))]);
    assert_eq!(at.near_hears(), ["return a1 results 6 words [p1]"]);
    at.far_hears();
    let cap =
        bowline::wire::Resolution::Cap(CapDescriptor::SenderHosted(bowline::wire::ExportId(8)));
    at.far_says([crate::raw::resolves(7, cap)]);
    assert_eq!(at.near_hears(), ["resolve p1 → e2"]);
}
