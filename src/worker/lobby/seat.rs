//! A seat in the lobby is what the promise of a call that waits there holds.

use std::sync::Arc;

use crate::rpc::Promise;
use crate::runtime::{Local, Mailbox, VatId, leave, mailbox_of};
use crate::vat::{CallId, Graph};

use super::super::error::JsError;
use super::super::received::Received;
use super::hint::Hint;
use super::rows::{Life, Rows};
use super::ticket::Ticket;
use super::waiting::Waiting;

/// What came of a call that was kept in the lobby.
pub(in crate::worker) enum Came {
    /// Its outcome.
    Done(Result<Received, JsError>),
    /// It is in the graph, and calls may have entered behind it that wait for what it will bring.
    Entered(Promise, WasFollowed),
}

/// Whether others were made to wait for what a call brings.
pub(in crate::worker) type WasFollowed = bool;

/// The hold of a call that was kept in the lobby. Dropping it cancels the call, unless others wait for what it
/// will bring.
pub(in crate::worker) struct Seat {
    /// Not its mailbox: to count who has that takes longer than a call does otherwise.
    vat: VatId,
    /// `None` once it was given up for what came.
    ticket: Option<Ticket>,
}

impl Seat {
    pub(super) fn new(here: &Local, ticket: Ticket) -> Self {
        Self { vat: here.id(), ticket: Some(ticket) }
    }

    /// Which call it is, unless that was given up for what came.
    pub(in crate::worker) fn ticket(&self) -> Option<Ticket> {
        self.ticket
    }

    /// Where to look for the call, to have others wait for what it brings.
    #[inline]
    pub(in crate::worker) fn hint(&self) -> Hint {
        Hint::of(self.vat, self.ticket)
    }

    /// The mailbox of the vat the call is of.
    pub(in crate::worker) fn mailbox(&self) -> Arc<Mailbox> {
        mailbox_of(self.vat)
    }

    /// The vat, if it lives on this thread.
    #[inline]
    pub(in crate::worker) fn here(&self) -> Option<Local> {
        Local::find(self.vat)
    }

    /// What comes of the call when its object is asked now, if it may be; a call that has to wait does so in the
    /// graph. `None`: the vat has ended, or the seat was given up.
    #[inline]
    pub(in crate::worker) fn ask(&mut self, here: &Local) -> Option<Came> {
        let waiting = here.lobby::<Waiting>()?;
        let ticket = self.ticket?;
        // What was posted before it is polled is there to be seen, as it is to who awaits a call of the graph.
        here.read_mail();
        if waiting.rows(|rows| rows.is_waiting(ticket)) {
            match here.ahead_of_graph(|| waiting.run(here, ticket)) {
                Some(Some(outcome)) => {
                    self.leave();
                    return Some(Came::Done(outcome));
                }
                Some(None) => {}
                None => here.enter_lobby(),
            }
        }
        self.give_up(here)
    }

    /// Has the call enter the graph, unless it is done. `None`: as for [`ask`](Self::ask).
    pub(in crate::worker) fn give_up(&mut self, here: &Local) -> Option<Came> {
        let came = take(here, self.ticket?)?;
        self.leave();
        Some(came)
    }

    /// Somebody took what came of the call.
    pub(in crate::worker) fn leave(&mut self) {
        self.ticket = None;
    }
}

/// Has a call enter the graph, unless it is done; its seat is to be [left](Seat::leave).
pub(in crate::worker) fn take(here: &Local, ticket: Ticket) -> Option<Came> {
    here.lobby::<Waiting>()?.take(here, ticket)
}

impl Waiting {
    fn take(&self, here: &Local, ticket: Ticket) -> Option<Came> {
        let is_over = |rows: &mut Rows| {
            matches!(rows.life(ticket), Life::Done(_) | Life::Entered(_))
                && !rows.is_followed(ticket)
        };
        if !self.rows(is_over) {
            here.enter_lobby();
        }
        match self.rows(|rows| rows.replace(ticket, Life::Over)) {
            Life::Done(outcome) => {
                self.rows(|rows| rows.remove(ticket));
                Some(Came::Done(outcome.map(Received::new)))
            }
            Life::Entered(call) => {
                let was_followed = self.rows(|rows| rows.was_followed(ticket));
                self.rows(|rows| rows.remove(ticket));
                Some(Came::Entered(Promise::of(here, call), was_followed))
            }
            Life::Running => Some(self.hand(here, ticket, here.quietly(Graph::adopt))),
            Life::Promoted(call) => Some(self.hand(here, ticket, call)),
            Life::Waiting(_) | Life::Handed(_) | Life::Over => None,
        }
    }

    /// The promise of a call that runs holds it in the graph from here on.
    fn hand(&self, here: &Local, ticket: Ticket, call: CallId) -> Came {
        let was_followed = self.rows(|rows| {
            rows.replace(ticket, Life::Handed(call));
            rows.lose(ticket);
            rows.was_followed(ticket)
        });
        Came::Entered(Promise::of(here, call), was_followed)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        let lose = move |here: &Local| {
            if let Some(waiting) = here.lobby::<Waiting>() {
                waiting.lose(here, ticket);
            }
        };
        match self.here() {
            Some(here) => lose(&here),
            None => leave(&self.mailbox(), lose),
        }
    }
}
