//! Clauses of `SPEC.md` that take a whole vat to keep, each told as the traffic of one situation.

use bowline::conn::Config;
use bowline::rpc::Client;
use bowline::wire::*;

use crate::ledger_promises::called_promise;
use crate::raw::*;
use crate::support::{Ask, at, cap, method, number, object};

pub(crate) fn gone() -> Exception {
    Exception::failed("it broke")
}

/// The peer asked for our object's number and hears it back.
fn still_alive(us: &Us, peer: &mut Raw, question: u32) {
    peer.hears(us);
    peer.says(us, [calls(question, export(0), method::NOTE, 77)]);
    let heard = peer.hears(us);
    assert!(heard.iter().any(|line| line.starts_with(&format!("return a{question} results"))));
}

// C-B1, C-B2
#[test]
fn each_peer_gets_the_bootstrap_meant_for_it_and_may_call_it_at_once() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let mut guest = us.meet(Some(&boot));
    let root = MessageTarget::PromisedAnswer(promised(0, &[]));
    guest.says(&us, [bootstrap(0), calls(1, root, method::NOTE, 5)]);
    assert_eq!(
        guest.hears(&us),
        ["return a0 results cap 0 [e0]", "return a1 results 6 words no-finish"]
    );
    assert_eq!(seen.notes(), [5]);
    let mut stranger = us.meet(None);
    for question in 0..2 {
        stranger.says(&us, [bootstrap(question)]);
        assert_eq!(
            stranger.hears(&us),
            [format!(
                "return a{question} exception failed: this vat offers no bootstrap capability"
            )]
        );
    }
    // We do not wait for the peer's bootstrap either.
    let note = stranger.link.bootstrap().note(1);
    assert_eq!(stranger.hears(&us), ["bootstrap q0", "call q1 → q0 .0 params 6 words"]);
    drop(note);
}

// C-Q3, C-Q5
#[test]
fn calls_arrive_once_and_in_order_on_whatever_way() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let (kept, kept_seen) = object(us.vat.here());
    seen.keep(&kept);
    let mut peer = us.meet_holder(&boot);
    peer.says(&us, [calls(1, export(0), method::GET_LATER, 0)]);
    peer.says(&us, (0..3).map(|n| calls(10 + n, result_of(1), method::NOTE, n.into())));
    assert_eq!(kept_seen.notes(), [0; 0], "they wait for the results they are made on");
    seen.go();
    us.quiet();
    peer.says(&us, (3..6).map(|n| calls(10 + n, export(1), method::NOTE, n.into())));
    let returned = peer.hears(&us);
    for question in [1, 10, 11, 12, 13, 14, 15] {
        let start = format!("return a{question} results");
        assert_eq!(returned.iter().filter(|line| line.starts_with(&start)).count(), 1);
    }
    assert_eq!(kept_seen.notes(), [0, 1, 2, 3, 4, 5]);
}

// C-Q6, C-D1, C-X3, C-X4
#[test]
fn a_call_on_what_is_no_capability_fails_alone() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    let mut odd = call(5, export(0), method::HOLD, 0, vec![]);
    odd.params.content = content(0, 1);
    peer.says(
        &us,
        [
            calls(1, export(0), method::THROW, 0),
            calls(2, result_of(1), method::NOTE, 0),
            calls(3, export(0), method::ECHO, 0),
            calls(4, result_of(3), method::NOTE, 0),
            calls(8, MessageTarget::PromisedAnswer(promised(3, &[])), method::NOTE, 0),
            calls(9, result_of(33), method::NOTE, 0),
            calls(10, export(0), 99, 0),
            // A capability pointer beyond the cap table.
            said(odd),
            calls(6, export(0), method::PASS, 1),
        ],
    );
    assert_eq!(
        peer.hears(&us),
        [
            "return a9 exception failed: pipelined on question 33, which returned no capabilities or is finished no-finish",
            "return a1 exception failed: the object was told to fail",
            "return a2 exception failed: the object was told to fail",
            "return a3 results 6 words no-finish",
            "return a4 exception failed: called a null capability (method 0 of interface 0xb0b1b2b3b4b5b6b7)",
            "return a8 exception failed: the path leads to no capability (root)",
            "return a10 exception unimplemented: there is no method 99 of interface 0xb0b1b2b3b4b5b6b7 here",
            "return a5 exception failed: there is no capability at root.0",
            "return a6 exception failed: keeps nothing",
        ]
    );
    still_alive(&us, &mut peer, 7);
    seen.let_go();
}

