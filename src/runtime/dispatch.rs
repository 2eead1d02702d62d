//! What the runtime asks of an object: take a call, and answer it now or later.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use crate::vat::{CallId, Cap, Outcome, Payload, Request};

/// A future of this thread.
pub type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// An object a vat hosts.
pub trait Dispatch {
    /// Takes a call. Runs while the vat is not borrowed: it may use the vat as it likes.
    fn dispatch(self: Rc<Self>, delivery: Delivery) -> Answer;
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
    /// When this future is done. It is dropped when the call is cancelled.
    Later(LocalFuture<Conclusion>),
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
