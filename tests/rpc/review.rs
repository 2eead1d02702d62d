//! What a peer must not be able to do to us, and what must not be left behind.

use bowline::rpc::{Call, Client};
use bowline::runtime::Turn;
use bowline::wire::*;

use crate::raw::*;
use crate::support::{ID, fill, method, number, object};

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

#[test]
fn reading_goes_on_when_what_was_read_is_answered() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let mut config = bowline::conn::Config::default();
    config.inbound_words_max = 40;
    let mut peer = us.meet_with(config, Some(&boot));
    peer.says(&us, [bootstrap(99)]);
    assert_eq!(peer.hears(&us), ["return a99 results cap 0 [e0]"]);
    // `says` turns the vat until it says that nothing is to be done; nobody would turn it again.
    peer.says(&us, (0..90).map(|n| calls(n, export(0), method::NOTE, n.into())));
    assert_eq!(us.vat.turn(std::time::Instant::now()), Turn::Idle(None));
    assert_eq!(seen.notes().len(), 90);
}

#[test]
fn a_tail_call_of_a_tail_call_of_a_tail_call_is_cancelled() {
    let us = Us::new();
    let (slot, set) = futures_channel::oneshot::channel::<Client>();
    let this = std::cell::RefCell::new(set);
    let known = std::cell::OnceCell::new();
    let boot = Client::new(us.vat.here(), move |call: Call| {
        if let Ok(Some(client)) = this.borrow_mut().try_recv() {
            let _ = known.set(client);
        }
        let again: Option<Client> = known.get().cloned();
        async move {
            match (number(call.params()), again) {
                (n @ 1.., Some(again)) => {
                    let request = again.request(ID, 0).with(fill(n - 1, &[]));
                    Ok(call.tail(request))
                }
                _ => std::future::pending().await,
            }
        }
    });
    slot.send(boot.clone()).map_err(drop).expect("it is awaited");
    let mut peer = us.meet_holder(&boot);
    peer.says(&us, [calls(1, export(0), 0, 100_000)]);
    assert_eq!(us.vat.here().with(|graph| graph.stats().calls), 100_001);
    peer.says(&us, [finish(1, true)]);
    assert_eq!(us.vat.here().with(|graph| graph.stats().calls), 0);
}

#[test]
fn a_call_promises_so_many_capabilities_and_no_more() {
    let us = Us::new();
    let (boot, _) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    let to = |field: u16| MessageTarget::PromisedAnswer(promised(1, &[field]));
    peer.says(&us, [calls(1, export(0), method::NEVER, 0)]);
    peer.says(&us, (0..4096).map(|n| calls(100 + u32::from(n), to(n), method::NOTE, 0)));
    assert!(peer.hears(&us).is_empty(), "all wait for what was promised");
    peer.says(&us, [calls(2, to(4095), method::NOTE, 0), calls(3, to(4096), method::NOTE, 0)]);
    let heard = peer.hears(&us);
    assert_eq!(heard.len(), 1);
    assert!(heard[0].starts_with("return a3 exception overloaded"), "{heard:?}");
}

#[test]
fn capabilities_in_calls_not_answered_count_as_what_they_cost() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let mut config = bowline::conn::Config::default();
    config.inbound_words_max = 1000;
    let mut peer = us.meet_with(config, Some(&boot));
    peer.says(&us, [bootstrap(99)]);
    peer.hears(&us);
    // Each names 20 capabilities, which cost their peer next to nothing.
    let named = |question| {
        let caps = (0..20).map(|n| CapDescriptor::ReceiverAnswer(promised(1, &[n]))).collect();
        let mut naming = call(question, export(0), method::NEVER, 0, vec![]);
        naming.params.caps = caps;
        said(naming)
    };
    peer.says(&us, [calls(1, export(0), method::NEVER, 0)]);
    peer.says(&us, (2..50).map(named));
    assert_eq!(seen.running(), 4, "reading stops until some are answered");
}
