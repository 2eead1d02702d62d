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
