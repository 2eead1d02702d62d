//! The calls of a lobby, and what became of each.

use crate::vat::{CallId, Cap};

use super::super::ask::Op;
use super::super::error::JsError;
use super::super::path::MethodPath;
use super::super::returned::Got;
use super::queue::{Asked, Home, Position, Queue, To};
use super::ticket::Ticket;

/// The call that is the next to be made.
pub(super) enum Next {
    /// Its object is at it from here on.
    Runs(Ticket, Home, MethodPath, Op),
    /// It is for what this other call brings.
    Behind(Ticket, Ticket),
}

/// The life of a call.
pub(super) enum Life {
    /// It stands in the queue, here.
    Waiting(Position),
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

/// What is left of a call nobody is interested in.
pub(super) enum Left {
    /// What it would have asked.
    Asked(Asked),
    Life(Life),
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
    queue: Queue,
}

impl Rows {
    #[inline]
    fn row(&mut self, ticket: Ticket) -> Option<&mut Row> {
        let row = self.rows.get_mut(ticket.index as usize)?;
        (row.generation == ticket.generation).then_some(row)
    }

    /// A call behind all others. Its promise is interested in it.
    #[inline]
    pub(super) fn push(&mut self, asked: Asked) -> Ticket {
        let life = Life::Waiting(self.queue.next_position());
        let ticket = match self.free.pop() {
            Some(index) => {
                // In bounds: only rows that are there are handed out or listed as free.
                let row = &mut self.rows[index as usize];
                (row.interests, row.life) = (1, life);
                Ticket { index, generation: row.generation }
            }
            None => self.lengthen(life),
        };
        self.queue.push(ticket, asked);
        ticket
    }

    #[cold]
    fn lengthen(&mut self, life: Life) -> Ticket {
        let index = u32::try_from(self.rows.len()).expect("memory ends long before 2^32 calls");
        self.rows.push(Row { generation: 0, interests: 1, life });
        Ticket { index, generation: 0 }
    }

    /// The call that is the next to be made, and whom it is for. It waits on.
    pub(super) fn first(&mut self) -> Option<(Ticket, To)> {
        self.queue.front_mut().map(|(ticket, asked)| (ticket, asked.to.clone()))
    }

    /// The call that is the next to be made, as soon as it can be said of whom.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Next> {
        if let (ticket, Asked { to: To::Result(before), .. }) = self.queue.front_mut()? {
            return Some(Next::Behind(ticket, *before));
        }
        let (ticket, asked) = self.queue.pop()?;
        let Asked { to: To::Object(home), path, op, .. } = asked else { return None };
        if let Some(row) = self.row(ticket) {
            row.life = Life::Running(home.node);
        }
        Some(Next::Runs(ticket, home, path, op))
    }

    /// Takes what is asked by a call, if it is the next still. It comes to be of this life.
    pub(super) fn begin(&mut self, ticket: Ticket, life: Life) -> Option<Asked> {
        let (first, _) = self.queue.front_mut()?;
        if first != ticket {
            return None;
        }
        self.replace(ticket, life);
        self.queue.pop().map(|(_, asked)| asked)
    }

    /// The call that is the next is for this: what it was behind before.
    pub(super) fn aim(&mut self, ticket: Ticket, home: Home) -> Option<Ticket> {
        match self.queue.front_mut()? {
            (first, asked) if first == ticket => {
                match std::mem::replace(&mut asked.to, To::Object(home)) {
                    To::Result(before) => Some(before),
                    To::Object(_) => None,
                }
            }
            _ => None,
        }
    }

    /// How a call lives.
    #[inline]
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
    pub(super) fn lose(&mut self, ticket: Ticket) -> Option<Left> {
        let row = self.row(ticket)?;
        row.interests = row.interests.saturating_sub(1);
        if row.interests > 0 {
            return None;
        }
        match row.life {
            Life::Running(_) | Life::Promoted(_) | Life::Handed(_) => None,
            Life::Waiting(position) => {
                self.remove(ticket);
                self.queue.take(position).map(Left::Asked)
            }
            _ => Some(Left::Life(self.remove(ticket))),
        }
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
        row.generation = row.generation.wrapping_add(1);
        row.life = Life::Over;
        self.free.push(ticket.index);
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
