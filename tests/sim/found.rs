//! Runs that failed once, as they printed themselves.

use crate::act::Act;
use crate::ending::Ending;
use crate::replay;
use crate::world::Shape;

#[test]
fn a_call_detached_after_it_was_over_leaves_nothing() {
    use Act::*;
    replay(
        Shape::default(),
        &[
            Promise { vat: 0 },
            Call { stub: 0, caps: [0, 0, 0] },
            Take { vat: 0 },
            Break { promise: 0 },
            Detach { call: 0 },
        ],
        Ending::AnswerFirst,
    );
}

#[test]
fn a_call_given_up_is_not_kept_by_a_courtesy_once_another_of_its_results_is_let_go() {
    use Act::*;
    replay(
        Shape { deliver_first: true, ..Shape::default() },
        &[
            Bootstrap { wire: 0, end: 1 },
            Host { vat: 5 },
            Call { stub: 0, caps: [0, 0, 0] },
            Detach { call: 1 },
            Courtesy { call: 18 },
            Call { stub: 0, caps: [0, 0, 0] },
            Call { stub: 0, caps: [0, 0, 0] },
            Pipeline { call: 1, field: 1 },
            Call { stub: 0, caps: [0, 0, 0] },
            Call { stub: 0, caps: [0, 0, 0] },
            Pipeline { call: 3, field: 0 },
            Call { stub: 0, caps: [0, 0, 0] },
            Take { vat: 3 },
            DropResult { call: 7 },
            Courtesy { call: 9 },
            Answer { got: 0, caps: [1, 0, 0] },
        ],
        Ending::AtOnce,
    );
}

#[test]
fn an_export_that_broke_with_its_connection_is_not_resolved_as_if_it_were_a_promise() {
    use Act::*;
    replay(
        Shape { vats: 3, ..Shape::default() },
        &[
            Bootstrap { wire: 0, end: 1 },
            Bootstrap { wire: 1, end: 1 },
            Bootstrap { wire: 2, end: 0 },
            Pipeline { call: 2, field: 0 },
            Pipeline { call: 0, field: 0 },
            Promise { vat: 4 },
            Promise { vat: 5 },
            Call { stub: 3, caps: [2, 0, 0] },
            Quiet,
            Cut { wire: 5, end: 0 },
            Collect { call: 6 },
            Pipeline { call: 0, field: 0 },
            Pipeline { call: 0, field: 0 },
            Quiet,
            Call { stub: 0, caps: [0, 0, 3] },
            Answer { got: 0, caps: [1, 0, 0] },
            Take { vat: 4 },
        ],
        Ending::AtOnce,
    );
}

#[test]
fn a_peer_told_of_a_resolution_does_not_overtake_the_calls_that_waited_for_it() {
    use Act::*;
    replay(
        Shape { vats: 3, ..Shape::default() },
        &[
            Bootstrap { wire: 1, end: 1 },
            Pipeline { call: 0, field: 0 },
            Promise { vat: 2 },
            Promise { vat: 0 },
            Promise { vat: 11 },
            Call { stub: 0, caps: [0, 0, 0] },
            Dup { stub: 16 },
            Call { stub: 9, caps: [0, 1, 0] },
            Take { vat: 2 },
            Take { vat: 2 },
            Resolve { promise: 0, stub: 3 },
            Send { vat: 5 },
            Deliver { queue: 11 },
            Send { vat: 2 },
            Deliver { queue: 11 },
            Send { vat: 8 },
            Take { vat: 6 },
            Call { stub: 0, caps: [0, 0, 0] },
            Deliver { queue: 9 },
        ],
        Ending::AnswerFirst,
    );
}

#[test]
fn what_a_target_answers_does_not_overtake_the_calls_it_made_before() {
    use Act::*;
    replay(
        Shape::default(),
        &[
            Bootstrap { wire: 0, end: 0 },
            Bootstrap { wire: 1, end: 1 },
            Quiet,
            Collect { call: 0 },
            Collect { call: 0 },
            Call { stub: 1, caps: [0, 0, 0] },
            Quiet,
            // Vat 0 calls what it then answers with; the call has not been routed by then.
            Call { stub: 0, caps: [0, 0, 0] },
            Answer { got: 0, caps: [1, 0, 0] },
            Send { vat: 0 },
            Deliver { queue: 0 },
            Take { vat: 1 },
            Collect { call: 0 },
            Call { stub: 0, caps: [0, 0, 0] },
            Take { vat: 1 },
        ],
        Ending::AnswerFirst,
    );
}

