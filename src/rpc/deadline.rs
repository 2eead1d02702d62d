//! A deadline gives a call up when its time has come.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::runtime::{Local, TimerId};
use crate::wire::Exception;

use super::promise::Promise;
use super::reply::Reply;

impl Promise {
    /// The outcome, if it comes before `due`; after that the call is cancelled.
    ///
    /// The vat's own clock counts: whoever runs its turns says what time it is. To be polled on the
    /// vat's thread; elsewhere time stands still for it.
    pub fn deadline(self, due: Instant) -> Deadline {
        Deadline { promise: Some(self), due, timer: None }
    }
}

/// A promise that is given up at a time. See [`Promise::deadline`]. Cancel safe.
#[must_use = "dropping a promise cancels its call"]
pub struct Deadline {
    promise: Option<Promise>,
    due: Instant,
    timer: Option<(Local, TimerId, Waker)>,
}

impl Deadline {
    fn set_timer(&mut self, here: &Local, waker: &Waker) {
        // Clones are compared: a waker need not be told from them.
        let new = waker.clone();
        if self.timer.as_ref().is_some_and(|(_, _, known)| known.will_wake(&new)) {
            return;
        }
        self.cancel_timer();
        let id = here.set_timer(self.due, new.clone());
        self.timer = Some((here.clone(), id, new));
    }

    fn cancel_timer(&mut self) {
        if let Some((here, id, _)) = self.timer.take() {
            here.cancel_timer(id);
        }
    }
}

impl Future for Deadline {
    /// `overloaded` when the time has come: asking again later may work.
    type Output = Result<Reply, Exception>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(promise) = &mut self.promise else {
            return Poll::Ready(Err(Exception::failed("the results were taken")));
        };
        let here = promise.here();
        if let Poll::Ready(outcome) = Pin::new(promise).poll(cx) {
            self.promise = None;
            self.cancel_timer();
            return Poll::Ready(outcome);
        }
        let Some(here) = here else { return Poll::Pending };
        if here.now().is_some_and(|now| now >= self.due) {
            self.promise = None;
            self.cancel_timer();
            return Poll::Ready(Err(Exception::overloaded("the deadline of the call has passed")));
        }
        self.set_timer(&here, cx.waker());
        Poll::Pending
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.cancel_timer();
    }
}
