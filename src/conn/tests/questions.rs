use super::super::event::{OutCap, OutTarget, Tag};
use super::support::*;
use crate::wire::*;

const NOTHING: &[&str] = &[];

// C-R5, C-I1, C-I2
#[test]
fn a_call_without_capabilities_leaves_nothing_behind() {
    let mut us = End::new();
    us.imports(0);
    let call = us.call(1, 0);
    us.sends(&["call q0 → i0"]);
    let mut answer = ret(0, Outcome::Results(Payload { content: Content::null(), caps: vec![] }));
    answer.no_finish_needed = true;
    us.peer(Message::Return(Box::new(answer)));
    us.tells(&["return #1 results"]);
    us.vat(|conn| conn.finish(call));
    us.sends(NOTHING);
    us.vat(|conn| conn.release(ImportId(0)));
    us.sends(&["release i0 × 1"]);
    us.ends_idle();
}

// C-Q1
#[test]
fn an_id_is_used_again_only_after_return_and_finish() {
    let mut us = End::new();
    us.imports(0);
    let first = us.call(1, 0);
    us.sends(&["call q0 → i0"]);
    us.vat(|conn| conn.finish(first));
    us.sends(&["finish q0, results released"]);
    us.call(2, 0);
    us.sends(&["call q1 → i0"]);
    us.peer(results(0, vec![]));
    us.tells(NOTHING);
    us.call(3, 0);
    us.sends(&["call q0 → i0"]);
}

// C-R5, C-N2
#[test]
fn results_with_capabilities_are_finished_without_releasing_them() {
    let mut us = End::new();
    us.imports(0);
    let call = us.call(1, 0);
    us.sent();
    // The peer says no Finish is needed, yet sends a capability: a Finish goes all the same.
    let caps = vec![their(7), their(7)];
    let mut answer = ret(0, Outcome::Results(Payload { content: Content::null(), caps }));
    answer.no_finish_needed = true;
    us.peer(Message::Return(Box::new(answer)));
    us.tells(&["return #1 results +i7 +i7"]);
    us.vat(|conn| conn.finish(call));
    us.vat(|conn| conn.release(ImportId(7)));
    us.vat(|conn| conn.release(ImportId(0)));
    us.sends(&["finish q0", "release i0 × 1", "release i7 × 2"]);
    us.ends_idle();
}

// C-N2
#[test]
fn results_given_up_before_their_finish_left_go_back_with_it() {
    let mut us = End::new();
    us.imports(0);
    let call = us.call(1, 0);
    us.sent();
    us.peer(results(0, vec![their(9), their(9), their(8)]));
    us.told();
    us.vat(|conn| conn.finish(call));
    for import in [0, 8, 9] {
        us.vat(|conn| conn.release(ImportId(import)));
    }
    us.sends(&["finish q0, results released", "release i0 × 1"]);
    us.ends_idle();
}

// C-N2
#[test]
fn results_of_which_one_is_held_are_released_one_by_one() {
    let mut us = End::new();
    us.imports(0);
    let call = us.call(1, 0);
    us.sent();
    us.peer(results(0, vec![their(8), their(9)]));
    us.told();
    us.vat(|conn| conn.finish(call));
    us.vat(|conn| conn.release(ImportId(8)));
    us.sends(&["finish q0", "release i8 × 1"]);
    us.vat(|conn| conn.release(ImportId(9)));
    us.vat(|conn| conn.release(ImportId(0)));
    us.sends(&["release i0 × 1", "release i9 × 1"]);
    us.ends_idle();
}

// C-N2
#[test]
fn results_that_are_called_behind_their_finish_are_released_behind_the_call() {
    let mut us = End::new();
    us.imports(0);
    let call = us.call(1, 0);
    us.sent();
    us.peer(results(0, vec![their(9)]));
    us.told();
    us.vat(|conn| conn.finish(call));
    let last = us.call(2, 9);
    us.vat(|conn| conn.release(ImportId(9)));
    us.sends(&["finish q0", "call q0 → i9", "release i9 × 1"]);
    us.peer(results(0, vec![]));
    us.told();
    us.vat(|conn| conn.finish(last));
    us.vat(|conn| conn.release(ImportId(0)));
    us.sends(&["finish q0", "release i0 × 1"]);
    us.ends_idle();
}

// C-R7
#[test]
fn the_results_of_a_cancelled_question_are_not_imported() {
    let mut us = End::new();
    us.imports(0);
    let call = us.call(1, 0);
    us.sent();
    us.vat(|conn| conn.finish(call));
    us.peer(results(0, vec![their(9)]));
    us.sends(&["finish q0, results released"]);
    us.tells(NOTHING);
    us.vat(|conn| conn.release(ImportId(0)));
    us.sends(&["release i0 × 1"]);
    us.ends_idle();
}