// C-Q9
#[test]
fn a_call_nobody_wants_is_cancelled_unless_its_pipeline_is_held_or_it_was_detached() {
    let us = Us::new();
    let (mut peer, client) = us.meet_host(hosted(3));
    let dropped = client.note(1);
    let pipelined = client.ask(method::GET, 2, &[]);
    let detached = client.note(3);
    assert_eq!(
        peer.hears(&us),
        [
            "call q0 → i3 .0 params 6 words",
            "call q1 → i3 .4 params 6 words",
            "call q2 → i3 .0 params 6 words"
        ]
    );
    let pipeline = pipelined.pipeline();
    drop((dropped, pipelined));
    detached.detach();
    assert_eq!(peer.hears(&us), ["finish q0 release-results"]);
    drop(pipeline);
    assert_eq!(peer.hears(&us), ["finish q1 release-results"]);
}

// C-N3, C-N4, C-N5, C-R1
#[test]
fn call_and_finish_in_one_read_get_one_return() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    let workaround = Message::Finish(Finish {
        question: QuestionId(2),
        release_result_caps: true,
        require_early_cancellation_workaround: true,
    });
    peer.says(
        &us,
        [
            calls(1, export(0), method::NOTE, 1),
            finish(1, true),
            calls(2, export(0), method::NOTE, 2),
            workaround,
        ],
    );
    assert_eq!(peer.hears(&us), ["return a1 canceled no-finish", "return a2 canceled no-finish"]);
    assert!(seen.notes().contains(&2), "the other need not be delivered");
    // One that runs already.
    peer.says(&us, [calls(3, export(0), method::NEVER, 0)]);
    assert_eq!(seen.running(), 1);
    peer.says(&us, [finish(3, true)]);
    assert_eq!((seen.running(), seen.cancelled()), (0, 1));
    assert_eq!(peer.hears(&us), ["return a3 canceled no-finish"]);
}

// C-N8
#[test]
fn calls_pipelined_before_the_finish_still_arrive() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let (kept, kept_seen) = object(us.vat.here());
    seen.keep(&kept);
    let mut peer = us.meet_holder(&boot);
    peer.says(
        &us,
        [
            calls(1, export(0), method::GET_LATER, 0),
            calls(2, result_of(1), method::NOTE, 4),
            finish(1, true),
        ],
    );
    assert_eq!(peer.hears(&us), ["return a1 canceled no-finish"]);
    seen.go();
    assert_eq!(peer.hears(&us), ["return a2 results 6 words no-finish"]);
    assert_eq!(kept_seen.notes(), [4]);
}

// C-T1, C-T2
#[test]
fn our_question_takes_the_results_of_a_call_to_us() {
    let us = Us::new();
    let (mine, seen) = object(us.vat.here());
    let (kept, _) = object(us.vat.here());
    seen.keep(&kept);
    let (mut peer, client) = us.meet_host(hosted(3));
    let asked = client.ask(method::TAIL_GET_LATER, 0, &[&mine]);
    let result = asked.cap(&at(0));
    let note = result.note(4);
    assert_eq!(
        peer.hears(&us),
        ["call q0 → i3 .15 params 6 words [e0]", "call q1 → q0.0 .0 params 6 words"]
    );
    let mut passed = call(5, export(0), method::GET_LATER, 0, vec![]);
    passed.results_to = SendResultsTo::Yourself;
    peer.says(&us, [said(passed), returns(0, Outcome::TakeFromOtherQuestion(QuestionId(5)))]);
    assert_eq!(peer.hears(&us), ["disembargo q0.0 ask m0"]);
    seen.go();
    us.outcome(asked).expect("the results are here");
    assert_eq!(peer.hears(&us), ["return a5 sent elsewhere"]);
    peer.says(&us, [disembargo(result_of(5), Context::ReceiverLoopback(EmbargoId(0)))]);
    assert_eq!(peer.hears(&us), ["finish q0"], "until then the question keeps its name");
    drop(note);
}

// C-T3, C-Q6
#[test]
fn calls_on_a_failed_tail_call_fail_as_it_did() {
    let us = Us::new();
    let (boot, _) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    peer.says(&us, [said(call(1, export(0), method::TAIL, 8, vec![hosted(7)]))]);
    peer.hears(&us);
    let why = Exception::overloaded("not today");
    peer.says(&us, [calls(2, result_of(1), method::NOTE, 1)]);
    assert_eq!(
        peer.hears(&us),
        ["call q1 → q0.0 .0 params 6 words to yourself", "return a2 take from q1"]
    );
    peer.says(&us, [returns(0, Outcome::Exception(why))]);
    assert_eq!(peer.hears(&us), ["finish q0"]);
    for question in [3, 4] {
        peer.says(&us, [calls(question, result_of(1), method::NOTE, 1)]);
        let failed = format!("return a{question} exception overloaded: not today");
        assert_eq!(peer.hears(&us), [failed]);
    }
    peer.says(
        &us,
        [
            returns(1, Outcome::Exception(Exception::failed("so this one"))),
            finish(1, true),
            finish(2, true),
        ],
    );
    peer.says(&us, [finish(3, true), finish(4, true)]);
    peer.hears(&us);
    let stats = peer.link.stats().expect("it is open");
    assert_eq!((stats.questions, stats.answers, stats.exports), (0, 0, 1));
}

