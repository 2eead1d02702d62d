//! The promise of what a call will bring, and the way to what will be in it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use crate::rpc::{Client, Promise, Reply};
use crate::runtime::{Local, Mailbox, gone};
use crate::wire::{Exception, Path};

use super::error::JsError;
use super::exception::caught;
use super::host::{Object, host};
use super::parcel::Parcel;
use super::received::Received;
use super::returned::PIPELINE;
use super::stub::RpcStub;
use super::value::View;

/// The outcome of a call. Awaiting it gives what came; [`get`](Self::get) and [`call`](Self::call) go on with
/// what will come, at once. (Rules 2 and 12)
///
/// Dropping it cancels the call, unless something is pipelined on it; [`detach`](Self::detach) lets it run to
/// its end. Cancel safe.
#[must_use = "dropping a promise cancels its call"]
pub struct RpcPromise(Mutex<State>);

enum State {
    Pending(Promise),
    /// It came, in this vat if it is an object.
    Done(Received, Option<Arc<Mailbox>>),
    Failed(JsError),
    Disposed,
}

impl RpcPromise {
    pub(super) fn pending(promise: Promise) -> Self {
        Self(Mutex::new(State::Pending(promise)))
    }

    pub(super) fn failed(why: JsError) -> Self {
        Self(Mutex::new(State::Failed(why)))
    }

    /// Lets the call run to its end though nobody waits for it.
    pub fn detach(self) {
        if let State::Pending(promise) = self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
        {
            promise.detach();
        }
    }

    /// A stub of what will come. Without it, calls on it fail as this does.
    pub(super) fn stub(&self) -> RpcStub {
        self.root().unwrap_or_else(RpcStub::failed)
    }

    /// Gives up the result: the call is cancelled, or what it brought disposed. (Rule 48)
    pub fn dispose(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *state, State::Disposed);
        drop(state);
        if let State::Done(received, _) = before {
            received.dispose();
        }
    }

    /// The object that will be, or be in, the result, to be called once. (Rules 12 and 16)
    pub(super) fn root(&self) -> Result<RpcStub, JsError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Pending(promise) = &mut *state
            && let Some(outcome) = promise.take_now()
        {
            *state = State::came(outcome, promise.mailbox());
        }
        match &*state {
            State::Pending(promise) => {
                Ok(RpcStub::from_client(promise.cap(&Path::root().field(PIPELINE))))
            }
            State::Done(received, mailbox) => again(received, mailbox.as_ref()),
            State::Failed(why) => Err(why.clone()),
            State::Disposed => Err(disposed()),
        }
    }
}

fn disposed() -> JsError {
    JsError::error("RPC promise used after being disposed.")
}

/// An object for one more use of a result that is here already.
fn again(received: &Received, mailbox: Option<&Arc<Mailbox>>) -> Result<RpcStub, JsError> {
    if let Ok(stub) = received.stub() {
        return Ok(stub);
    }
    let Some(mailbox) = mailbox else {
        return Err(JsError::type_error("Can't pipeline on RPC that did not return an object."));
    };
    let value = received.value().clone();
    let client = match Local::find(mailbox.id()) {
        Some(here) => host(&here, Object::Plain(value)),
        None => Client::promised(mailbox, move |here| {
            let client = host(here, Object::Plain(value));
            client.lend(here).unwrap_or_else(|| here.with(|graph| graph.broken(gone())))
        }),
    };
    Ok(RpcStub::from_client(client))
}

impl State {
    fn came(outcome: Result<Reply, Exception>, mailbox: &Arc<Mailbox>) -> Self {
        let got = outcome.map_err(|why| caught(&why)).and_then(Parcel::take_got);
        match got {
            Ok(got) => {
                // Only an object can be gone on with.
                let object = matches!(got.value.view(), View::Object(_));
                Self::Done(Received::new(got), object.then(|| Arc::clone(mailbox)))
            }
            Err(why) => Self::Failed(why),
        }
    }
}

impl Future for RpcPromise {
    type Output = Result<Received, JsError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let State::Pending(promise) = state {
            let outcome = ready!(Pin::new(&mut *promise).poll(cx));
            *state = State::came(outcome, promise.mailbox());
        }
        Poll::Ready(match state {
            State::Done(received, _) => Ok(received.clone()),
            State::Failed(why) => Err(why.clone()),
            State::Pending(_) | State::Disposed => Err(disposed()),
        })
    }
}

impl std::fmt::Debug for RpcPromise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RpcPromise")
    }
}
