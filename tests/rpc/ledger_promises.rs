//! Clauses of `SPEC.md` on promises and embargoes, each told as the traffic of one situation.

use bowline::rpc::Client;
use bowline::wire::*;

use crate::ledger::gone;
use crate::raw::*;
use crate::support::{Ask, method, number, object};

// C-P2, C-P3
#[test]
fn calls_follow_a_promise_of_the_peer() {
    let us = Us::new();
    let (mut peer, client) = us.meet_host(promise(3));
    let mut sent = vec![client.note(1)];
    assert_eq!(peer.hears(&us), ["call q0 → i3 .0 params 6 words"]);
    peer.says(&us, [resolves(3, Resolution::Cap(hosted(4)))]);
    sent.push(client.note(2));
    assert_eq!(peer.hears(&us), ["release i3 ×1", "call q1 → i4 .0 params 6 words"]);
    let (mut peer, client) = us.meet_host(promise(3));
    peer.says(&us, [resolves(3, Resolution::Exception(gone()))]);
    assert_eq!(us.outcome(client.note(3)).expect_err("it broke"), gone());
    assert_eq!(peer.hears(&us), ["release i3 ×1"]);
}

// C-P1, C-P3, C-P7
#[test]
fn what_is_queued_at_a_broken_promise_fails() {
    let us = Us::new();
    let (promised, resolver) = Client::promise(us.vat.here());
    let mut peer = us.meet(Some(&promised));
    peer.says(&us, [bootstrap(0), bootstrap(1)]);
    peer.says(&us, [calls(2, export(0), method::NOTE, 0)]);
    assert_eq!(peer.hears(&us), ["return a0 results cap 0 [p0]", "return a1 results cap 0 [p0]"]);
    resolver.resolve(Err(gone()));
    peer.says(&us, [calls(3, export(0), method::NOTE, 0)]);
    assert_eq!(
        peer.hears(&us),
        [
            "resolve p0 broken failed: it broke",
            "return a2 exception failed: it broke",
            "return a3 exception failed: it broke"
        ]
    );
}

/// A peer that holds `mine` as our export 0 and offers us what it calls `cap`.
fn acquainted(us: &Us, mine: Option<&Client>, cap: CapDescriptor) -> (Raw, Client) {
    let mut peer = us.meet(mine);
    let client = peer.link.bootstrap();
    peer.says(us, [bootstrap(50)]);
    peer.says(us, [finish(50, false), results(0, vec![cap])]);
    peer.hears(us);
    (peer, client)
}

/// A peer that offers promise 3, which we called once, and which then comes to be `to`.
pub(crate) fn called_promise(
    us: &Us,
    to: Option<&Client>,
) -> (Raw, Client, Vec<bowline::rpc::Promise>) {
    let (mut peer, client) = acquainted(us, to, promise(3));
    let sent = vec![client.note(1)];
    assert_eq!(peer.hears(us), ["call q0 → i3 .0 params 6 words"]);
    peer.says(us, [resolves(3, Resolution::Cap(ours(0)))]);
    (peer, client, sent)
}

// C-E2
#[test]
fn a_promise_that_comes_home_is_embargoed() {
    let us = Us::new();
    let (mine, seen) = object(us.vat.here());
    let (mut peer, client, mut sent) = called_promise(&us, Some(&mine));
    sent.push(client.note(2));
    assert_eq!(peer.hears(&us), ["disembargo i3 ask m0"]);
    assert_eq!(seen.notes(), [0; 0], "the first call may still be on its way");
    peer.says(
        &us,
        [
            calls(60, export(0), method::NOTE, 1),
            disembargo(export(0), Context::ReceiverLoopback(EmbargoId(0))),
        ],
    );
    assert_eq!(seen.notes(), [1, 2]);
    assert_eq!(peer.hears(&us), ["return a60 results 6 words no-finish", "release i3 ×1"]);
}

