//! Tables rebuilt from messages.

use super::*;
use crate::trace::entry::{Entry, Key, Life, Table};
use crate::trace::side::Side::{self, Left, Right};
use crate::trace::tables::{Step, Tables, TablesLimits};
use crate::wire::{Context, Disembargo, EmbargoId, Resolution, Resolve};

/// Says these one after the other; nothing that cannot be is among them.
fn said(script: Vec<(Side, Message)>) -> Tables {
    let mut tables = Tables::new(TablesLimits::default());
    for (number, (from, message)) in script.iter().enumerate() {
        let step = tables.observe(number as u64, *from, message);
        assert!(step.notes.is_empty(), "{message}: {:?}", step.notes);
    }
    tables
}

/// What stands in them, in short.
fn left(tables: &Tables) -> Vec<String> {
    tables
        .entries()
        .map(|(Key { owner, id, .. }, entry)| match entry {
            Entry::Question(asked) => format!("{owner} q{id} {:?}", asked.life),
            Entry::Export(given) => format!("{owner} e{id} ×{}", given.references),
            Entry::Embargo(held) => format!("{owner} m{id} {}", held.target),
        })
        .collect()
}

#[test]
fn a_question_is_over_once_it_is_returned_and_finished_in_either_order() {
    let asked = || vec![(Left, ask(4))];
    assert_eq!(left(&said(asked())), ["left q4 Open"]);
    let mut returned = asked();
    returned.push((Right, give_back(results(4, vec![]))));
    assert_eq!(left(&said(returned)), ["left q4 Returned"]);
    let orders = [true, false].map(|finished_first| {
        let mut order = vec![(Right, give_back(results(4, vec![]))), (Left, finish(4, false))];
        if finished_first {
            order.reverse();
        }
        order
    });
    for order in orders {
        let tables = said(asked().into_iter().chain(order).collect());
        assert!(left(&tables).is_empty());
    }
}

#[test]
fn a_return_that_needs_no_finish_ends_its_question_and_a_finish_that_crossed_is_none_too_many() {
    let short = || give_back(Return { no_finish_needed: true, ..results(4, vec![]) });
    let mut script = vec![(Left, ask(4)), (Right, short())];
    assert!(left(&said(script)).is_empty());
    script = vec![(Left, ask(4)), (Right, short()), (Left, finish(4, false))];
    assert!(left(&said(script)).is_empty());
}

#[test]
fn references_are_counted_where_they_are_given_and_where_they_are_dropped() {
    let script = || vec![(Left, call(0, on_results(9), vec![hosted(1), hosted(1), hosted(2)]))];
    let mut tables = Tables::default();
    for (from, message) in script() {
        // There is no q9: that is told, and the call followed all the same.
        assert_eq!(tables.observe(0, from, &message).notes, ["q9 is not open"]);
    }
    assert_eq!(left(&tables), ["left q0 Open", "left e1 ×2", "left e2 ×1"]);
    let step = tables.observe(1, Right, &release(1, 1));
    assert_eq!(step.changes.len(), 1);
    assert_eq!(left(&tables), ["left q0 Open", "left e1 ×1", "left e2 ×1"]);
    // Those of the params go with the Return.
    let released = Return { release_param_caps: true, ..results(0, vec![]) };
    let step = tables.observe(2, Right, &give_back(released));
    assert_eq!(step.notes, ["e1 is released, which is not exported"], "it was released before");
    assert_eq!(left(&tables), ["left q0 Returned"]);
}

#[test]
fn results_are_released_with_a_finish_that_says_so_before_or_behind_the_return() {
    let returned = || (Right, give_back(results(0, vec![hosted(5)])));
    for script in [
        vec![(Left, ask(0)), returned(), (Left, finish(0, true))],
        vec![(Left, ask(0)), (Left, finish(0, true)), returned()],
    ] {
        assert!(left(&said(script)).is_empty());
    }
    let kept = vec![(Left, ask(0)), returned(), (Left, finish(0, false))];
    assert_eq!(left(&said(kept)), ["right e5 ×1"]);
}

