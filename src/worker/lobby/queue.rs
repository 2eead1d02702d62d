//! The queue of a lobby: what waits to be asked, and of whom.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::vat::Cap;

use super::super::ask::Op;
use super::super::host::Hosted;
use super::super::path::MethodPath;
use super::ticket::Ticket;

/// An object of the vat.
#[derive(Clone)]
pub(super) struct Home {
    pub(super) object: Rc<Hosted>,
    /// The node it was found by, which is gone once nobody has a reference of it.
    pub(super) node: Cap,
}

/// Whom a call is for.
#[derive(Clone)]
pub(super) enum To {
    Object(Home),
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

/// Where a call stands: the calls before it are counted, those of all times.
#[derive(Clone, Copy)]
pub(super) struct Position(u64);

/// The calls that wait, in their order.
#[derive(Default)]
pub(super) struct Queue {
    /// How many left it.
    gone: u64,
    /// `None`: it was given up.
    calls: VecDeque<Option<(Ticket, Asked)>>,
}

impl Queue {
    /// The position of the call that is put here next.
    #[inline]
    pub(super) fn next_position(&self) -> Position {
        Position(self.gone + self.calls.len() as u64)
    }

    #[inline]
    pub(super) fn push(&mut self, ticket: Ticket, asked: Asked) {
        self.calls.push_back(Some((ticket, asked)));
    }

    /// The first of those that were not given up.
    #[inline]
    pub(super) fn front_mut(&mut self) -> Option<(Ticket, &mut Asked)> {
        while let Some(None) = self.calls.front() {
            self.calls.pop_front();
            self.gone += 1;
        }
        self.calls.front_mut()?.as_mut().map(|(ticket, asked)| (*ticket, asked))
    }

    /// Takes the first away.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(Ticket, Asked)> {
        self.front_mut()?;
        self.gone += 1;
        self.calls.pop_front()?
    }

    /// Gives one up: what it would have asked.
    pub(super) fn take(&mut self, position: Position) -> Option<Asked> {
        let at = usize::try_from(position.0.checked_sub(self.gone)?).ok()?;
        self.calls.get_mut(at)?.take().map(|(_, asked)| asked)
    }
}
