//! Making a call that waits in the lobby.

use crate::runtime::Local;

use super::super::ask::Op;
use super::super::held::Held;
use super::super::path::MethodPath;
use super::asked::{Home, To};
use super::seat::Seat;
use super::ticket::Ticket;
use super::waiting::Waiting;

/// Room for one call of the vat `here`, behind all calls made so far. [`Local::may_wait_in_lobby`] said that it may
/// wait there.
pub(in crate::worker) struct Room<'a> {
    here: &'a Local,
    waiting: &'a Waiting,
    to: To,
}

impl<'a> Room<'a> {
    /// For a call of what a stub stands for. `None`: such calls go by the graph.
    #[inline]
    pub(in crate::worker) fn of_stub(here: &'a Local, stub: &Held) -> Option<Self> {
        let waiting = here.lobby::<Waiting>()?;
        Some(Self { here, waiting, to: To::Object(Home::of_stub(here, stub)?) })
    }

    /// For a call of what the call `before` will bring, which is to be made then. `None`: that is in the graph.
    #[inline(always)]
    pub(in crate::worker) fn behind(here: &'a Local, before: Ticket) -> Option<Self> {
        let waiting = here.lobby::<Waiting>()?;
        let follows = waiting.rows(|rows| rows.follow(before));
        follows.then_some(Self { here, waiting, to: To::Result(before) })
    }

    /// Makes the call, with arguments that take so many bytes and are nothing but data.
    #[inline(always)]
    pub(in crate::worker) fn keep(self, path: MethodPath, op: Op, bytes: u64) -> Seat {
        let ticket = self.waiting.push(self.to, path, op, bytes);
        self.here.keep_ahead();
        Seat::new(self.here, ticket)
    }
}
