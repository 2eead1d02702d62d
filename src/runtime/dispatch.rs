//! What the runtime asks of an object: take a call, and answer it now or later.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::vat::{CallId, Cap, Outcome, Payload, Request};
use crate::wire::Exception;

use super::quiet::{drop_quietly, poll_quietly};

/// A future of this thread.
pub type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// An object a vat hosts.
pub trait Dispatch {
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
        mut future: F,
        cx: &mut Context<'_>,
    ) -> Self {
        let polled = poll_quietly(Pin::new(&mut future), cx.waker());
        if let Some(Poll::Pending) = polled {
            return Self::Waiting(Box::pin(future));
        }
        drop_quietly(future);
        match polled {
            Some(Poll::Ready(conclusion)) => Self::Now(conclusion),
            _ => Self::Now(Conclusion::panicked()),
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