#[test]
fn a_return_that_needs_no_finish_stops_one_still_queued() {
    let mut us = End::new();
    us.imports(0);
    let call = us.call(1, 0);
    us.sent();
    us.vat(|conn| conn.finish(call));
    let mut answer = ret(0, Outcome::Canceled);
    answer.no_finish_needed = true;
    us.peer(Message::Return(Box::new(answer)));
    us.vat(|conn| conn.release(ImportId(0)));
    us.sends(&["release i0 × 1"]);
    us.ends_idle();
}

#[test]
fn a_call_given_up_before_it_left_does_not_leave() {
    let mut us = End::new();
    us.imports(0);
    let call = us.call_with(OutTarget::Import(ImportId(0)), ask(1, vec![hosted(4)]));
    us.vat(|conn| conn.finish(call));
    us.tells(&["released 4 × 1"]);
    us.sends(NOTHING);
    us.vat(|conn| conn.release(ImportId(0)));
    us.sends(&["release i0 × 1"]);
    us.ends_idle();
}

#[test]
fn a_call_given_up_leaves_if_a_queued_call_is_made_on_it() {
    let mut us = End::new();
    us.imports(0);
    let first = us.call(1, 0);
    let second = us.call_with(on(first), ask(2, vec![]));
    us.vat(|conn| conn.finish(first));
    us.sends(&[
        "call q2147483648 → i0, only pipeline",
        "call q0 → q2147483648",
        "finish q2147483648, results released",
    ]);
    us.peer(returns(0, Outcome::Exception(Exception::failed("no"))));
    us.vat(|conn| conn.finish(second));
    us.vat(|conn| conn.release(ImportId(0)));
    us.sends(&["finish q0", "release i0 × 1"]);
    us.tells(&["return #2 failed: no"]);
    us.ends_idle();
}

#[test]
fn a_chain_given_up_from_its_head_does_not_leave_once_its_end_is_given_up() {
    let mut us = End::new();
    us.imports(0);
    let a = us.call_with(OutTarget::Import(ImportId(0)), ask(1, vec![hosted(1)]));
    let b = us.call_with(on(a), ask(2, vec![OutCap::Answer(a, Path::root())]));
    let c = us.call_with(on(b), ask(3, vec![hosted(3)]));
    us.vat(|conn| conn.finish(a));
    us.vat(|conn| conn.finish(b));
    us.tells(NOTHING);
    us.vat(|conn| conn.finish(c));
    us.tells(&["released 3 × 1", "released 1 × 1"]);
    us.sends(NOTHING);
    us.vat(|conn| conn.release(ImportId(0)));
    us.sends(&["release i0 × 1"]);
    us.ends_idle();
}

// C-H1, C-H2
#[test]
fn hints_are_chosen_when_the_call_leaves() {
    let mut us = End::new();
    us.imports(0);
    let no_pipeline = us.call(1, 0);
    let only_pipeline = us.call(2, 0);
    us.call(3, 0);
    us.vat(|conn| conn.drop_pipeline(no_pipeline));
    us.vat(|conn| conn.drop_result(only_pipeline));
    us.sends(&[
        "call q0 → i0, no pipeline",
        "call q2147483648 → i0, only pipeline",
        "call q1 → i0",
    ]);
    us.vat(|conn| conn.finish(only_pipeline));
    us.sends(&["finish q2147483648, results released"]);
}

#[test]
fn a_pipeline_dropped_while_a_queued_call_uses_it_is_announced() {
    let mut us = End::new();
    us.imports(0);
    let first = us.call(1, 0);
    us.call_with(on(first), ask(2, vec![]));
    us.vat(|conn| conn.drop_pipeline(first));
    us.sends(&["call q0 → i0", "call q1 → q0"]);
}

// C-H2
#[test]
fn ids_without_a_return_come_round_late_and_are_finished() {
    let mut us = End::new();
    us.imports(0);
    for id in [1_u32 << 31, (1 << 31) + 1] {
        let call = us.call(1, 0);
        us.vat(|conn| conn.drop_result(call));
        us.sends(&[&format!("call q{id} → i0, only pipeline")]);
        us.vat(|conn| conn.finish(call));
        us.sends(&[&format!("finish q{id}, results released")]);
    }
    us.vat(|conn| conn.release(ImportId(0)));
    us.sends(&["release i0 × 1"]);
    us.ends_idle();
}

// C-H5
#[test]
fn capabilities_for_a_possible_level_0_peer_travel_with_a_return() {
    let mut us = End::new();
    us.imports(0);
    let call = us.call_with(OutTarget::Import(ImportId(0)), ask(1, vec![hosted(1)]));
    us.vat(|conn| conn.drop_result(call));
    us.sends(&["call q0 → i0 +e1"]);

    let mut us = End::with(|config| config.peer_may_be_level_0 = false);
    us.imports(0);
    let call = us.call_with(OutTarget::Import(ImportId(0)), ask(1, vec![hosted(1)]));
    us.vat(|conn| conn.drop_result(call));
    us.sends(&["call q2147483648 → i0 +e1, only pipeline"]);
}

