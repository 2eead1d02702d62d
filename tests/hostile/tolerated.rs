//! What looks wrong and is not, and what fails one thing alone: the connection goes on.

use bowline::wire::{
    CapDescriptor, Context, Disembargo, Exception, ExceptionKind, ExportId, Finish, Message,
    MessageTarget, Outcome, Payload, QuestionId, Resolution, Resolve, SendResultsTo,
};

use crate::promising::Promising;
use crate::scene::Scene;
use crate::support::{Ask, method};
use crate::words::*;

/// The one line heard is a Return of `answer` that failed, with `why` in it.
#[track_caller]
fn failed(scene: &mut Scene, answer: u32, why: &str) {
    let heard = scene.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].starts_with(&format!("return a{answer} exception ")), "{heard:?}");
    assert!(heard[0].contains(why), "{heard:?}");
}

#[test]
fn a_finish_for_an_unknown_answer_is_ignored() {
    let mut scene = Scene::met();
    scene.says(finish(77));
    scene.ends();
}

#[test]
fn what_an_unknown_promise_came_to_be_is_released() {
    let mut scene = Scene::met();
    scene.says(resolve(5, hosted(9)));
    scene.hears(&["release i9 ×1"]);
    scene.says(resolve(5, CapDescriptor::ThirdPartyHosted { vine: ExportId(10) }));
    scene.hears(&["release i10 ×1"]);
    let broken = Resolution::Exception(Exception::failed("it broke"));
    scene.says(Message::Resolve(Resolve { promise: ExportId(5), resolution: broken }));
    scene.hears(&[]);
    scene.ends();
}

#[test]
fn a_return_for_a_high_id_is_ignored() {
    let mut scene = Scene::met();
    scene.says(returns(1 << 31 | 5, Outcome::Canceled));
    scene.hears(&[]);
    scene.ends();
}

#[test]
fn a_call_on_a_finished_answer_fails_alone() {
    let mut scene = Scene::met();
    scene.says(finish(1));
    scene.calls(call(2, to_result(1), method::NOTE, vec![]));
    failed(
        &mut scene,
        2,
        "failed: pipelined on question 1, which returned no capabilities or is finished",
    );
    scene.says(finish(2));
    scene.ends();
}

#[test]
fn a_refused_call_gives_its_capabilities_back() {
    let mut scene = Scene::met();
    scene.calls(call(2, to_result(1), method::HOLD, vec![hosted(3), promised(4)]));
    let heard = scene.heard();
    let gone = |id| heard.iter().any(|line| line.contains(&format!("release i{id} ×1")));
    assert!(heard[0].contains("release-params") || (gone(3) && gone(4)), "{heard:?}");
    scene.says(finish(2));
    scene.ends();
}

#[test]
fn a_path_through_what_is_no_pointer_fails_the_call_alone() {
    let mut scene = Scene::met();
    scene.says(bootstrap(1));
    scene.calls(call(2, to_result(1), method::NOTE, vec![]));
    let heard = scene.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[1].starts_with("return a2 exception failed: pointer field 0 asked of no struct"));
    scene.says(keep(1));
    scene.says(finish(2));
    scene.says(release(0, 1));
    scene.ends();
}

#[test]
fn a_capability_number_beyond_the_table_is_no_capability() {
    let mut scene = Scene::met();
    let Payload { content, .. } = payload(vec![hosted(3)]);
    let mut echo = call(1, to(0), method::ECHO, vec![]);
    echo.params = Payload { content, caps: vec![] };
    scene.calls(echo);
    scene.hears(&["return a1 results 13 words no-finish"]);
    scene.ends();
}

#[test]
fn unknown_descriptors_break_that_capability_alone() {
    let mut scene = Scene::met();
    let unknown =
        [yours(99), CapDescriptor::ReceiverAnswer(result(98)), CapDescriptor::Foreign(97)];
    for (question, descriptor) in (1..).zip(unknown) {
        scene.calls(call(question, to(0), method::CALL_BACK, vec![descriptor]));
        let heard = scene.heard();
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert!(heard[0].starts_with(&format!("return a{question} exception ")), "{heard:?}");
        scene.says(finish(question));
    }
    scene.ends();
}

#[test]
fn an_unknown_target_fails_the_call_alone() {
    let mut scene = Scene::met();
    scene.calls(call(1, MessageTarget::Foreign(9), method::NOTE, vec![]));
    failed(&mut scene, 1, "unimplemented: unknown MessageTarget variant 9");
    scene.says(finish(1));
    scene.ends();
}

#[test]
fn results_for_a_third_vat_fail_the_call_alone() {
    let mut scene = Scene::met();
    let mut elsewhere = call(1, to(0), method::NOTE, vec![]);
    elsewhere.results_to = SendResultsTo::Elsewhere;
    scene.calls(elsewhere);
    failed(&mut scene, 1, "unimplemented: unknown Call.sendResultsTo variant");
    scene.says(finish(1));
    scene.ends();
}

#[test]
fn an_unknown_outcome_fails_the_question_alone() {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.hears(&["bootstrap q0"]);
    scene.says(returns(0, Outcome::Foreign(9)));
    let why = scene.run(theirs.note(1)).expect_err("it is broken");
    assert_eq!(why.kind(), ExceptionKind::Unimplemented);
    scene.hears(&["finish q0"]);
    drop(theirs);
    scene.ends();
}

