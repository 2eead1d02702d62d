//! Runs that failed once, as they printed themselves.

use crate::act::Act;
use crate::ending::Ending;
use crate::replay;
use crate::world::Shape;

#[test]
fn a_message_that_finds_its_wire_cut_is_let_go_of_outside_the_graph() {
    use Act::*;
    replay(
        Shape { sessions: true, ..Shape::default() },
        &[Call { stub: 0, things: [0, 4, 0] }],
        Ending::Cut,
    );
}

#[test]
fn a_stream_in_a_call_that_was_given_up_at_once_leaves_nothing() {
    use Act::*;
    replay(Shape::default(), &[Call { stub: 0, things: [4, 0, 0] }], Ending::Drop);
}

#[test]
fn a_stream_that_is_written_and_was_never_asked_for_leaves_nothing() {
    use Act::*;
    replay(
        Shape { more: 1, bytes: true, sessions: false },
        &[Call { stub: 0, things: [4, 0, 0] }, Write { pipe: 8, size: 0 }, Close { pipe: 0 }],
        Ending::Dispose,
    );
}

#[test]
fn a_call_given_up_while_it_comes_back_arrives_for_what_is_pipelined_on_it() {
    use Act::*;
    replay(
        Shape::default(),
        &[
            Host { vat: 0, function: false },
            Ahead { stub: 2, thing: 8 },
            Call { stub: 0, things: [0, 0, 0] },
            Call { stub: 0, things: [0, 0, 0] },
            Quiet,
            Answer { got: 0, plain: false, lent: false, things: [8, 0, 0] },
            Call { stub: 0, things: [0, 0, 0] },
            Pipeline { call: 2, key: 0, things: [2, 0, 0] },
            Cancel { call: 3, dispose: true },
        ],
        Ending::Answer,
    );
}

#[test]
fn calls_in_a_session_do_not_overtake_what_waited_for_its_result() {
    use Act::*;
    replay(
        Shape { sessions: true, ..Shape::default() },
        &[
            Host { vat: 0, function: false },
            Ahead { stub: 2, thing: 8 },
            Call { stub: 0, things: [0, 0, 0] },
            Quiet,
            Call { stub: 1, things: [0, 0, 0] },
            Turn { vat: 0 },
            Deliver { queue: 1 },
            Answer { got: 0, plain: false, lent: false, things: [8, 0, 0] },
        ],
        Ending::Answer,
    );
}

/// What was made of the result shared its handles.
#[test]
fn a_call_made_before_the_result_it_goes_on_from_is_disposed_is_made_all_the_same() {
    use Act::*;
    replay(
        Shape { more: 2, bytes: true, sessions: true },
        &[
            Call { stub: 0, things: [0, 0, 0] },
            Call { stub: 0, things: [0, 0, 0] },
            Quiet,
            Pipeline { call: 1, key: 0, things: [0, 0, 0] },
            Call { stub: 0, things: [0, 0, 0] },
            Call { stub: 0, things: [0, 0, 0] },
            Call { stub: 0, things: [0, 0, 0] },
            Answer { got: 0, plain: true, lent: false, things: [8, 0, 0] },
            Quiet,
            Pipeline { call: 0, key: 0, things: [0, 0, 0] },
            Ahead { stub: 16, thing: 3 },
            Call { stub: 0, things: [0, 0, 0] },
            Number { stub: 6 },
            Pipeline { call: 8, key: 1, things: [0, 0, 0] },
            Pipeline { call: 0, key: 0, things: [0, 0, 0] },
            Cancel { call: 10, dispose: true },
        ],
        Ending::Answer,
    );
}

#[test]
fn a_stream_that_came_to_one_who_answers_nobody_with_it_is_let_go() {
    use Act::*;
    replay(
        Shape::default(),
        &[
            Host { vat: 13, function: true },
            Call { stub: 0, things: [0, 0, 0] },
            Call { stub: 0, things: [0, 0, 0] },
            Detach { call: 7 },
            Turn { vat: 3 },
            Answer { got: 0, plain: false, lent: false, things: [4, 0, 0] },
            AnswerAs { got: 16, call: 8 },
        ],
        Ending::Answer,
    );
}
