//! What nobody wants of a call is said to whoever it goes to, also where it goes there by way of a
//! membrane or as what a target answers with.

use std::future::Future;
use std::task::{Context, Waker};

use bowline::rpc::Membrane;
use bowline::wire::{Outcome, Payload};

use crate::raw::*;
use crate::sink::Pour;
use crate::support::{Ask, at, method, object};

/// Through how many membranes and tail calls a hint is carried.
const STEPS_MAX: usize = 64;

// C-H6
#[test]
fn a_proxy_behind_a_membrane_passes_hints_on() {
    let us = Us::new();
    let (mut host, client) = us.meet_host(hosted(3));
    let membranes = [Membrane::open(us.vat.here()), Membrane::open(us.vat.here())];
    let client = membranes.iter().fold(client, |client, membrane| membrane.wrap(&client));
    let mut guest = us.meet_holder(&client);
    let mut alone = call(1, export(0), method::NOTE, 1, vec![]);
    alone.no_promise_pipelining = true;
    let mut only = call(1 << 31, export(0), method::GET, 2, vec![]);
    only.only_promise_pipeline = true;
    // What is called in its results goes after it.
    let on_results = calls(2, result_of(1 << 31), method::NOTE, 3);
    guest.says(&us, [said(alone), said(only), on_results]);
    assert_eq!(
        host.hears(&us),
        [
            "call q0 → i3 .0 params 6 words no-pipeline",
            "call q2147483648 → i3 .4 params 6 words only-pipeline",
            "call q1 → q2147483648.0 .0 params 6 words",
        ]
    );
    host.says(&us, [results(1, vec![]), results(0, vec![])]);
    assert_eq!(guest.hears(&us).len(), 2);
    guest.says(&us, [finish(1 << 31, true)]);
    assert!(host.hears(&us).contains(&"finish q2147483648 release-results".to_owned()));
}

// C-H6
#[test]
fn a_call_pipelined_on_through_a_membrane_says_nothing_against_it() {
    let us = Us::new();
    let (mut host, client) = us.meet_host(hosted(3));
    let membrane = Membrane::open(us.vat.here());
    let client = membrane.wrap(&client);
    let mut guest = us.meet_holder(&client);
    guest.says(&us, [calls(1, export(0), method::GET, 2)]);
    assert_eq!(host.hears(&us), ["call q0 → i3 .4 params 6 words"]);
    guest.says(&us, [calls(2, result_of(1), method::NOTE, 3)]);
    assert_eq!(host.hears(&us), ["call q1 → q0.0 .0 params 6 words"]);
    // One of ours says that it only waits for the results, or only calls what is in them.
    let mut waiting = Box::pin(client.note(4));
    let asked = client.ask(method::GET, 5, &[]);
    let cap = asked.cap(&at(0));
    drop(asked);
    let poll = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll.is_pending());
    let heard = host.hears(&us);
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[1].ends_with(" only-pipeline"), "{heard:?}");
    drop((cap, waiting));
}

// C-H2
#[test]
fn a_call_is_asked_for_its_return_if_a_stream_goes_to_its_results() {
    let us = Us::new();
    let (mut host, client) = us.meet_host(hosted(3));
    let asked = client.ask(method::GET, 1, &[]);
    let sink = asked.cap(&at(0));
    drop(asked);
    let first = sink.write(1);
    assert_eq!(
        host.hears(&us),
        ["call q0 → i3 .4 params 6 words", "call q1 → q0.0 .100 params 6 words no-pipeline",]
    );
    let payload = Payload { content: content(1, 1), caps: vec![hosted(4)] };
    host.says(&us, [returns(0, Outcome::Results(payload))]);
    assert_eq!(host.hears(&us), ["finish q0"]);
    let second = sink.write(2);
    assert_eq!(host.hears(&us), ["call q0 → i4 .100 params 6 words no-pipeline"]);
    drop((first, second));
    // One that left for its pipeline alone stays a promise, and the stream goes along that.
    let asked = client.ask(method::GET, 3, &[]);
    let sink = asked.cap(&at(0));
    drop(asked);
    let heard = host.hears(&us);
    assert!(heard[0].ends_with(" only-pipeline"), "{heard:?}");
    let third = sink.write(3);
    assert_eq!(host.hears(&us), ["call q2 → q2147483648.0 .100 params 6 words no-pipeline"]);
    drop(third);
}

// C-H6
#[test]
fn a_targets_own_tail_call_says_what_its_caller_does_not_want() {
    let us = Us::new();
    let (boot, _) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    let tail = |question| {
        let mut tail = call(question, export(0), method::TAIL, 8, vec![hosted(7)]);
        tail.no_promise_pipelining = true;
        tail
    };
    peer.says(&us, [said(tail(1))]);
    assert_eq!(
        peer.hears(&us),
        [
            "call q0 → i7 .0 params 6 words to yourself no-pipeline",
            "return a1 take from q0 release-params"
        ]
    );
    // Of this one only the results are called: it needs no Return, and is no tail call to the peer.
    let mut only = call(1 << 31, export(0), method::TAIL_GET, 8, vec![hosted(8)]);
    only.only_promise_pipeline = true;
    peer.says(&us, [said(only)]);
    assert_eq!(
        peer.hears(&us),
        ["call q2147483648 → i8 .4 params 6 words only-pipeline", "release i8 ×1"]
    );
    peer.says(&us, [finish(1 << 31, true)]);
    assert_eq!(peer.hears(&us), ["finish q2147483648 release-results"]);
}

// C-H6
#[test]
fn a_hint_is_carried_through_so_many_membranes_and_no_more() {
    let us = Us::new();
    let (mut host, client) = us.meet_host(hosted(3));
    let inside = |depth| {
        let membranes: Vec<_> = (0..depth).map(|_| Membrane::open(us.vat.here())).collect();
        membranes.iter().fold(client.clone(), |client, membrane| membrane.wrap(&client))
    };
    // The call itself is one step, and the one that leaves is one behind each membrane.
    inside(STEPS_MAX - 1).note(1).detach();
    inside(STEPS_MAX).note(2).detach();
    assert_eq!(
        host.hears(&us),
        ["call q0 → i3 .0 params 6 words no-pipeline", "call q1 → i3 .0 params 6 words"]
    );
    host.says(&us, [results(0, vec![]), results(1, vec![])]);
    assert_eq!(host.hears(&us), ["finish q0", "finish q1"]);
}
