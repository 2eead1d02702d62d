//! The calls of a lobby: what each asks of whom, and what became of it.

use std::collections::VecDeque;

use crate::vat::{CallId, Cap};

use super::super::ask::Op;
use super::super::error::JsError;
use super::super::path::MethodPath;
use super::super::returned::Got;

/// Names a call that was kept in the lobby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::worker) struct Ticket {
    index: u32,
    generation: u32,
}

/// Whom a call is for.
#[derive(Clone, Copy)]
pub(super) enum To {
    /// An object; the call has one reference.
    Cap(Cap),
    /// What another call will bring; the call has an interest in it.
    Result(Ticket),
}

/// A call that was not made yet, with params in which nothing is but data of so many bytes.
pub(super) struct Asked {
    pub(super) to: To,
    pub(super) path: MethodPath,
    pub(super) op: Op,
    pub(super) bytes: u64,
}

/// The life of a call.
pub(super) enum Life {
    Waiting(Asked),
    /// Its object, whose node this is, is at it.
    Running(Cap),
    /// The same, and it entered the graph meanwhile.
    Promoted(CallId),
    /// The same, and its promise holds it there.
    Handed(CallId),
    /// It is in the graph. Its row holds what its caller does.
    Entered(CallId),
    Done(Result<Got, JsError>),
    /// Nobody is interested; there is no such call any more.
    Over,
}

struct Row {
    generation: u32,
    /// Its promise, and the calls that wait for what it will bring.
    interests: u32,
    life: Life,
}

/// Who is there to be told that an object answered.
pub(super) enum Heard {
    /// Whoever had it asked, who takes what came; the call is forgotten.
    Asker,
    /// Its promise, or calls that wait for what it brings.
    Others,
    /// Nobody; the call is forgotten.
    Nobody,
    /// The graph, where the call is by now.
    Graph(CallId),
}

/// The calls of a lobby.
#[derive(Default)]
pub(super) struct Rows {
    rows: Vec<Row>,
    free: Vec<u32>,
    /// Those that wait, and some that do no more.
    order: VecDeque<Ticket>,
}

impl Rows {
    #[inline]
    fn row(&mut self, ticket: Ticket) -> Option<&mut Row> {
        let row = self.rows.get_mut(ticket.index as usize)?;
        (row.generation == ticket.generation).then_some(row)
    }

    /// A call behind all others. Its promise is interested in it.
    pub(super) fn push(&mut self, asked: Asked) -> Ticket {
        let ticket = match self.free.pop() {
            Some(index) => self.renew(index, asked),
            None => {
                let index =
                    u32::try_from(self.rows.len()).expect("memory ends long before 2^32 calls");
                self.rows.push(Row { generation: 0, interests: 1, life: Life::Waiting(asked) });
                Ticket { index, generation: 0 }
            }
        };
        self.order.push_back(ticket);
        ticket
    }

    fn renew(&mut self, index: u32, asked: Asked) -> Ticket {
        // In bounds: only rows that are there are handed out or listed as free.
        let row = &mut self.rows[index as usize];
        (row.interests, row.life) = (1, Life::Waiting(asked));
        Ticket { index, generation: row.generation }
    }

    /// The call that is the next to be made, and whom it is for.
    pub(super) fn first(&mut self) -> Option<(Ticket, To)> {
        while let Some(ticket) = self.order.front().copied() {
            if let Some(Row { life: Life::Waiting(asked), .. }) = self.row(ticket) {
                return Some((ticket, asked.to));
            }
            self.order.pop_front();
        }
        None
    }

    /// Takes what is asked by the call that is the next, which comes to be of this life.
    pub(super) fn begin(&mut self, ticket: Ticket, life: Life) -> Option<Asked> {
        if self.order.front() == Some(&ticket) {
            self.order.pop_front();
        }
        match self.replace(ticket, life) {
            Life::Waiting(asked) => Some(asked),
            _ => None,
        }
    }

    /// How a call lives.
    pub(super) fn life(&mut self, ticket: Ticket) -> &Life {
        self.row(ticket).map_or(&Life::Over, |row| &row.life)
    }

    /// A call lives on like this: how it lived before.
    pub(super) fn replace(&mut self, ticket: Ticket, life: Life) -> Life {
        match self.row(ticket) {
            Some(row) => std::mem::replace(&mut row.life, life),
            None => Life::Over,
        }
    }

    /// One more is interested in a call, if it is in the lobby still.
    pub(super) fn follow(&mut self, ticket: Ticket) -> bool {
        match self.row(ticket) {
            Some(row) if matches!(row.life, Life::Waiting(_) | Life::Running(_)) => {
                row.interests += 1;
                true
            }
            _ => false,
        }
    }

    /// Others than the promise are interested in a call.
    pub(super) fn is_followed(&mut self, ticket: Ticket) -> bool {
        self.row(ticket).is_some_and(|row| row.interests > 1)
    }

    /// Somebody is interested in a call.
    pub(super) fn is_wanted(&mut self, ticket: Ticket) -> bool {
        self.row(ticket).is_some_and(|row| row.interests > 0)
    }

    /// One less is interested in a call. What is left of it where nobody is, and its object is not at it.
    #[inline]
    pub(super) fn lose(&mut self, ticket: Ticket) -> Option<Life> {
        let row = self.row(ticket)?;
        row.interests = row.interests.saturating_sub(1);
        let runs = matches!(row.life, Life::Running(_) | Life::Promoted(_) | Life::Handed(_));
        (row.interests == 0 && !runs).then(|| self.remove(ticket))
    }

    /// The object of a call answered, which `asker` had asked.
    #[inline]
    pub(super) fn end(&mut self, ticket: Ticket, asker: Ticket) -> Heard {
        let Some(row) = self.row(ticket) else { return Heard::Nobody };
        match row.life {
            Life::Promoted(call) | Life::Handed(call) => return Heard::Graph(call),
            _ if row.interests > 1 || row.interests == 1 && ticket != asker => {
                return Heard::Others;
            }
            _ => {}
        }
        let heard = if row.interests == 0 { Heard::Nobody } else { Heard::Asker };
        self.remove(ticket);
        heard
    }

    /// Forgets a call: what is left of it.
    pub(super) fn remove(&mut self, ticket: Ticket) -> Life {
        let Some(row) = self.row(ticket) else { return Life::Over };
        row.generation = row.generation.wrapping_add(1);
        let life = std::mem::replace(&mut row.life, Life::Over);
        self.free.push(ticket.index);
        life
    }
}