#[test]
fn a_promise_is_resolved_and_an_embargo_set_and_lifted() {
    let promise = CapDescriptor::SenderPromise(ExportId(6));
    let lift = |context| Message::Disembargo(Disembargo { target: on(6), context });
    let resolution = Resolution::Cap(hosted(7));
    let script = vec![
        (Left, ask(0)),
        (Right, give_back(results(0, vec![promise]))),
        (Right, Message::Resolve(Resolve { promise: ExportId(6), resolution })),
        (Left, lift(Context::SenderLoopback(EmbargoId(2)))),
    ];
    let held = ["left q0 Returned", "right e6 ×1", "right e7 ×1", "left m2 i6"];
    let mut tables = said(script);
    assert_eq!(left(&tables), held);
    let step = tables.observe(4, Right, &lift(Context::ReceiverLoopback(EmbargoId(2))));
    assert!(step.notes.is_empty());
    assert_eq!(left(&tables), held[..3]);
}

#[test]
fn what_cannot_be_is_told_and_changes_nothing_it_should_not() {
    let mut tables = Tables::default();
    let told: [(Side, Message, &str); 6] = [
        (Right, give_back(results(3, vec![])), "q3 is returned, and was not open"),
        (Left, finish(3, false), "q3 is finished, and was not open"),
        (Left, release(8, 1), "e8 is released, which is not exported"),
        (Left, call(1, on(77), vec![]), "i77 is not exported by the other side"),
        (Left, call(1, on_results(1), vec![]), "q1 is asked again, and was not over"),
        (
            Right,
            Message::Disembargo(Disembargo {
                target: on(0),
                context: Context::ReceiverLoopback(EmbargoId(1)),
            }),
            "m1 is lifted, and was not set",
        ),
    ];
    for (number, (from, message, note)) in told.iter().enumerate() {
        assert_eq!(tables.observe(number as u64, *from, message).notes, [*note]);
    }
    assert_eq!(left(&tables), ["left q1 Open"]);
}

#[test]
fn entries_beyond_the_limit_are_not_followed_and_room_comes_back() {
    let limits = TablesLimits { entries_max: 3, ..TablesLimits::default() };
    let mut tables = Tables::new(limits);
    let observe = |tables: &mut Tables, message| -> Step { tables.observe(0, Left, &message) };
    for question in 0..3 {
        assert!(observe(&mut tables, ask(question)).notes.is_empty(), "q{question} is the last");
    }
    let step = observe(&mut tables, ask(3));
    assert_eq!(step.notes, ["there are too many entries: one is not followed"]);
    assert_eq!(tables.entries().count(), 3);
    observe(&mut tables, finish(0, false));
    tables.observe(0, Right, &give_back(results(0, vec![])));
    assert!(observe(&mut tables, ask(3)).notes.is_empty());
}

#[test]
fn capabilities_beyond_the_limit_are_not_remembered_with_their_question() {
    let limits = TablesLimits { caps_max: 2, ..TablesLimits::default() };
    let mut tables = Tables::new(limits);
    tables.observe(0, Right, &ask(0));
    let with =
        |question, count: u32| call(question, on_results(0), (0..count).map(hosted).collect());
    assert!(tables.observe(1, Right, &with(1, 2)).notes.is_empty());
    let step = tables.observe(2, Right, &with(2, 1));
    assert_eq!(step.notes, ["too many capabilities to remember which went with this"]);
    // The Return of the first makes room.
    let released =
        |answer| give_back(Return { release_param_caps: true, ..results(answer, vec![]) });
    tables.observe(3, Left, &released(1));
    assert!(tables.observe(4, Right, &with(3, 2)).notes.is_empty());
    tables.observe(5, Left, &released(3));
    // Of the one that was not remembered the export stays: its release is not known.
    tables.observe(6, Left, &released(2));
    let export = Key { table: Table::Exports, owner: Right, id: 0 };
    assert!(tables.get(export).is_some());
}

#[test]
fn a_question_for_its_pipeline_alone_is_over_with_its_finish() {
    let mut tables = Tables::default();
    let Message::Call(mut alone) = call(1 << 31, on_results(0), vec![]) else { return };
    alone.only_promise_pipeline = true;
    tables.observe(0, Left, &Message::Call(alone));
    let key = Key { table: Table::Questions, owner: Left, id: 1 << 31 };
    assert!(matches!(tables.get(key), Some(Entry::Question(asked)) if asked.life == Life::Open));
    assert!(tables.observe(1, Left, &finish(1 << 31, false)).notes.is_empty());
    assert!(tables.get(key).is_none());
    // A peer may return it nevertheless.
    assert!(tables.observe(2, Right, &give_back(results(1 << 31, vec![]))).notes.is_empty());
}