// C-T3, C-T5
#[test]
fn a_target_tail_calls_its_caller() {
    let us = Us::new();
    let (boot, _) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    let tail = |question| said(call(question, export(0), method::TAIL, 8, vec![hosted(7)]));
    peer.says(&us, [tail(1)]);
    assert_eq!(
        peer.hears(&us),
        ["call q0 → i7 .0 params 6 words to yourself", "return a1 take from q0 release-params"]
    );
    // One that has not shown that it knows tail calls gets none.
    let mut unknown = us.meet(Some(&boot));
    unknown.says(&us, [bootstrap(0)]);
    unknown.hears(&us);
    unknown.says(&us, [tail(1)]);
    assert_eq!(unknown.hears(&us), ["call q0 → i7 .0 params 6 words", "release i7 ×1"]);
    // The peer finishes the one and never answers the other: it does not know tail calls.
    peer.says(&us, [finish(1, true)]);
    assert_eq!(peer.hears(&us), ["finish q0 release-results"]);
    peer.says(&us, [tail(2)]);
    assert_eq!(peer.hears(&us), ["call q1 → i7 .0 params 6 words", "release i7 ×1"]);
}

// C-H6
#[test]
fn a_tail_call_nobody_pipelines_on_says_so() {
    let us = Us::new();
    let (boot, _) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    peer.says(&us, [said(call(1, export(0), method::ECHO, 0, vec![hosted(7)]))]);
    assert_eq!(peer.hears(&us), ["return a1 results 6 words [i7]"]);
    let mut alone = call(2, result_of(1), method::NOTE, 8, vec![]);
    alone.no_promise_pipelining = true;
    peer.says(&us, [said(alone)]);
    assert_eq!(
        peer.hears(&us),
        ["call q0 → i7 .0 params 6 words to yourself no-pipeline", "return a2 take from q0"]
    );
}

// C-H6
#[test]
fn a_proxy_passes_hints_on() {
    let us = Us::new();
    let (mut host, client) = us.meet_host(hosted(3));
    let mut guest = us.meet_holder(&client);
    let mut alone = call(1, export(0), method::NOTE, 1, vec![]);
    alone.no_promise_pipelining = true;
    let mut only = call(1 << 31, export(0), method::NOTE, 2, vec![]);
    only.only_promise_pipeline = true;
    guest.says(&us, [said(alone), said(only)]);
    assert_eq!(
        host.hears(&us),
        [
            "call q0 → i3 .0 params 6 words no-pipeline",
            "call q2147483648 → i3 .0 params 6 words only-pipeline"
        ]
    );
}

// C-H7
#[test]
fn a_call_pipelined_against_its_hint_is_served() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let (kept, kept_seen) = object(us.vat.here());
    seen.keep(&kept);
    let mut peer = us.meet_holder(&boot);
    let mut alone = call(1, export(0), method::GET_LATER, 0, vec![]);
    alone.no_promise_pipelining = true;
    peer.says(&us, [said(alone), calls(2, result_of(1), method::NOTE, 3)]);
    seen.go();
    assert_eq!(
        peer.hears(&us),
        ["return a1 results 6 words [e1]", "return a2 results 6 words no-finish"]
    );
    assert_eq!(kept_seen.notes(), [3]);
    peer.says(&us, [calls(3, result_of(1), method::NOTE, 4)]);
    assert_eq!(
        peer.hears(&us),
        ["return a3 exception failed: the call returned no capabilities or is over"]
    );
    still_alive(&us, &mut peer, 4);
}

/// All that can be reached in content.
fn bytes(content: &Content) -> Vec<u8> {
    let copy = content.copy(&ReadLimits::default()).expect("well formed");
    copy.segments().flatten().copied().collect()
}

