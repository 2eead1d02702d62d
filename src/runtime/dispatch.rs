//! What the runtime asks of an object: take a call, and answer it now or later.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::vat::{CallId, Cap, Outcome, Payload, Request};
use crate::wire::Exception;

use super::quiet::drop_quietly;

/// A future of this thread.
pub type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// An object a vat hosts.
pub trait Dispatch: Any {
    /// Takes a call. Runs while the vat is not borrowed: it may use the vat as it likes. `cx` is
    /// that of the task the call becomes if it is not answered now.
    fn dispatch(self: Rc<Self>, delivery: Delivery, cx: &mut Context<'_>) -> Answer;

    /// Where what answers lies in memory, for an owner who wants to know it again.
    fn address(&self) -> Option<usize> {
        None
    }
}

/// A call as it reaches its object.
#[derive(Debug)]
pub struct Delivery {
    /// The call, for `set_pipeline`.
    pub call: CallId,
    /// The type id of the interface.
    pub interface: u64,
    /// The ordinal of the method.
    pub method: u16,
    /// What is passed. The object owns its references.
    pub params: Payload,
}

/// An object's answer.
pub enum Answer {
    /// Here it is.
    Now(Conclusion),
    /// When this future is done, which was not polled yet. It is dropped when the call is cancelled.
    Later(LocalFuture<Conclusion>),
    /// The same, but it was polled and is pending.
    Waiting(LocalFuture<Conclusion>),
}

impl Answer {
    /// The answer of a future that can be polled where it is: it gets a box only if it has to wait.
    pub fn of<F: Future<Output = Conclusion> + Unpin + 'static>(
        future: F,
        cx: &mut Context<'_>,
    ) -> Self {
        match Polled::of(future, cx) {
            Polled::Ready(conclusion) => Self::Now(conclusion),
            Polled::Pending(future) => Self::Waiting(Box::pin(future)),
            Polled::Panicked => Self::panicked(),
        }
    }

    /// The object panicked.
    #[must_use]
    pub fn panicked() -> Self {
        Self::Now(Conclusion::panicked())
    }
}

/// What came of polling foreign code once.
pub enum Polled<F: Future> {
    /// It is done, and dropped.
    Ready(F::Output),
    /// It is not.
    Pending(F),
    /// It panicked, and is dropped.
    Panicked,
}

impl<F: Future + Unpin> Polled<F> {
    /// Polls foreign code once. A panic ends only itself.
    #[inline]
    pub fn of(future: F, cx: &mut Context<'_>) -> Self {
        let (mut output, mut future) = (None, Some(future));
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let Some(polled) = &mut future else { return };
            if let Poll::Ready(ready) = Pin::new(polled).poll(cx) {
                output = Some(ready);
                // It may panic, too, and is done all the same.
                future = None;
            }
        }));
        match (output, future) {
            (Some(output), _) => Self::Ready(output),
            (None, Some(future)) if polled.is_ok() => Self::Pending(future),
            (None, future) => {
                drop_quietly(future);
                Self::Panicked
            }
        }
    }
}

/// How an object ends a call.
#[derive(Debug)]
pub enum Conclusion {
    /// With an outcome, whose references are given away.
    Return(Outcome),
    /// With the outcome of another call, made here (a tail call). The reference of the capability
    /// and those in the request are given away.
    Redirect(Cap, Request),
}

impl Conclusion {
    pub(super) fn panicked() -> Self {
        Self::Return(Err(Exception::failed("the object panicked")))
    }
}
