//! A seat in the lobby is what the promise of a call that waits there holds.

use std::sync::Arc;

use crate::rpc::Promise;
use crate::runtime::{Local, Mailbox, VatId, leave, mailbox_of};
use crate::vat::CallId;

use super::super::error::JsError;
use super::super::received::Received;
use super::rows::{Life, Rows};
use super::ticket::Ticket;
use super::waiting::Waiting;

/// What came of a call that was kept in the lobby.
pub(in crate::worker) enum Came {
    /// Its outcome.
    Done(Result<Received, JsError>),
    /// It is in the graph.
    Entered(Promise),
}

/// The hold of a call that was kept in the lobby. Dropping it cancels the call, unless others wait for what it
/// will bring.
pub(in crate::worker) struct Seat {
    /// Not its mailbox: to count who has that takes longer than a call does otherwise.
    vat: VatId,
    /// `None` once it was given up for what came.
    ticket: Option<Ticket>,
    /// Others were made to wait for what the call brings.
    is_gone_on_from: bool,
}

impl Seat {
    pub(super) fn new(here: &Local, ticket: Ticket) -> Self {
        Self { vat: here.id(), ticket: Some(ticket), is_gone_on_from: false }
    }

    /// Which call it is, unless that was given up for what came.
    pub(in crate::worker) fn ticket(&self) -> Option<Ticket> {
        self.ticket
    }

    /// Others wait for what the call brings.
    pub(in crate::worker) fn go_on(&mut self) {
        self.is_gone_on_from = true;
    }

    /// Whether others waited for what the call brings.
    pub(in crate::worker) fn was_gone_on_from(&self) -> bool {
        self.is_gone_on_from
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
        let waits = waiting.rows(|rows| matches!(rows.life(ticket), Life::Waiting(_)));
        if waits {
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
                self.rows(|rows| rows.remove(ticket));
                Some(Came::Entered(Promise::of(here, call)))
            }
            Life::Running(node) => {
                Some(self.hand(here, ticket, here.quietly(|graph| graph.adopt(node))))
            }
            Life::Promoted(call) => Some(self.hand(here, ticket, call)),
            Life::Waiting(_) | Life::Handed(_) | Life::Over => None,
        }
    }

    /// The promise of a call that runs holds it in the graph from here on.
    fn hand(&self, here: &Local, ticket: Ticket, call: CallId) -> Came {
        self.rows(|rows| {
            rows.replace(ticket, Life::Handed(call));
            rows.lose(ticket);
        });
        Came::Entered(Promise::of(here, call))
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
