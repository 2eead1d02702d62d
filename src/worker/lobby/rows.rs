//! The calls of a lobby, and what became of each.

use std::collections::VecDeque;

use crate::vat::CallId;

use super::super::ask::Op;
use super::super::error::JsError;
use super::super::held::Held;
use super::super::path::MethodPath;
use super::super::returned::Got;
use super::asked::{Asked, Home, To};
use super::ticket::{Generation, Ticket};

/// The call that is the next to be made.
pub(super) enum Next {
    /// Its object is at it from here on; and the call that brought the object, in which it has an interest still.
    Runs(Ticket, Home, Option<Ticket>),
    /// It is for what this other call brings.
    Behind(Ticket, Ticket),
}

/// The life of a call. With a tag of a word of its own: lives are changed often, and what is moved in bytes just
/// written as words waits for them.
#[repr(u64)]
pub(super) enum Life {
    /// It was not made yet, and stands in the queue.
    Waiting(To),
    /// Its object is at it.
    Running,
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
    generation: Generation,
    /// Its promise, and the calls that wait for what it will bring.
    interests: u32,
    /// There was such a call.
    was_followed: bool,
    life: Life,
    /// What it asks, until that was taken. Written and taken piece by piece: it is large, and calls are many.
    asked: Asked,
}

/// What is left of a call nobody is interested in.
pub(super) enum Left {
    /// Whom it was for, and what it would have asked.
    Asked(Box<(To, Asked)>),
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
    free: Vec<usize>,
    /// Those that wait, in their order; and those that did and were given up, until their turn comes.
    queue: VecDeque<Ticket>,
}

impl Rows {
    #[inline]
    fn row(&mut self, ticket: Ticket) -> Option<&mut Row> {
        let row = self.rows.get_mut(ticket.row())?;
        ticket.is_of(row.generation).then_some(row)
    }

    /// A call behind all others. Its promise is interested in it.
    #[inline(always)]
    pub(super) fn push(&mut self, to: To, path: MethodPath, op: Op, bytes: u64) -> Ticket {
        let index = self.free.pop().unwrap_or_else(|| self.lengthen());
        // In bounds: only rows that are there are handed out or listed as free.
        let row = &mut self.rows[index];
        (row.interests, row.was_followed) = (1, false);
        row.life = Life::Waiting(to);
        row.asked.path = path;
        row.asked.op = op;
        row.asked.bytes = bytes;
        let ticket = Ticket::new(index, row.generation);
        self.queue.push_back(ticket);
        ticket
    }

    #[cold]
    fn lengthen(&mut self) -> usize {
        let index = self.rows.len();
        let (life, asked) = (Life::Over, Asked::default());
        self.rows.push(Row {
            generation: Generation::FIRST,
            interests: 0,
            was_followed: false,
            life,
            asked,
        });
        index
    }

