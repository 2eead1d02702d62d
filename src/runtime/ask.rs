//! Asking for an outcome drives the vat: most calls within a vat are delivered and answered right then.

use std::task::Waker;

use crate::vat::{CallId, Ends, Outcome, Request};

use super::dispatch::{Conclusion, Delivery};
use super::doors;
use super::local::Local;
use super::turn::During;

impl Local {
    /// The outcome of a call, once, if it is there or comes of what is queued here; else `waker` is
    /// woken when there is more to ask. Delivers what is queued, and does all else a driver would
    /// where there is none.
    #[inline]
    pub fn poll_outcome(&self, call: CallId, ends: Ends, waker: &Waker) -> Option<Outcome> {
        self.read_mail();
        if let Some(outcome) = self.ask_target(call, ends) {
            doors::collected(self.id(), call, &outcome);
            return Some(outcome);
        }
        let collect = || self.with(|graph| graph.collect_and_end(call, ends));
        let outcome = collect().or_else(|| {
            self.pump(waker);
            collect()
        });
        match &outcome {
            Some(outcome) => doors::collected(self.id(), call, outcome),
            None if !self.mailbox().is_closed() => self.await_outcome(call, waker),
            None => {}
        }
        outcome
    }

    /// The outcome of a call that is the next to be delivered and is answered at once: what
    /// [`pump`](Self::pump) comes to, on the shortest way.
    #[inline]
    fn ask_target(&self, call: CallId, ends: Ends) -> Option<Outcome> {
        if self.has_releases() {
            return None;
        }
        // Where nobody drives this is a turn, which sees to all that comes up in it.
        let turning = (!self.is_driven()).then(|| During::new(&self.inner().turning, true));
        let during = self.nest()?;
        let (target, request) = self.with(|graph| graph.take_first(call))?;
        let Request { interface, method, params } = request;
        let conclusion = self.hand_over(target, Delivery { call, interface, method, params })?;
        if matches!(conclusion, Conclusion::Return(_)) {
            doors::returned(self.id(), call, &conclusion);
        }
        let outcome = match conclusion {
            Conclusion::Return(outcome) => self.with(|graph| graph.answer(call, outcome, ends)),
            redirect @ Conclusion::Redirect(..) => {
                self.conclude(call, redirect);
                None
            }
        };
        drop(during);
        // What came up beside it, and those that were queued behind it, have their turn, as if it had
        // not been asked for.
        match turning {
            Some(turning) => {
                drop(turning);
                self.catch_up();
            }
            None if self.with(|graph| graph.has_queued()) => self.drain(),
            None => {}
        }
        outcome
    }
}
