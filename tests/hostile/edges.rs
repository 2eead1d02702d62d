//! Limits at their edges: so many go, one more does not, and what is said of it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use bowline::rpc::{Client, Promise};
use bowline::vat::{Graph, Payload, Request, TargetId};
use bowline::wire::{
    ExceptionKind, MessageTarget, Outcome, Path, PromisedAnswer, QuestionId, SendResultsTo,
};

use crate::knots::mirrored;
use crate::scene::Scene;
use crate::support::{Ask, at, cap, method};
use crate::words::*;

/// How many calls may wait for one another's outcome before a peer adds one more to them.
const TAKES_MAX: u32 = 256;

/// How far what a promise waits for is followed.
const WAITS_MAX: usize = 256;

/// How many capabilities in the results of one call are promised before it returns.
const PATHS_MAX: u16 = 4096;

/// A call of ours takes the results of a call that takes those of another, and so on: so many in all.
fn taking(depth: u32) -> (Scene, Client, Promise) {
    let (mut scene, theirs) = mirrored();
    let kept = |question, target, method| {
        let mut kept = call(question, target, method, vec![]);
        kept.results_to = SendResultsTo::Yourself;
        kept
    };
    scene.calls(kept(10, to(0), method::GET_LATER));
    scene.hears(&[]);
    for question in 11..10 + depth {
        // It goes back to the peer, which says that its results are those of the one before.
        scene.calls(kept(question, to(1), method::NOTE));
        assert!(scene.heard()[0].starts_with("call q0 → i6 "));
        let before = QuestionId(question - 1);
        scene.says(returns(0, Outcome::TakeFromOtherQuestion(before)));
        scene.hears(&["finish q0"]);
    }
    let note = theirs.note(1);
    assert!(scene.heard()[0].starts_with("call q0 → i6 "));
    scene.says(returns(0, Outcome::TakeFromOtherQuestion(QuestionId(9 + depth))));
    scene.hears(&["finish q0"]);
    (scene, theirs, note)
}

#[test]
fn so_many_calls_take_each_others_results_and_no_more() {
    for too_many in [false, true] {
        let depth = TAKES_MAX + u32::from(too_many);
        let (mut scene, theirs, note) = taking(depth);
        let (kept, _) = crate::support::object(scene.vat.here());
        scene.seen.keep(&kept);
        if too_many {
            let why = scene.run(note).expect_err("nobody follows them so far");
            assert_eq!(why.kind(), ExceptionKind::Overloaded, "{why}");
            assert_eq!(why.reason(), "more than 256 calls take each other's results");
            scene.seen.go();
        } else {
            scene.seen.go();
            let reply = scene.run(note).expect("it is what the first returned");
            assert!(cap(&reply).is_ok());
        }
        scene.seen.let_go();
        drop((theirs, kept));
        scene.says_at_once((10..10 + depth).map(finish));
        scene.heard();
        scene.says(release(1, 1));
        scene.heard();
        scene.ends();
    }
}

/// A promise that comes to be what waits for it: so many in a ring, each but the first the result of a
/// call on the one before.
fn ring(scene: &Scene, steps: usize) -> (Client, Vec<Promise>) {
    let (first, resolver) = Client::promise(scene.vat.here());
    let (mut last, mut asked) = (first.clone(), Vec::new());
    for _ in 1..steps {
        let get = last.ask(method::GET, 0, &[]);
        last = get.cap(&at(0));
        asked.push(get);
    }
    resolver.resolve(Ok(last));
    (first, asked)
}

// C-P6
#[test]
fn a_circle_of_so_many_steps_is_found_and_a_larger_one_waits() {
    let scene = Scene::met();
    let (first, asked) = ring(&scene, WAITS_MAX);
    let why = scene.run(first.note(1)).expect_err("it waits for itself");
    assert_eq!(why.reason(), "a promise was resolved to itself, or to what waits for it");
    for promise in asked {
        scene.run(promise).expect_err("it waits for itself");
    }
    let (first, asked) = ring(&scene, WAITS_MAX + 1);
    let mut waiting = pin!(first.note(1));
    scene.quiet();
    let poll = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll.is_pending(), "nobody looks so far");
    scene.quiet();
    drop(asked);
    scene.quiet();
}

#[test]
fn so_many_capabilities_are_promised_by_one_call_and_no_more() {
    let mut graph = Graph::new();
    let object = graph.host(TargetId(0));
    let call = graph.call(object, Request { interface: 1, method: 2, params: Payload::null() });
    let promised = |graph: &mut Graph, field| graph.pipeline(call, &Path::root().field(field));
    let mut held: Vec<_> = (0..PATHS_MAX).map(|field| promised(&mut graph, field)).collect();
    assert!(held.iter().all(|cap| graph.why_broken(*cap).is_none()));
    held.push(promised(&mut graph, PATHS_MAX));
    let why = graph.why_broken(held[usize::from(PATHS_MAX)]).expect("one too many");
    assert_eq!(why.kind(), ExceptionKind::Overloaded);
    assert_eq!(why.reason(), "more than 4096 capabilities promised by one call");
    held.push(promised(&mut graph, 0));
    assert_eq!(held.first(), held.last(), "what is promised already is as good as ever");
    graph.drop_result(call);
    graph.drop_pipeline(call);
    held.push(object);
    held.into_iter().for_each(|cap| graph.release(cap));
    while graph.poll_output().is_some() {}
    assert!(graph.is_idle(), "{}", graph.dump());
}

#[test]
fn calls_on_what_is_nothing_leave_nothing_though_the_call_before_them_runs() {
    let mut scene = Scene::met();
    let (kept, _) = crate::support::object(scene.vat.here());
    scene.seen.keep(&kept);
    drop(kept);
    scene.calls(call(1, to(0), method::EARLY, vec![]));
    scene.hears(&[]);
    let nodes = scene.vat.here().with(|graph| graph.stats().nodes);
    for question in 2..9 {
        let place = PromisedAnswer { question: QuestionId(1), path: Path::root().field(3) };
        let target = MessageTarget::PromisedAnswer(place);
        scene.calls(call(question, target, method::NOTE, vec![]));
        let heard = scene.heard();
        assert!(heard.len() == 1 && heard[0].contains("called a null capability"), "{heard:?}");
        scene.says(finish(question));
    }
    assert_eq!(scene.vat.here().with(|graph| graph.stats().nodes), nodes);
    scene.says(finish(1));
    scene.heard();
    scene.seen.let_go();
    scene.ends();
}
