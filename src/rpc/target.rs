//! A target is an object that can be called.

use std::future::Future;
use std::rc::Rc;
use std::task::Context;

use capnp::any_pointer;

use crate::runtime::{Answer, Conclusion, Delivery, Dispatch, Handle, Local};
use crate::vat::CallId;
use crate::wire::Exception;

use super::client::Client;
use super::message::Draft;
use super::reply::Reply;
use super::request::Request;
use super::send::Outgoing;

/// An object of a vat. It lives on the vat's thread and need not be `Send`.
///
/// Calls arrive in order; each runs until its future is done, beside the others. A call that is
/// cancelled has its future dropped.
pub trait Target: 'static {
    /// Takes a call, and answers it with [`Call::reply`] or [`Call::tail`].
    ///
    /// # Errors
    ///
    /// The caller gets the exception. A method the target does not have is
    /// [`Call::unimplemented`].
    fn call(
        self: Rc<Self>,
        call: Call,
    ) -> impl Future<Output = Result<Response, Exception>> + 'static;
}

impl<F, A> Target for F
where
    F: Fn(Call) -> A + 'static,
    A: Future<Output = Result<Response, Exception>> + 'static,
{
    fn call(
        self: Rc<Self>,
        call: Call,
    ) -> impl Future<Output = Result<Response, Exception>> + 'static {
        (*self)(call)
    }
}

impl Client {
    /// Hosts an object in a vat of this thread. It is dropped when the last reference to it is.
    #[must_use]
    pub fn new(here: &Local, target: impl Target) -> Self {
        host(here, Rc::new(target))
    }
}

impl Client {
    /// Hosts an object, made on the thread of the vat, from any thread.
    ///
    /// # Errors
    ///
    /// `disconnected`: the vat is gone.
    pub async fn export<T: Target>(
        handle: &Handle,
        make: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Self, Exception> {
        handle.run(move |here| host(here, Rc::new(make()))).await
    }
}

/// Hosts an object that is shared with its owner.
#[must_use]
pub fn host<T: Target>(here: &Local, target: Rc<T>) -> Client {
    Client::adopt(here, here.host(hosted(here, target)))
}

/// A target as an object of the vat.
pub(super) fn hosted<T: Target>(here: &Local, target: Rc<T>) -> Rc<dyn Dispatch> {
    Rc::new(Hosted { here: here.clone(), target })
}

struct Hosted<T> {
    here: Local,
    target: Rc<T>,
}

impl<T: Target> Dispatch for Hosted<T> {
    fn dispatch(self: Rc<Self>, delivery: Delivery, _: &mut Context<'_>) -> Answer {
        let here = self.here.clone();
        let Delivery { call, interface, method, params } = delivery;
        let params = Reply::new(&here, params);
        let call =
            Call { here: here.clone(), call, interface, method, params, results: Draft::new() };
        let answer = Rc::clone(&self.target).call(call);
        Answer::Later(Box::pin(async move {
            match answer.await {
                Ok(response) => response.conclude(&here),
                Err(why) => Conclusion::Return(Err(why)),
            }
        }))
    }
}

/// A call that was received.
pub struct Call {
    here: Local,
    call: CallId,
    interface: u64,
    method: u16,
    params: Reply,
    results: Draft,
}

/// How a target answers.
pub struct Response(Answered);

enum Answered {
    Results(Draft),
    Tail(Outgoing),
}

impl Call {
    /// The type id of the interface.
    #[must_use]
    pub fn interface(&self) -> u64 {
        self.interface
    }

    /// The ordinal of the method within the interface.
    #[must_use]
    pub fn method(&self) -> u16 {
        self.method
    }

    /// The vat the target lives in.
    #[must_use]
    pub fn here(&self) -> &Local {
        &self.here
    }

    /// What was passed.
    #[must_use]
    pub fn params(&self) -> &Reply {
        &self.params
    }

    /// Takes what was passed, to keep it or to give its capabilities up early.
    #[must_use]
    pub fn take_params(&mut self) -> Reply {
        let nothing = Reply { content: crate::wire::Content::null(), caps: Vec::new() };
        std::mem::replace(&mut self.params, nothing)
    }

    /// Room for `words` words of results before a second segment is needed.
    pub fn reserve(&mut self, words: u32) {
        self.results.reserve(words);
    }

    /// Builds the results; may be called again to go on building.
    pub fn build<R>(&mut self, f: impl FnOnce(any_pointer::Builder<'_>) -> R) -> R {
        let here = &self.here;
        self.results.build(|| Some(here.clone()), f)
    }

    /// Lets the caller's pipelined calls go to the capabilities that `f` builds here, before the
    /// call returns. What it returns later must hold the same ones.
    pub fn set_pipeline(&mut self, f: impl FnOnce(any_pointer::Builder<'_>)) {
        let mut early = Draft::new();
        early.build(|| Some(self.here.clone()), f);
        let early = early.payload(&self.here);
        let call = self.call;
        self.here.change(|graph| graph.set_pipeline(call, early));
    }

    /// Answers with what was built, or with nothing.
    #[must_use]
    pub fn reply(self) -> Response {
        Response(Answered::Results(self.results))
    }

    /// Answers with what `request` will return. The results go to the caller without passing
    /// through here where that can be, and what is pipelined on this call is pipelined on that.
    #[must_use]
    pub fn tail(self, request: Request) -> Response {
        Response(Answered::Tail(request.finish()))
    }

    /// The exception for a method the target does not have. (C-X3)
    #[must_use]
    pub fn unimplemented(&self) -> Exception {
        Exception::unimplemented(format!(
            "there is no method {} of interface {:#018x} here",
            self.method, self.interface
        ))
    }
}

impl Response {
    fn conclude(self, here: &Local) -> Conclusion {
        match self.0 {
            Answered::Results(results) => Conclusion::Return(Ok(results.payload(here))),
            Answered::Tail(request) => match request.ready(here) {
                Ok((cap, request)) => Conclusion::Redirect(cap, request),
                Err(why) => Conclusion::Return(Err(why)),
            },
        }
    }
}
