//! What every peer must not do: it is told the rule and hung up on.

use bowline::wire::{
    Context, Disembargo, EmbargoId, Exception, ExceptionKind, Message, Outcome, QuestionId,
};

use crate::promising::Promising;
use crate::scene::Scene;
use crate::support::{Ask, method};
use crate::words::*;

#[test]
fn a_question_id_is_reused_before_its_return() {
    let mut scene = Scene::met();
    scene.calls(call(1, to(0), method::NEVER, vec![]));
    scene.calls(call(1, to(0), method::NOTE, vec![]));
    assert_eq!(scene.seen.cancelled(), 1);
    scene.gets_aborted("question 1 asked while still open");
}

#[test]
fn a_question_id_is_reused_before_its_finish() {
    let mut scene = Scene::met();
    scene.says(bootstrap(1));
    scene.hears(&["return a1 results cap 0 [e0]"]);
    scene.says(bootstrap(1));
    scene.gets_aborted("question 1 asked while still open");
}

#[test]
fn a_call_goes_to_an_export_that_never_was() {
    let mut scene = Scene::met();
    scene.calls(call(1, to(7), method::NOTE, vec![]));
    scene.gets_aborted("addresses unknown export 7");
}

#[test]
fn a_call_goes_to_an_export_that_was_released() {
    let mut scene = Scene::met();
    scene.says(release(0, 1));
    scene.calls(call(1, to(0), method::NOTE, vec![]));
    scene.gets_aborted("addresses unknown export 0");
}

#[test]
fn more_is_released_than_was_sent() {
    let mut scene = Scene::met();
    scene.says(release(0, 2));
    scene.gets_aborted("releases 2 of 1 references of export 0");
}

#[test]
fn what_was_never_sent_is_released() {
    let mut scene = Scene::met();
    scene.says(release(9, 1));
    scene.gets_aborted("releases unknown export 9");
}

#[test]
fn a_question_is_finished_twice_before_its_return_left() {
    let mut scene = Scene::met();
    scene.calls(call(1, to(0), method::NEVER, vec![]));
    scene.says_at_once([finish(1), finish(1)]);
    scene.hears(&[
        "return a1 canceled no-finish",
        "abort failed: peer misbehaved: question 1 finished twice",
        "end",
    ]);
    scene.ends_over();
}

#[test]
fn a_return_comes_for_a_question_never_asked() {
    let mut scene = Scene::met();
    scene.says(returns(5, Outcome::Canceled));
    scene.gets_aborted("return for question 5 not open");
}

#[test]
fn a_return_comes_twice() {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.hears(&["bootstrap q0"]);
    scene.says(returns(0, bare(hosted(4))));
    scene.hears(&["finish q0"]);
    scene.says(returns(0, bare(hosted(4))));
    drop(theirs);
    let heard = scene.heard();
    assert!(
        heard.contains(&"abort failed: peer misbehaved: return for question 0 not open".into())
    );
    scene.ends_over();
}

#[test]
fn results_are_sent_elsewhere_unasked() {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.hears(&["bootstrap q0"]);
    scene.says(returns(0, Outcome::ResultsSentElsewhere));
    let why = scene.run(theirs.note(0)).expect_err("the connection is over");
    assert_eq!(why.kind(), ExceptionKind::Disconnected);
    drop(theirs);
    scene.gets_aborted("results of question 0 sent elsewhere unasked");
}

#[test]
fn results_are_taken_from_a_question_that_is_not_open() {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.hears(&["bootstrap q0"]);
    scene.says(returns(0, Outcome::TakeFromOtherQuestion(QuestionId(8))));
    drop(theirs);
    scene.gets_aborted("takes results of unknown question 8");
}

#[test]
fn results_are_taken_that_were_to_be_returned() {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.hears(&["bootstrap q0"]);
    scene.calls(call(8, to(0), method::NEVER, vec![]));
    scene.says(returns(0, Outcome::TakeFromOtherQuestion(QuestionId(8))));
    drop(theirs);
    scene.gets_aborted("takes results of question 8, which were to be returned");
}

#[test]
fn a_promise_is_resolved_to_itself() {
    let mut at = Promising::new();
    at.scene.says(resolve(6, promised(6)));
    let rule = "resolves promise 6 to itself";
    at.loses_its_question(rule).gets_aborted(rule);
}

#[test]
fn a_settled_capability_is_resolved() {
    let mut at = Promising::new();
    at.scene.says(resolve(6, hosted(8)));
    at.scene.hears(&["release i6 ×1"]);
    at.scene.says(resolve(8, hosted(9)));
    let rule = "resolves 8, which is no promise";
    at.loses_its_question(rule).gets_aborted(rule);
}

#[test]
fn a_disembargo_is_addressed_to_what_does_not_loop_back() {
    let mut scene = Scene::met();
    scene.says(disembargo(to(0), 3));
    scene.gets_aborted("disembargo 3 is addressed to what does not loop back");
}

#[test]
fn a_disembargo_is_addressed_to_an_unknown_export() {
    let mut scene = Scene::met();
    scene.says(disembargo(to(5), 3));
    scene.gets_aborted("addresses unknown export 5");
}

#[test]
fn a_disembargo_is_addressed_to_an_unknown_question() {
    let mut scene = Scene::met();
    scene.says(disembargo(to_result(5), 3));
    scene.gets_aborted("disembargoes results of unknown question 5");
}

#[test]
fn an_embargo_is_lifted_that_never_was() {
    let mut scene = Scene::met();
    let context = Context::ReceiverLoopback(EmbargoId(2));
    scene.says(Message::Disembargo(Disembargo { target: to(0), context }));
    scene.gets_aborted("lifts unknown embargo 2");
}

#[test]
fn what_every_peer_must_know_is_refused() {
    let mut scene = Scene::met();
    scene.says(Message::Unimplemented(Box::new(finish(3))));
    scene.gets_aborted("does not implement Finish");
}

#[test]
fn a_peer_that_aborts_is_not_answered_and_what_waits_for_it_is_told_why() {
    let mut at = Promising::new();
    at.scene.says(Message::Abort(Exception::failed("I am tired")));
    let mut scene = at.loses_its_question("I am tired");
    scene.hears(&["end"]);
    scene.ends_over();
}

#[test]
fn a_peer_that_hangs_up_mid_call_cancels_its_calls_and_fails_ours() {
    let mut at = Promising::new();
    at.scene.calls(call(1, to(0), method::NEVER, vec![]));
    assert_eq!(at.scene.seen.running(), 1);
    at.scene.hangs_up();
    assert_eq!((at.scene.seen.running(), at.scene.seen.cancelled()), (0, 1));
    at.loses_its_question("closed").ends_over();
}