// C-E6, C-E7
#[test]
fn what_comes_home_unsettled_is_embargoed_too_and_may_break() {
    let us = Us::new();
    let (promised, resolver) = Client::promise(us.vat.here());
    let (mut peer, client, mut sent) = called_promise(&us, Some(&promised));
    sent.push(client.note(2));
    assert_eq!(peer.hears(&us), ["disembargo i3 ask m0"]);
    resolver.resolve(Err(gone()));
    us.quiet();
    peer.says(
        &us,
        [
            calls(60, export(0), method::NOTE, 1),
            disembargo(export(0), Context::ReceiverLoopback(EmbargoId(0))),
            returns(0, Outcome::Exception(gone())),
        ],
    );
    for note in sent {
        assert_eq!(us.outcome(note).expect_err("it broke"), gone());
    }
    let heard = peer.hears(&us);
    let resolved = "resolve p0 broken failed: it broke";
    assert_eq!(
        heard,
        [resolved, "finish q0", "return a60 exception failed: it broke", "release i3 ×1"]
    );
    peer.says(&us, [bootstrap(61)]);
    assert_eq!(
        peer.hears(&us),
        ["return a61 results cap 0 [p1]", "resolve p1 broken failed: it broke"]
    );
}

// C-A5
#[test]
fn calls_behind_an_embargo_fail_when_the_peer_is_gone() {
    let us = Us::new();
    let (mine, seen) = object(us.vat.here());
    let (peer, client, mut sent) = called_promise(&us, Some(&mine));
    sent.push(client.note(2));
    us.quiet();
    peer.leaves(&us);
    for note in sent {
        let why = us.outcome(note).expect_err("its order is lost");
        assert_eq!(why.kind(), ExceptionKind::Disconnected);
    }
    assert_eq!(seen.notes(), [0; 0]);
}

// C-E5
#[test]
fn no_embargo_is_made_where_nothing_can_be_overtaken() {
    let us = Us::new();
    let (mine, _) = object(us.vat.here());
    let resolutions = [
        Resolution::Cap(CapDescriptor::None),
        Resolution::Cap(CapDescriptor::Foreign(9)),
        Resolution::Exception(gone()),
        Resolution::Cap(hosted(4)),
    ];
    for resolution in resolutions {
        let (mut peer, client) = us.meet_host(promise(3));
        let note = client.note(1);
        peer.hears(&us);
        peer.says(&us, [resolves(3, resolution)]);
        drop(note);
        let heard = peer.hears(&us);
        assert!(heard.iter().all(|line| !line.starts_with("disembargo")), "{heard:?}");
    }
    // Never called.
    let (mut peer, client) = acquainted(&us, Some(&mine), promise(3));
    peer.says(&us, [resolves(3, Resolution::Cap(ours(0)))]);
    let note = client.note(1);
    assert_eq!(number(&us.outcome(note).expect("it is at home")), 1);
    assert_eq!(peer.hears(&us), ["release i3 ×1"]);
    // Passed on, and never called.
    let (mut peer, client) = acquainted(&us, Some(&mine), promise(3));
    let other = peer.link.bootstrap();
    peer.hears(&us);
    peer.says(&us, [results(0, vec![hosted(4)])]);
    let passed = other.ask(method::HOLD, 0, &[&client]);
    assert_eq!(peer.hears(&us), ["finish q0", "call q0 → i4 .2 params 6 words [i3]"]);
    peer.says(&us, [resolves(3, Resolution::Cap(ours(0)))]);
    let note = client.note(2);
    assert_eq!(number(&us.outcome(note).expect("it is at home")), 2);
    assert_eq!(peer.hears(&us), ["release i3 ×1"]);
    drop(passed);
}

// C-E3, C-E4
#[test]
fn a_disembargo_waits_for_its_target_behind_the_calls() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    peer.says(&us, [said(call(1, export(0), method::HOLD, 0, vec![hosted(7)]))]);
    peer.says(&us, [calls(2, export(0), method::GET_LATER, 0)]);
    peer.says(
        &us,
        [
            calls(3, result_of(2), method::NOTE, 1),
            disembargo(result_of(2), Context::SenderLoopback(EmbargoId(9))),
            finish(2, true),
        ],
    );
    assert_eq!(
        peer.hears(&us),
        ["return a1 results null no-finish", "return a2 canceled no-finish"]
    );
    seen.go();
    assert_eq!(
        peer.hears(&us),
        [
            "call q0 → i7 .0 params 6 words to yourself",
            "return a3 take from q0",
            "disembargo i7 lift m9"
        ]
    );
    seen.let_go();
}
