//! Two directions that were recorded apart, brought into an order in which they can have been said.

use std::iter::Peekable;

use super::entry::Life;
use super::side::Side;
use super::tables::{Tables, TablesLimits};
use crate::wire::{CapDescriptor, Context, Message, MessageTarget, Outcome, Payload, Resolution};

/// Whether a message can come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Readiness {
    /// What it is about is not there yet.
    Not,
    /// It can, but then it is unusual: a Finish before the Return.
    Unusual,
    /// What it is about is there.
    Ready,
}

/// Puts the messages of two directions into one order that `told` is shown: nobody answers what was
/// not asked, or calls what was not given to them. Who speaks goes on for as long as that is so, and so what
/// was sent before an answer came stands in front of it.
///
/// A recording of one direction says nothing of times; this is one of the orders that can have been. Where there is none,
/// as some of what was said is missing, each direction keeps its own.
pub fn weave(left: Vec<Message>, right: Vec<Message>, mut told: impl FnMut(Side, Message)) {
    let mut tables = Tables::new(TablesLimits::default());
    let mut queues = [left.into_iter().peekable(), right.into_iter().peekable()];
    let mut side = Side::Left;
    let mut number = 0;
    while let Some((from, message)) = next(&tables, side, &mut queues) {
        side = from;
        tables.observe(number, from, &message);
        number += 1;
        told(from, message);
    }
}

type Queues = [Peekable<std::vec::IntoIter<Message>>; 2];

fn next(tables: &Tables, side: Side, queues: &mut Queues) -> Option<(Side, Message)> {
    let mut head = |side: Side| {
        let [left, right] = &mut *queues;
        let queue = if side == Side::Left { left } else { right };
        queue.peek().map(|message| readiness(tables, side, message))
    };
    let (here, there) = (head(side), head(side.other()));
    // `None`, for an empty queue, is less than any.
    let from = if there > here { side.other() } else { side };
    let [left, right] = queues;
    let message = if from == Side::Left { left.next() } else { right.next() };
    message.map(|message| (from, message))
}

fn readiness(tables: &Tables, from: Side, message: &Message) -> Readiness {
    let when = |holds: bool| if holds { Readiness::Ready } else { Readiness::Not };
    match message {
        Message::Bootstrap(asked) => when(tables.question(from, asked.question.0).is_none()),
        Message::Call(call) => when(
            tables.question(from, call.question.0).is_none()
                && knows_target(tables, from, &call.target)
                && knows_caps(tables, from, &call.params),
        ),
        Message::Return(ret) => {
            let asked = tables.question(from.other(), ret.answer.0);
            let knows = match &ret.outcome {
                Outcome::Results(results) => knows_caps(tables, from, results),
                _ => true,
            };
            when(knows && asked.is_some_and(|asked| asked.life != Life::Returned))
        }
        Message::Finish(finish) => match tables.question(from, finish.question.0) {
            Some(asked) if asked.life == Life::Returned || asked.only_pipeline => Readiness::Ready,
            _ => Readiness::Unusual,
        },
        Message::Release(release) => {
            let given = tables.export(from.other(), release.import.0);
            when(given.is_some_and(|given| given.references >= release.reference_count.into()))
        }
        Message::Resolve(resolve) => match &resolve.resolution {
            Resolution::Cap(cap) => when(knows_cap(tables, from, cap)),
            _ => Readiness::Ready,
        },
        Message::Disembargo(lift) => match lift.context {
            Context::SenderLoopback(_) => when(knows_target(tables, from, &lift.target)),
            Context::ReceiverLoopback(id) => when(tables.is_embargoed(from.other(), id.0)),
            Context::Foreign(_) => Readiness::Unusual,
        },
        Message::Unimplemented(_) | Message::Abort(_) | Message::Foreign(_) => Readiness::Unusual,
    }
}

fn knows_target(tables: &Tables, from: Side, target: &MessageTarget) -> bool {
    match target {
        MessageTarget::ImportedCap(import) => tables.export(from.other(), import.0).is_some(),
        MessageTarget::PromisedAnswer(_) | MessageTarget::Foreign(_) => true,
    }
}

fn knows_caps(tables: &Tables, from: Side, payload: &Payload) -> bool {
    payload.caps.iter().all(|cap| knows_cap(tables, from, cap))
}

fn knows_cap(tables: &Tables, from: Side, cap: &CapDescriptor) -> bool {
    match cap {
        CapDescriptor::ReceiverHosted(import) => tables.export(from.other(), import.0).is_some(),
        _ => true,
    }
}