#[test]
fn a_call_made_before_a_resolution_came_does_not_take_the_shorter_way() {
    use Act::*;
    replay(
        Shape::default(),
        &[
            Bootstrap { wire: 0, end: 0 },
            Quiet,
            Collect { call: 0 },
            Promise { vat: 0 },
            // Vat 0 calls its promise, and passes it to vat 1.
            Call { stub: 0, caps: [0, 0, 0] },
            Call { stub: 1, caps: [1, 0, 0] },
            Quiet,
            Resolve { promise: 0, stub: 1 },
            // Vat 1 calls the promise just before that call and the Resolve arrive.
            Call { stub: 0, caps: [0, 0, 0] },
            Send { vat: 0 },
            Deliver { queue: 0 },
            Send { vat: 0 },
            Deliver { queue: 0 },
            Take { vat: 1 },
            Take { vat: 1 },
        ],
        Ending::AnswerFirst,
    );
}

#[test]
fn results_that_name_a_param_still_find_it_though_the_params_are_released_with_them() {
    use Act::*;
    replay(
        Shape::default(),
        &[
            Bootstrap { wire: 0, end: 0 },
            Quiet,
            Collect { call: 0 },
            Host { vat: 0 },
            Call { stub: 1, caps: [1, 0, 0] },
            Dispose { stub: 0 },
            DropPipeline { call: 0 },
            Send { vat: 0 },
            Take { vat: 0 },
            Send { vat: 0 },
            Deliver { queue: 0 },
            Deliver { queue: 0 },
            Take { vat: 1 },
            Answer { got: 0, caps: [1, 0, 0] },
            Dispose { stub: 0 },
        ],
        Ending::AnswerFirst,
    );
}

#[test]
fn a_call_that_was_sent_home_and_back_is_not_cancelled_while_it_is_awaited() {
    use Act::*;
    replay(
        Shape { deliver_first: true, ..Shape::default() },
        &[
            Bootstrap { wire: 0, end: 1 },
            Bootstrap { wire: 1, end: 0 },
            Pipeline { call: 1, field: 0 },
            Call { stub: 0, caps: [1, 0, 0] },
            Pipeline { call: 0, field: 0 },
            Pipeline { call: 0, field: 0 },
            Host { vat: 8 },
            Pipeline { call: 0, field: 0 },
            Promise { vat: 1 },
            Call { stub: 2, caps: [1, 0, 0] },
            Pipeline { call: 0, field: 0 },
            Pipeline { call: 0, field: 0 },
            Pipeline { call: 0, field: 0 },
            Pipeline { call: 0, field: 0 },
            Call { stub: 7, caps: [0, 0, 0] },
            Pipeline { call: 3, field: 0 },
            Call { stub: 0, caps: [0, 0, 0] },
            Pipeline { call: 0, field: 0 },
            Host { vat: 0 },
            Dup { stub: 12 },
            Quiet,
            Answer { got: 2, caps: [4, 0, 0] },
            Send { vat: 2 },
            Answer { got: 0, caps: [1, 0, 0] },
            Send { vat: 1 },
            Deliver { queue: 2 },
            Deliver { queue: 8 },
            Send { vat: 3 },
            Deliver { queue: 3 },
            Send { vat: 9 },
            Deliver { queue: 1 },
        ],
        Ending::AnswerFirst,
    );
}

#[test]
fn a_promise_resolved_to_a_place_in_results_that_hold_it_is_let_go() {
    use Act::*;
    replay(
        Shape::default(),
        &[
            Bootstrap { wire: 0, end: 1 },
            Pipeline { call: 0, field: 0 },
            Promise { vat: 1 },
            Call { stub: 1, caps: [1, 0, 0] },
            Quiet,
            Pipeline { call: 0, field: 0 },
            Answer { got: 0, caps: [0, 1, 0] },
            Resolve { promise: 0, stub: 0 },
        ],
        Ending::AnswerFirst,
    );
}

