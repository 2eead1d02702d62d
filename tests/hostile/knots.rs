//! A peer that ties promises and calls into knots, or into strings without an end.

use bowline::rpc::Client;
use bowline::wire::{CapDescriptor, Context, Disembargo, ExceptionKind, Message, Outcome};

use crate::scene::Scene;
use crate::support::{Ask, method};
use crate::words::*;

/// How many promises of a peer in a row may come to be the next one.
const HOPS_MAX: u32 = 256;

/// How many calls in a row, each on the results of the one before, may be sent back to the peer they
/// came from.
const BOUNCES_MAX: u32 = 256;

/// The vat holds promise 6 of the peer, and the peer a promise of the vat that came to be it, as
/// import 1.
pub(crate) fn mirrored() -> (Scene, Client) {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.heard();
    scene.says(returns(0, bare(promised(6))));
    scene.hears(&["finish q0"]);
    let (ours, resolver) = Client::promise(scene.vat.here());
    scene.seen.keep(&ours);
    drop(ours);
    scene.calls(call(1, to(0), method::GET, vec![]));
    scene.says(keep(1));
    scene.heard();
    scene.seen.let_go();
    resolver.resolve(Ok(theirs.clone()));
    scene.hears(&["resolve p1 → i6"]);
    (scene, theirs)
}

// C-M8
#[test]
fn promise_follows_promise_only_so_often() {
    for too_often in [false, true] {
        let mut scene = Scene::met();
        let theirs = scene.link.bootstrap();
        scene.heard();
        scene.says(returns(0, bare(promised(0))));
        // The result of the bootstrap was the first.
        let last = HOPS_MAX - 1 + u32::from(too_often);
        for n in 0..last {
            scene.says(resolve(n, promised(n + 1)));
        }
        scene.heard();
        let note = theirs.note(1);
        if too_often {
            let why = scene.run(note).expect_err("it leads from promise to promise");
            assert!(why.reason().contains("for ever"), "{why}");
        } else {
            let asked = format!("call q0 → i{last} ");
            assert!(scene.heard()[0].starts_with(&asked));
            scene.says(returns(0, results(vec![])));
            scene.run(note).expect("the peer returned it");
        }
        drop(theirs);
        scene.heard();
        scene.ends();
    }
}

// C-M9
#[test]
fn calls_on_results_of_reflected_calls_are_reflected_only_so_often() {
    let (mut scene, theirs) = mirrored();
    for n in 0..BOUNCES_MAX {
        let target = if n == 0 { to(1) } else { to_result(n + 1) };
        scene.calls(call(n + 2, target, method::NOTE, vec![]));
    }
    let heard = scene.heard();
    let sent = heard.iter().filter(|line| line.starts_with("call ")).count();
    assert_eq!(sent, BOUNCES_MAX as usize, "each goes back to the peer");
    scene.calls(call(500, to_result(BOUNCES_MAX + 1), method::NOTE, vec![]));
    let heard = scene.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].starts_with("return a500 exception overloaded"), "{heard:?}");
    // One that is not on the results of another goes on as ever.
    scene.calls(call(501, to(1), method::NOTE, vec![]));
    assert!(scene.heard().iter().any(|line| line.contains("→ i6 ")));
    scene.hangs_up();
    let why = scene.run(theirs.note(1)).expect_err("the connection is over");
    assert_eq!(why.kind(), ExceptionKind::Disconnected, "{why}");
    drop(theirs);
    scene.ends_over();
}

#[test]
fn a_promise_of_the_peer_comes_to_be_what_it_became() {
    let (mut scene, theirs) = mirrored();
    let early = theirs.note(1);
    assert!(scene.heard()[0].starts_with("call q0 → i6 "));
    scene.says(resolve(6, yours(1)));
    let why = scene.run(theirs.note(2)).expect_err("it is itself");
    assert!(why.reason().contains("resolved to itself"), "{why}");
    scene.hears(&["release i6 ×1"]);
    // The peer reflects the call, and may still send a disembargo after it.
    scene.calls(call(7, to(1), method::NOTE, vec![]));
    scene.says(disembargo(to(1), 3));
    let heard = scene.heard();
    assert!(heard[0].starts_with("return a7 exception"), "{heard:?}");
    assert!(heard[1].ends_with("lift m3"), "{heard:?}");
    scene.says(returns(0, results(vec![])));
    scene.run(early).expect("the peer returned it");
    scene.hears(&["finish q0"]);
    drop(theirs);
    scene.says(finish(7));
    scene.says(release(1, 1));
    scene.hears(&[]);
    scene.ends();
}