#[test]
fn a_disembargo_of_a_higher_level_is_sent_back_as_unimplemented() {
    let mut scene = Scene::met();
    let context = Context::Foreign(2);
    scene.says(Message::Disembargo(Disembargo { target: to(0), context }));
    let heard = scene.heard();
    assert!(heard.len() == 1 && heard[0].starts_with("unimplemented (disembargo"), "{heard:?}");
    scene.ends();
}

#[test]
fn a_vine_is_used_like_any_import() {
    let mut scene = Scene::met();
    let vine = CapDescriptor::ThirdPartyHosted { vine: ExportId(6) };
    scene.calls(call(1, to(0), method::CALL_BACK, vec![vine]));
    let heard = scene.heard();
    assert!(heard.len() == 1 && heard[0].starts_with("call q0 → i6 "), "{heard:?}");
    scene.says(returns(0, results(vec![])));
    scene.hears(&["finish q0", "return a1 results 13 words release-params no-finish"]);
    scene.ends();
}

#[test]
fn what_the_peer_does_not_implement_fails_that_question() {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.hears(&["bootstrap q0"]);
    scene.says(Message::Unimplemented(Box::new(bootstrap(0))));
    let why = scene.run(theirs.note(1)).expect_err("it is broken");
    assert_eq!(why.kind(), ExceptionKind::Unimplemented);
    scene.hears(&[]);
    drop(theirs);
    scene.ends();
}

#[test]
fn a_resolve_the_peer_does_not_implement_releases_what_it_named() {
    let mut scene = Scene::met();
    let (offer, resolver) = bowline::rpc::Client::promise(scene.vat.here());
    scene.seen.keep(&offer);
    scene.calls(call(1, to(0), method::GET, vec![]));
    let heard = scene.heard();
    assert!(heard.len() == 1 && heard[0].ends_with(" [p1]"), "{heard:?}");
    scene.says(keep(1));
    resolver.resolve(Ok(scene.offered.clone()));
    scene.hears(&["resolve p1 → e0"]);
    scene.says(Message::Unimplemented(Box::new(resolve(1, hosted(0)))));
    drop(offer);
    scene.seen.let_go();
    scene.says(release(1, 1));
    scene.ends();
}

#[test]
fn promises_resolved_in_a_circle_for_ever_cost_nothing() {
    let mut at = Promising::new();
    for _ in 0..100 {
        at.scene.says(resolve(6, promised(7)));
        at.scene.says(resolve(7, promised(6)));
    }
    at.scene.heard();
    let stats = at.scene.link.stats().expect("the connection is open");
    assert_eq!((stats.imports, stats.exports, stats.questions), (1, 1, 1));
    at.scene.hangs_up();
    at.loses_its_question("closed").ends_over();
}

#[test]
fn a_second_resolution_has_its_replacement_released() {
    let mut at = Promising::new();
    at.scene.says(resolve(6, hosted(8)));
    at.scene.hears(&["release i6 ×1"]);
    at.scene.says(resolve(6, hosted(9)));
    at.scene.hears(&["release i9 ×1"]);
    at.scene.hangs_up();
    at.loses_its_question("closed").ends_over();
}

#[test]
fn a_pipeline_only_call_gets_no_return_not_even_an_exception() {
    let mut scene = Scene::met();
    for (question, target) in [(1 << 31, to(0)), (1 << 31 | 1, to_result(50))] {
        let mut hint = call(question, target, method::THROW, vec![]);
        hint.only_promise_pipeline = true;
        scene.calls(hint);
        scene.hears(&[]);
        scene.calls(call(3, to_result(question), method::NOTE, vec![]));
        let heard = scene.heard();
        assert!(heard.len() == 1 && heard[0].starts_with("return a3 exception"), "{heard:?}");
        scene.says(finish(3));
        scene.says(finish(question));
    }
    scene.ends();
}

#[test]
fn call_and_finish_in_one_read_leave_one_return() {
    for deliver_first in [false, true] {
        let mut scene = Scene::met();
        let note = call(1, to(0), method::NOTE, vec![]);
        let cancel = Message::Finish(Finish {
            question: QuestionId(1),
            release_result_caps: true,
            require_early_cancellation_workaround: deliver_first,
        });
        scene.says_at_once([Message::Call(Box::new(note)), cancel]);
        scene.hears(&["return a1 canceled no-finish"]);
        assert_eq!(scene.seen.notes().contains(&0), deliver_first);
        scene.ends();
    }
}

#[test]
fn a_peers_question_may_have_the_same_number_as_ours() {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.hears(&["bootstrap q0"]);
    scene.says(bootstrap(0));
    scene.hears(&["return a0 results cap 0 [e0]"]);
    scene.says(returns(0, bare(yours(0))));
    scene.hears(&["finish q0"]);
    scene.says(keep(0));
    scene.run(theirs.note(4)).expect("it is our own object");
    drop(theirs);
    scene.says(release(0, 1));
    scene.ends();
}

/// The results are there before the call on them is read, or after: it is told what is wrong.
#[test]
fn a_call_on_results_without_capabilities_is_told_so() {
    let mut scene = Scene::met();
    scene.calls(call(1, to(0), method::GET_LATER, vec![]));
    scene.seen.go();
    scene.calls(call(2, to_result(1), method::NOTE, vec![]));
    let heard = scene.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(heard[0], "return a1 results 13 words no-finish");
    assert!(heard[1].starts_with("return a2 exception failed: "), "{heard:?}");
    assert!(heard[1].contains("null capability") || heard[1].contains("no capabilities"));
    scene.says(finish(2));
    scene.ends();
}