    /// The call that is the next to be made: the first of those that were not given up.
    #[inline]
    fn front(&mut self) -> Option<(Ticket, &To)> {
        while !self.is_waiting(*self.queue.front()?) {
            self.queue.pop_front();
        }
        let ticket = *self.queue.front()?;
        match self.life(ticket) {
            Life::Waiting(to) => Some((ticket, to)),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn is_waiting(&mut self, ticket: Ticket) -> bool {
        matches!(self.life(ticket), Life::Waiting(_))
    }

    /// The call that is the next to be made, and whom it is for. It waits on.
    pub(super) fn first(&mut self) -> Option<(Ticket, To)> {
        self.front().map(|(ticket, to)| (ticket, to.clone()))
    }

    /// The call that is the next to be made, as soon as it can be said of whom. `home` tells what object a stub that
    /// a call brought stands for.
    #[inline]
    pub(super) fn next(&mut self, home: impl FnOnce(&Held) -> Option<Home>) -> Option<Next> {
        let (ticket, to) = self.front()?;
        let (home, before) = match to {
            To::Object(home) => (home.clone(), None),
            To::Result(before) => {
                let before = *before;
                let brought = match self.life(before) {
                    Life::Done(Ok(Got::Stub(stub))) => home(&stub.0),
                    _ => None,
                };
                let Some(home) = brought else { return Some(Next::Behind(ticket, before)) };
                (home, Some(before))
            }
        };
        // The object that goes with the life before is not let go: it is held by what is returned.
        self.row(ticket)?.life = Life::Running;
        self.queue.pop_front();
        Some(Next::Runs(ticket, home, before))
    }

    /// There are calls that wait.
    #[inline]
    pub(super) fn has_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Takes what a call asks.
    #[inline]
    pub(super) fn take_asked(&mut self, ticket: Ticket) -> (MethodPath, Op) {
        match self.row(ticket) {
            Some(row) => (std::mem::take(&mut row.asked.path), std::mem::take(&mut row.asked.op)),
            None => Default::default(),
        }
    }

    /// Takes what is asked by a call, if it is the next still, and whom it was for. It comes to be of this life.
    pub(super) fn begin(&mut self, ticket: Ticket, life: Life) -> Option<(To, Asked)> {
        if *self.queue.front()? != ticket || !self.is_waiting(ticket) {
            return None;
        }
        self.queue.pop_front();
        let row = self.row(ticket)?;
        match std::mem::replace(&mut row.life, life) {
            Life::Waiting(to) => Some((to, std::mem::take(&mut row.asked))),
            _ => None,
        }
    }

    /// The call that is the next is for this: what it was behind before.
    pub(super) fn aim(&mut self, ticket: Ticket, home: Home) -> Option<Ticket> {
        match self.row(ticket).map(|row| &mut row.life) {
            Some(Life::Waiting(to)) => match std::mem::replace(to, To::Object(home)) {
                To::Result(before) => Some(before),
                To::Object(_) => None,
            },
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
    #[inline]
    pub(super) fn follow(&mut self, ticket: Ticket) -> bool {
        match self.row(ticket) {
            Some(row) if matches!(row.life, Life::Waiting(_) | Life::Running) => {
                row.interests += 1;
                row.was_followed = true;
                true
            }
            _ => false,
        }
    }

    /// Others than the promise are interested in a call.
    pub(super) fn is_followed(&mut self, ticket: Ticket) -> bool {
        self.row(ticket).is_some_and(|row| row.interests > 1)
    }

    /// Others than the promise are interested in a call, or were.
    pub(super) fn was_followed(&mut self, ticket: Ticket) -> bool {
        self.row(ticket).is_some_and(|row| row.was_followed)
    }

    /// One less is interested in a call. What is left of it where nobody is, and its object is not at it.
    #[inline(always)]
    pub(super) fn lose(&mut self, ticket: Ticket) -> Option<Left> {
        let row = self.row(ticket)?;
        row.interests = row.interests.saturating_sub(1);
        let is_kept = row.interests > 0
            || matches!(row.life, Life::Running | Life::Promoted(_) | Life::Handed(_));
        if is_kept {
            return None;
        }
        if let Life::Waiting(to) = &row.life {
            let asked = Box::new((to.clone(), std::mem::take(&mut row.asked)));
            // The object that goes with this life is not let go: it was just cloned.
            self.remove(ticket);
            return Some(Left::Asked(asked));
        }
        Some(Left::Life(self.remove(ticket)))
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
        row.generation = row.generation.next();
        row.life = Life::Over;
        self.free.push(ticket.row());
        heard
    }

    /// A call that was begun lives on like this, unless nobody is interested: then that is given back.
    #[inline(always)]
    pub(super) fn go_on(&mut self, ticket: Ticket, life: Life) -> Option<Life> {
        match self.row(ticket) {
            Some(row) if row.interests > 0 => row.life = life,
            Some(_) => {
                self.remove(ticket);
                return Some(life);
            }
            None => return Some(life),
        }
        None
    }

    /// Forgets a call: what is left of it.
    #[inline(always)]
    pub(super) fn remove(&mut self, ticket: Ticket) -> Life {
        let Some(row) = self.row(ticket) else { return Life::Over };
        row.generation = row.generation.next();
        let life = std::mem::replace(&mut row.life, Life::Over);
        self.free.push(ticket.row());
        life
    }
}