#[test]
fn a_result_of_the_vat_is_what_the_peer_returns_for_it() {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.seen.keep(&theirs);
    let early = theirs.note(1);
    scene.heard();
    scene.calls(call(1, to(0), method::GET, vec![]));
    assert!(scene.heard()[0].ends_with("[q0]"));
    scene.says(returns(0, bare(CapDescriptor::ReceiverAnswer(result(1)))));
    let why = scene.run(theirs.note(2)).expect_err("it is itself");
    assert!(why.reason().contains("resolved to itself"), "{why}");
    scene.hears(&["finish q0"]);
    scene.says(returns(1, results(vec![])));
    scene.run(early).expect("the peer returned it");
    scene.hears(&["finish q1"]);
    scene.says(finish(1));
    drop(theirs);
    scene.seen.let_go();
    scene.ends();
}

/// A peer that ends a question of its own only when ours is over, and ours is named in the results
/// of its own: were ours kept for that, both would stay for ever.
fn told_of_a_place() -> (Scene, Client) {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.seen.keep(&theirs);
    scene.heard();
    scene.calls(call(1, to(0), method::GET, vec![]));
    scene.hears(&["return a1 results 18 words [q0]"]);
    scene.calls(call(2, to_result(1), method::NOTE, vec![]));
    assert!(scene.heard()[0].starts_with("call q1 → q0 "));
    scene.seen.let_go();
    (scene, theirs)
}

fn ends_told(scene: Scene, theirs: Client) {
    let mut scene = scene;
    scene.says(returns(1, Outcome::ResultsSentElsewhere));
    scene.heard();
    drop(theirs);
    scene.says(finish(2));
    scene.says(finish(1));
    scene.heard();
    scene.ends();
}

// C-E3, C-E9
#[test]
fn a_question_is_over_though_the_peer_was_told_of_a_place_in_its_results() {
    let (mut scene, theirs) = told_of_a_place();
    scene.says(returns(0, bare(hosted(7))));
    scene.hears(&["finish q0"]);
    // What it was told stands in results that are gone; it is told what that came to be.
    scene.calls(call(3, to_result(1), method::NOTE, vec![]));
    let heard = scene.heard();
    assert!(heard[0].starts_with("call q0 → i7 "), "{heard:?}");
    scene.says(disembargo(to_result(1), 3));
    scene.hears(&["disembargo i7 lift m3"]);
    scene.says(returns(0, Outcome::ResultsSentElsewhere));
    scene.says(finish(3));
    ends_told(scene, theirs);
}

// C-E3, C-E10
#[test]
fn a_question_named_to_the_peer_is_over_once_its_embargo_is_lifted() {
    let (mut scene, theirs) = told_of_a_place();
    scene.says(returns(0, bare(yours(0))));
    scene.hears(&["disembargo q0 ask m0"]);
    // As long as the embargo is there, that is still its name.
    scene.says(disembargo(to_result(1), 3));
    scene.hears(&[]);
    let context = Context::ReceiverLoopback(bowline::wire::EmbargoId(0));
    scene.says(Message::Disembargo(Disembargo { target: to(0), context }));
    scene.hears(&["disembargo q0 lift m3", "finish q0"]);
    // From then on it is an object here, which is nothing of the peer's.
    scene.calls(call(3, to_result(1), method::NOTE, vec![]));
    assert!(scene.heard()[0].starts_with("return a3 results"));
    scene.says(disembargo(to_result(1), 4));
    scene.hears(&["disembargo i4294967295 lift m4"]);
    scene.says(finish(3));
    ends_told(scene, theirs);
}
