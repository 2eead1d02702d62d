//! What a vat keeps of its lobby.

use std::cell::RefCell;

use crate::runtime::Local;

use super::super::ask::Op;
use super::super::path::MethodPath;
use super::asked::To;
use super::rows::{Left, Life, Rows};
use super::ticket::Ticket;

/// The calls of a vat that wait in its lobby.
#[derive(Default)]
pub(super) struct Waiting(RefCell<Rows>);

impl Waiting {
    /// Does something with the calls, which runs no foreign code and drops nothing of theirs.
    #[inline(always)]
    pub(super) fn rows<R>(&self, f: impl FnOnce(&mut Rows) -> R) -> R {
        f(&mut self.0.borrow_mut())
    }

    // What follows does as `rows` does, and without a closure, which would take what is large along in memory.

    /// A call that was begun lives on like this, unless nobody is interested: then that is given back.
    #[inline(always)]
    pub(super) fn go_on(&self, ticket: Ticket, life: Life) -> Option<Life> {
        self.0.borrow_mut().go_on(ticket, life)
    }

    /// A call behind all others.
    #[inline(always)]
    pub(super) fn push(&self, to: To, path: MethodPath, op: Op, bytes: u64) -> Ticket {
        self.0.borrow_mut().push(to, path, op, bytes)
    }

    /// Nobody is interested in what came of a call any more, or one less is.
    #[inline(always)]
    pub(super) fn lose(&self, here: &Local, ticket: Ticket) {
        let left = self.0.borrow_mut().lose(ticket);
        match left {
            // As `let_go` does, without going there: what most calls end as.
            Some(Left::Life(Life::Done(outcome))) => drop(outcome),
            Some(left) => self.let_go(here, left),
            None => {}
        }
    }

    /// Lets go of what is left of a call.
    pub(super) fn let_go(&self, here: &Local, left: Left) {
        let mut left = left;
        loop {
            match left {
                Left::Asked(given_up) => match given_up.0 {
                    To::Object(home) => return home.leave(here),
                    To::Result(ticket) => {
                        let Some(next) = self.rows(|rows| rows.lose(ticket)) else { return };
                        left = next;
                    }
                },
                Left::Life(Life::Entered(call)) => {
                    here.drop_result(call);
                    return here.drop_pipeline(call);
                }
                Left::Life(_) => return,
            }
        }
    }
}