// C-H4
#[test]
fn a_return_for_a_high_id_ends_the_hint() {
    let mut us = End::new();
    us.imports(0);
    let call = us.call(1, 0);
    us.vat(|conn| conn.drop_result(call));
    us.sends(&["call q2147483648 → i0, only pipeline"]);
    us.peer(results(1 << 31, vec![]));
    us.tells(NOTHING);
    let call = us.call(2, 0);
    us.vat(|conn| conn.drop_result(call));
    us.sends(&["call q0 → i0"]);
}

// C-R3, C-R8
#[test]
fn a_return_may_release_the_params() {
    let mut us = End::new();
    us.imports(0);
    let call =
        us.call_with(OutTarget::Import(ImportId(0)), ask(1, vec![hosted(4), hosted(4), hosted(5)]));
    us.sends(&["call q0 → i0 +e4 +e4 +e5"]);
    let mut answer = ret(0, Outcome::Canceled);
    answer.release_param_caps = true;
    us.peer(Message::Return(Box::new(answer)));
    us.tells(&["return #1 canceled", "released 4 × 2", "released 5 × 1"]);
    us.vat(|conn| conn.finish(call));
    us.vat(|conn| conn.release(ImportId(0)));
    us.sends(&["finish q0", "release i0 × 1"]);
    us.ends_idle();
}

// C-U2
#[test]
fn a_call_the_peer_does_not_implement_fails_alone() {
    let mut us = End::new();
    us.imports(0);
    let call = us.call_with(OutTarget::Import(ImportId(0)), ask(1, vec![hosted(4)]));
    us.sent();
    us.peer(unimplemented(super::support::call(0, to_export(0), vec![their(4)])));
    us.tells(&[
        "return #1 unimplemented: the peer does not implement this message",
        "released 4 × 1",
    ]);
    us.vat(|conn| conn.finish(call));
    us.vat(|conn| conn.release(ImportId(0)));
    us.sends(&["release i0 × 1"]);
    us.ends_idle();
}

// C-U2
#[test]
fn a_pipeline_only_call_the_peer_does_not_implement_has_its_params_released() {
    let mut us = End::with(|config| config.peer_may_be_level_0 = false);
    us.imports(0);
    let call = us.call_with(OutTarget::Import(ImportId(0)), ask(1, vec![hosted(4)]));
    us.vat(|conn| conn.drop_result(call));
    us.sent();
    us.peer(unimplemented(super::support::call(1 << 31, to_export(0), vec![their(4)])));
    us.tells(&["released 4 × 1"]);
}

// C-R9
#[test]
fn an_unknown_kind_of_return_fails_the_question() {
    let mut us = End::new();
    let call = us.vat(|conn| conn.bootstrap(Tag(1))).expect("open");
    us.sends(&["bootstrap q0"]);
    us.peer(returns(0, Outcome::Foreign(5)));
    us.tells(&["return #1 unimplemented: unknown Return variant 5"]);
    us.vat(|conn| conn.finish(call));
    us.sends(&["finish q0"]);
    us.ends_idle();
}

// C-N4
#[test]
fn the_early_cancellation_workaround_is_asked_for_if_configured() {
    let mut us = End::with(|config| config.early_cancellation_workaround = true);
    us.imports(0);
    let cancelled = us.call(1, 0);
    let returned = us.call(2, 0);
    us.sent();
    us.peer(results(1, vec![]));
    us.vat(|conn| conn.finish(cancelled));
    us.vat(|conn| conn.finish(returned));
    us.sends(&["finish q0, results released, deliver first", "finish q1"]);
}

#[test]
fn a_path_counts_as_used_once_called_and_not_if_merely_passed() {
    let mut us = End::new();
    us.imports(0);
    let question = us.call(1, 0);
    let at = |field| OutTarget::Answer(question, Path::root().field(field));
    assert!(!us.conn.path_used(&at(1)));
    us.call_with(at(1), ask(2, vec![OutCap::Answer(question, Path::root().field(2))]));
    assert!(us.conn.path_used(&at(1)));
    assert!(!us.conn.path_used(&at(2)));
    assert!(us.conn.path_used(&OutTarget::Import(ImportId(0))));
    us.imports(1);
    us.call_with(at(1), ask(3, vec![OutCap::Import(ImportId(1))]));
    assert!(!us.conn.path_used(&OutTarget::Import(ImportId(1))));
    for field in 10..40 {
        us.call_with(at(field), ask(2, vec![]));
    }
    assert!(us.conn.path_used(&at(3)), "beyond the paths kept, an embargo too many does no harm");
}