// C-X2, C-D8, C-Q5
#[test]
fn a_proxy_passes_on_what_it_does_not_understand() {
    let us = Us::new();
    let (mut host, client) = us.meet_host(hosted(3));
    let mut guest = us.meet_holder(&client);
    let root = MessageTarget::PromisedAnswer(promised(1, &[7]));
    let caps = vec![promise(4), ours(0), CapDescriptor::None];
    guest.says(&us, [said(call(1, export(0), 99, 5, caps)), calls(2, root, 98, 6)]);
    let passed = host.receives(&us);
    let Some(Message::Call(call)) = passed.first() else { panic!("a call") };
    assert_eq!(bytes(&call.params.content), bytes(&content(5, 3)));
    let lines: Vec<_> = passed.iter().map(without_interface).collect();
    assert_eq!(
        lines,
        ["call q0 → i3 .99 params 6 words [p0 i3 none]", "call q1 → q0.7 .98 params 6 words"]
    );
    let why = gone().with_trace("in the host").with_detail(4, *b"more");
    host.says(&us, [returns(1, Outcome::Exception(why.clone()))]);
    let received = guest.receives(&us);
    let returned = received.iter().find_map(|message| match message {
        Message::Return(ret) => Some(&ret.outcome),
        _ => None,
    });
    assert!(matches!(returned, Some(Outcome::Exception(same)) if *same == why), "{received:?}");
}

// C-A3, C-A4, C-A6
#[test]
fn what_a_lost_peer_led_to_goes_on_and_the_rest_is_broken() {
    let us = Us::new();
    let (mine, seen) = object(us.vat.here());
    let mut other = us.meet_holder(&mine);
    let (mut peer, client, sent) = called_promise(&us, Some(&mine));
    peer.says(
        &us,
        [
            calls(60, export(0), method::NOTE, 1),
            disembargo(export(0), Context::ReceiverLoopback(EmbargoId(0))),
            calls(61, export(0), method::NEVER, 0),
            said(call(62, export(0), method::HOLD, 0, vec![hosted(8)])),
        ],
    );
    let unanswered = cap_of_kept(&us, &mine).note(9);
    us.quiet();
    assert_eq!(seen.running(), 1);
    peer.leaves(&us);
    assert_eq!((seen.running(), seen.cancelled()), (0, 1));
    assert_eq!(number(&us.outcome(client.note(2)).expect("it is at home")), 2);
    for lost in sent.into_iter().chain([unanswered, cap_of_kept(&us, &mine).note(9)]) {
        let why = us.outcome(lost).expect_err("it is gone");
        assert_eq!(why.kind(), ExceptionKind::Disconnected);
    }
    still_alive(&us, &mut other, 70);
}

fn cap_of_kept(us: &Us, object: &Client) -> Client {
    cap(&us.outcome(object.ask(method::GET, 0, &[])).expect("returns")).expect("it keeps one")
}

// C-M7
#[test]
fn content_too_large_for_a_frame_fails_alone() {
    let us = Us::new();
    let (boot, _) = object(us.vat.here());
    let mut config = Config::default();
    let words = content(0, 0).copy(&ReadLimits::default()).expect("well formed").words();
    config.payload_words_max = words;
    for (max, fits) in [(words, true), (words - 1, false)] {
        config.payload_words_max = max;
        let mut peer = us.meet_with(config.clone(), Some(&boot));
        peer.says(&us, [bootstrap(0)]);
        peer.says(&us, [calls(1, export(0), method::NOTE, 1)]);
        let over =
            "return a1 exception failed: a payload of 48 bytes is over the limit of 40 bytes";
        let returned = if fits { "return a1 results 6 words no-finish" } else { over };
        assert_eq!(peer.hears(&us), ["return a0 results cap 0 [e0]", returned]);
        let note = peer.link.bootstrap().note(1);
        let heard = peer.hears(&us);
        assert_eq!(heard.len(), if fits { 2 } else { 1 }, "{heard:?}");
        if !fits {
            assert_eq!(us.outcome(note).expect_err("too large").kind(), ExceptionKind::Failed);
        }
        // With less to carry, calls go on.
        peer.says(&us, [calls(2, export(0), method::LET_GO, 0)]);
        let heard = peer.hears(&us);
        assert!(heard.contains(&"return a2 results null no-finish".to_owned()), "{heard:?}");
    }
}

// C-F5, C-A2
#[test]
fn bytes_that_are_no_message_are_answered_with_an_abort() {
    let us = Us::new();
    // A table that announces 2^32 segments; a frame of one segment without words.
    for bytes in [vec![0xff; 8], vec![0; 8]] {
        let heard = us.meet_bytes(&bytes);
        let [abort] = heard.as_slice() else { panic!("{heard:?}") };
        assert!(abort.starts_with("abort failed: "), "{abort}");
    }
}
