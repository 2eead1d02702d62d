//! What a peer must not be able to do to us, and what must not be left behind.

use bowline::wire::*;

use crate::raw::*;
use crate::support::{method, object};

#[test]
fn a_call_that_is_to_take_its_results_from_itself_fails_alone() {
    let us = Us::new();
    let (boot, _) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    let mut to_itself = call(2, result_of(1), method::NOTE, 1, vec![]);
    to_itself.results_to = SendResultsTo::Yourself;
    let echo = said(call(1, export(0), method::ECHO, 0, vec![hosted(7)]));
    peer.says(&us, [echo, said(to_itself)]);
    let heard = peer.hears(&us);
    assert!(heard.contains(&"call q0 → i7 .0 params 6 words".into()), "{heard:?}");
    peer.says(&us, [returns(0, Outcome::TakeFromOtherQuestion(QuestionId(2)))]);
    assert_eq!(peer.hears(&us), ["finish q0", "return a2 sent elsewhere"]);
    peer.says(&us, [calls(3, result_of(2), method::NOTE, 1)]);
    let heard = peer.hears(&us);
    assert!(heard[0].contains("from itself"), "{heard:?}");
    peer.says(&us, [finish(1, true), finish(2, true), finish(3, true)]);
    peer.hears(&us);
    assert_eq!(us.vat.here().with(|graph| graph.stats().calls), 0);
}

#[test]
fn calls_that_take_their_results_from_each_other_fail() {
    let us = Us::new();
    let (boot, _) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    let mut tail = call(2, export(0), method::TAIL_GET, 1, vec![hosted(7)]);
    tail.results_to = SendResultsTo::Yourself;
    peer.says(&us, [said(tail), calls(3, result_of(2), method::NOTE, 1)]);
    peer.hears(&us);
    peer.says(&us, [returns(0, Outcome::TakeFromOtherQuestion(QuestionId(2)))]);
    let heard = peer.hears(&us);
    assert!(heard.contains(&"return a2 sent elsewhere".into()), "{heard:?}");
    peer.says(&us, [calls(4, result_of(2), method::NOTE, 1)]);
    let heard = peer.hears(&us);
    assert!(heard[0].contains("from itself"), "{heard:?}");
}

/// Finishes a question; the call is to be delivered before it is cancelled.
fn finish_delivered(question: u32) -> Message {
    Message::Finish(Finish {
        question: QuestionId(question),
        release_result_caps: true,
        require_early_cancellation_workaround: true,
    })
}

#[test]
fn calls_cancelled_behind_a_promise_keep_nothing() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    for end in [|| finish(2, true), || finish_delivered(2)] {
        peer.says(&us, [calls(1, export(0), method::NEVER, 0)]);
        for n in 0..100 {
            let waiting = call(2, result_of(1), method::HOLD, n, vec![hosted(7)]);
            peer.says(&us, [said(waiting)]);
            peer.says(&us, [end()]);
        }
        peer.hears(&us);
        assert_eq!(us.vat.here().with(|graph| graph.stats().calls), 1, "the one they wait for");
        // In one read, too, which cancels it before it waits.
        peer.says(&us, [calls(2, result_of(1), method::NOTE, 9), end(), finish(1, true)]);
        peer.hears(&us);
        assert_eq!(us.vat.here().with(|graph| graph.stats().calls), 0);
        assert_eq!(seen.running(), 0, "nobody waits for it");
    }
}

#[test]
fn a_peer_that_leaves_takes_the_calls_behind_a_promise_along() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    peer.says(
        &us,
        [calls(1, export(0), method::NEVER, 0), calls(2, result_of(1), method::NOTE, 1)],
    );
    assert_eq!(seen.running(), 1);
    peer.leaves(&us);
    assert_eq!(seen.running(), 0, "its caller is gone, and whoever was called on its results");
    assert_eq!(us.vat.here().with(|graph| graph.stats().calls), 0);
}

#[test]
fn calls_between_dropped_ones_keep_their_order() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let (kept, kept_seen) = object(us.vat.here());
    seen.keep(&kept);
    let mut peer = us.meet_holder(&boot);
    peer.says(&us, [calls(1, export(0), method::GET_LATER, 0)]);
    for n in 0..100 {
        peer.says(&us, [calls(2, result_of(1), method::NOTE, 1000), finish(2, true)]);
        peer.says(&us, [calls(10 + n, result_of(1), method::NOTE, n.into())]);
    }
    seen.go();
    us.quiet();
    assert_eq!(kept_seen.notes(), Vec::from_iter(0..100));
}
