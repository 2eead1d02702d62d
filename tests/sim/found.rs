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