#[test]
fn two_results_that_each_name_a_place_in_the_other_are_let_go() {
    use Act::*;
    replay(
        Shape::default(),
        &[
            Bootstrap { wire: 0, end: 1 },
            Bootstrap { wire: 1, end: 0 },
            Pipeline { call: 1, field: 0 },
            Promise { vat: 5 },
            Pipeline { call: 0, field: 0 },
            Call { stub: 2, caps: [1, 0, 0] },
            Call { stub: 0, caps: [0, 0, 0] },
            Pipeline { call: 0, field: 0 },
            Pipeline { call: 1, field: 0 },
            Call { stub: 2, caps: [0, 0, 0] },
            Dup { stub: 4 },
            Call { stub: 0, caps: [0, 0, 0] },
            Pipeline { call: 1, field: 0 },
            Call { stub: 0, caps: [0, 0, 0] },
            Promise { vat: 8 },
            Pipeline { call: 0, field: 0 },
            Call { stub: 3, caps: [1, 0, 0] },
            Quiet,
            Fail { got: 1 },
            Answer { got: 1, caps: [1, 2, 0] },
            Answer { got: 2, caps: [5, 0, 0] },
        ],
        Ending::AnswerFirst,
    );
}

#[test]
fn two_calls_that_cross_and_return_each_others_results_are_let_go() {
    use Act::*;
    replay(
        Shape::default(),
        &[
            Bootstrap { wire: 0, end: 0 },
            Bootstrap { wire: 1, end: 1 },
            Quiet,
            Collect { call: 1 },
            Collect { call: 3 },
            Call { stub: 0, caps: [1, 0, 0] },
            Take { vat: 3 },
            Call { stub: 1, caps: [0, 0, 0] },
            Send { vat: 7 },
            Deliver { queue: 2 },
            Pipeline { call: 1, field: 0 },
            Pipeline { call: 0, field: 0 },
            Take { vat: 0 },
            Send { vat: 8 },
            Deliver { queue: 1 },
            Answer { got: 0, caps: [1, 2, 0] },
            Take { vat: 5 },
            Answer { got: 0, caps: [1, 0, 0] },
        ],
        Ending::AnswerFirst,
    );
}

#[test]
fn results_that_are_null_by_way_of_the_other_vat_are_let_go() {
    use Act::*;
    replay(
        Shape::default(),
        &[
            Bootstrap { wire: 0, end: 0 },
            Bootstrap { wire: 1, end: 1 },
            Quiet,
            Pipeline { call: 0, field: 0 },
            Pipeline { call: 1, field: 0 },
            Call { stub: 1, caps: [0, 0, 0] },
            Pipeline { call: 0, field: 0 },
            Take { vat: 3 },
            Send { vat: 11 },
            Call { stub: 1, caps: [1, 0, 0] },
            Deliver { queue: 4 },
            Call { stub: 1, caps: [0, 0, 0] },
            Take { vat: 2 },
            Pipeline { call: 1, field: 0 },
            Send { vat: 10 },
            Promise { vat: 2 },
            Forward { got: 10, stub: 11 },
            Pipeline { call: 0, field: 0 },
            Call { stub: 0, caps: [0, 0, 0] },
            Answer { got: 0, caps: [3, 1, 0] },
            Deliver { queue: 7 },
            Pipeline { call: 11, field: 1 },
            Promise { vat: 1 },
            Send { vat: 4 },
            Take { vat: 1 },
            Deliver { queue: 1 },
            Pipeline { call: 5, field: 0 },
            Take { vat: 7 },
            Answer { got: 0, caps: [0, 0, 0] },
            Answer { got: 0, caps: [4, 0, 0] },
        ],
        Ending::AnswerFirst,
    );
}

#[test]
fn a_promise_and_the_results_it_is_resolved_to_are_let_go_between_three_vats() {
    use Act::*;
    replay(
        Shape { vats: 3, ..Shape::default() },
        &[
            Bootstrap { wire: 0, end: 0 },
            Bootstrap { wire: 1, end: 0 },
            Bootstrap { wire: 2, end: 0 },
            Quiet,
            Bootstrap { wire: 6, end: 0 },
            Collect { call: 9 },
            Promise { vat: 3 },
            Call { stub: 0, caps: [0, 0, 0] },
            Call { stub: 0, caps: [0, 0, 0] },
            Send { vat: 0 },
            Promise { vat: 0 },
            Collect { call: 0 },
            Call { stub: 1, caps: [0, 0, 0] },
            Call { stub: 0, caps: [0, 0, 3] },
            Promise { vat: 5 },
            Promise { vat: 9 },
            DropPipeline { call: 1 },
            Call { stub: 0, caps: [0, 0, 0] },
            Resolve { promise: 0, stub: 0 },
            Call { stub: 0, caps: [0, 0, 0] },
            Send { vat: 3 },
            Call { stub: 0, caps: [0, 0, 0] },
            Call { stub: 0, caps: [0, 0, 0] },
            Call { stub: 0, caps: [0, 0, 0] },
            Pipeline { call: 15, field: 1 },
            Deliver { queue: 8 },
            Take { vat: 11 },
            Promise { vat: 4 },
            Answer { got: 0, caps: [1, 2, 0] },
            Resolve { promise: 3, stub: 0 },
        ],
        Ending::AnswerFirst,
    );
}

