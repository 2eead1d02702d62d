//! A peer that owes a disembargo, and what was resolved before a peer was lost.

use std::task::{Context, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::{Client, Link, Promise};
use bowline::runtime::{Turn, Vat};
use bowline::transport::{Framed, FramedLimits, Peer, Transport, memory_pipe};
use bowline::wire::{
    self, CapDescriptor, Disembargo, ExceptionKind, Message, MessageTarget, Path, PromisedAnswer,
    QuestionId,
};

use crate::scene::Scene;
use crate::support::{Ask, method};
use crate::words::*;

/// The vat called what the peer offers, and that turned out to be the vat's own object: a call
/// waits for the disembargo to come back.
fn embargoed() -> (Scene, Client, [Promise; 2]) {
    let (scene, theirs, waiting) = embargoed_with(Config::default());
    assert!(!scene.seen.notes().contains(&2), "it overtook the first call");
    (scene, theirs, waiting)
}

pub(crate) fn embargoed_with(config: Config) -> (Scene, Client, [Promise; 2]) {
    let may = config.embargoes_max > 0;
    let mut scene = Scene::met_with(config);
    let theirs = scene.link.bootstrap();
    let first = theirs.note(1);
    scene.heard();
    scene.says(returns(0, bare(yours(0))));
    let behind = theirs.note(2);
    let heard = scene.heard();
    assert_eq!(heard.contains(&"disembargo q0 ask m0".to_owned()), may, "{heard:?}");
    (scene, theirs, [first, behind])
}

#[test]
fn calls_behind_an_embargo_go_on_when_it_comes_back() {
    let (mut scene, theirs, [first, behind]) = embargoed();
    scene.calls(call(5, to(0), method::NOTE, vec![]));
    let context = wire::Context::ReceiverLoopback(wire::EmbargoId(0));
    scene.says(Message::Disembargo(Disembargo { target: to(0), context }));
    scene.run(behind).expect("it goes to our own object");
    scene.hears(&["return a5 results 13 words no-finish", "finish q0"]);
    scene.says(returns(1, results(vec![])));
    scene.run(first).expect("the peer returned it");
    scene.hears(&["finish q1"]);
    assert!(scene.seen.notes().ends_with(&[0, 2]), "{:?}", scene.seen.notes());
    drop(theirs);
    scene.ends();
}

#[test]
fn a_peer_that_does_not_implement_disembargo_breaks_that_queue_alone() {
    let (mut scene, theirs, [first, behind]) = embargoed();
    scene.says(Message::Unimplemented(Box::new(disembargo(to_result(0), 0))));
    let why = scene.run(behind).expect_err("its order is lost");
    assert_eq!(why.kind(), ExceptionKind::Unimplemented, "{why}");
    scene.hears(&["finish q0"]);
    scene.says(returns(1, results(vec![])));
    scene.run(first).expect("the peer returned it");
    scene.hears(&["finish q1"]);
    drop(theirs);
    scene.ends();
}

#[test]
fn calls_behind_an_open_embargo_fail_with_the_connection() {
    let (mut scene, theirs, waiting) = embargoed();
    scene.hangs_up();
    for promise in waiting {
        let why = scene.run(promise).expect_err("the connection is over");
        assert_eq!(why.kind(), ExceptionKind::Disconnected, "{why}");
    }
    drop(theirs);
    scene.ends_over();
}

/// What is to go back to a peer that is gone stands for nothing, though the promise it waits at is still none.
#[test]
fn disembargoes_of_lost_peers_do_not_gather_at_a_promise() {
    let vat = Vat::local();
    let (promise, resolver) = Client::promise(vat.here());
    let quiet = || while vat.turn(Instant::now()) == Turn::More {};
    let waiting = || vat.here().with(|graph| graph.dump()).matches("Disembargo(").count();
    for round in 0..50 {
        let (ours, theirs) = memory_pipe(64 << 10);
        let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
        let _link = Link::connect(vat.here(), framed(ours), Config::default(), Some(&promise));
        let mut peer = framed(theirs);
        peer.send(bootstrap(0)).expect("it is open");
        for id in 0..20 {
            let target = PromisedAnswer { question: QuestionId(0), path: Path::root() };
            let target = MessageTarget::PromisedAnswer(target);
            peer.send(disembargo(target, id)).expect("it is open");
        }
        let mut cx = Context::from_waker(Waker::noop());
        assert!(peer.poll_flush(&mut cx).is_ready());
        quiet();
        assert!(waiting() >= 20, "in round {round}");
        drop(peer);
        quiet();
        assert_eq!(vat.here().with(|graph| graph.check()), Ok(()));
    }
    assert!(waiting() < 64, "{} wait of 1000", waiting());
    drop((promise, resolver));
    quiet();
    assert!(vat.here().with(|graph| graph.is_idle()), "{}", vat.here().with(|graph| graph.dump()));
}

#[test]
fn what_was_resolved_elsewhere_outlives_the_connection() {
    let mut scene = Scene::met();
    let (hosted, seen) = scene.neighbours_object();
    drop(hosted);
    scene.calls(call(1, to(0), method::GET, vec![]));
    scene.heard();
    scene.says(keep(1));
    let theirs = scene.link.bootstrap();
    scene.heard();
    scene.says(returns(0, bare(yours(1))));
    scene.hears(&["finish q0"]);
    scene.hangs_up();
    scene.run(theirs.note(3)).expect("it is the neighbour's object");
    assert_eq!(seen.notes(), [3]);
    drop(theirs);
    scene.ends_over();
}

#[test]
fn null_and_broken_ones_need_no_embargo() {
    for cap in [CapDescriptor::None, yours(77)] {
        let mut scene = Scene::met();
        let theirs = scene.link.bootstrap();
        let first = theirs.note(1);
        scene.heard();
        scene.says(returns(0, bare(cap)));
        scene.hears(&["finish q0"]);
        let why = scene.run(theirs.note(2)).expect_err("it is nothing");
        assert_eq!(why.kind(), ExceptionKind::Failed, "{why}");
        scene.says(returns(1, results(vec![])));
        scene.run(first).expect("the peer returned it");
        scene.hears(&["finish q1"]);
        drop(theirs);
        scene.ends();
    }
}