#[test]
fn a_call_on_results_that_stayed_here_finds_them_though_nobody_here_takes_them() {
    use Act::*;
    replay(
        Shape::default(),
        &[
            Bootstrap { wire: 0, end: 0 },
            Bootstrap { wire: 1, end: 1 },
            Pipeline { call: 0, field: 0 },
            Call { stub: 0, caps: [1, 0, 0] },
            Quiet,
            Collect { call: 6 },
            Answer { got: 0, caps: [0, 1, 0] },
            Collect { call: 12 },
            Pipeline { call: 0, field: 0 },
            Call { stub: 1, caps: [1, 0, 0] },
            Pipeline { call: 1, field: 1 },
            Pipeline { call: 1, field: 0 },
            Quiet,
            Pipeline { call: 0, field: 0 },
            Redirect { got: 0, stub: 2, caps: [0, 0, 1] },
            DropPipeline { call: 8 },
            Call { stub: 1, caps: [0, 0, 0] },
            Take { vat: 7 },
            Pipeline { call: 0, field: 0 },
            Call { stub: 1, caps: [0, 0, 0] },
            Send { vat: 3 },
            Detach { call: 9 },
            Deliver { queue: 5 },
            Call { stub: 0, caps: [0, 0, 0] },
            DropResult { call: 2 },
            Take { vat: 0 },
            Send { vat: 3 },
            Deliver { queue: 5 },
            Answer { got: 1, caps: [1, 0, 0] },
        ],
        Ending::AnswerFirst,
    );
}

#[test]
fn a_call_that_is_cancelled_while_it_is_answered_is_not_cancelled_again() {
    use Act::*;
    replay(
        Shape { deliver_first: true, ..Shape::default() },
        &[
            Bootstrap { wire: 0, end: 1 },
            Bootstrap { wire: 1, end: 0 },
            Quiet,
            Pipeline { call: 0, field: 0 },
            Pipeline { call: 1, field: 0 },
            Call { stub: 0, caps: [0, 0, 0] },
            Call { stub: 1, caps: [0, 0, 0] },
            Take { vat: 0 },
            Call { stub: 0, caps: [0, 0, 0] },
            Send { vat: 0 },
            Take { vat: 11 },
            Collect { call: 3 },
            Deliver { queue: 9 },
            Send { vat: 3 },
            DropPipeline { call: 10 },
            Take { vat: 1 },
            Pipeline { call: 1, field: 0 },
            Deliver { queue: 10 },
            Call { stub: 0, caps: [0, 0, 0] },
            Send { vat: 7 },
            Deliver { queue: 3 },
            Call { stub: 0, caps: [0, 0, 0] },
            Call { stub: 0, caps: [0, 0, 0] },
            Forward { got: 2, stub: 0 },
            DropResult { call: 6 },
            Send { vat: 3 },
            Deliver { queue: 1 },
            Take { vat: 0 },
            Send { vat: 2 },
            Answer { got: 1, caps: [1, 0, 0] },
        ],
        Ending::AnswerFirst,
    );
}

#[test]
fn results_nobody_is_told_of_do_not_keep_a_promise_that_came_to_be_one_of_them() {
    use Act::*;
    replay(
        Shape::default(),
        &[
            Bootstrap { wire: 0, end: 0 },
            Bootstrap { wire: 1, end: 1 },
            Quiet,
            Collect { call: 7 },
            Promise { vat: 4 },
            Call { stub: 1, caps: [1, 0, 0] },
            Collect { call: 8 },
            Pipeline { call: 0, field: 0 },
            DropResult { call: 11 },
            Quiet,
            Answer { got: 0, caps: [2, 1, 0] },
            Resolve { promise: 0, stub: 0 },
        ],
        Ending::AnswerFirst,
    );
}
