//! The promise of what a call will bring, and the way to what will be in it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use crate::rpc::{Client, Promise, on};
use crate::runtime::{Local, Mailbox, gone};
use crate::wire::Path;

use super::away::Away;
use super::error::JsError;
use super::exception::caught;
use super::lobby::{Came, Hint, Seat, Ticket, take};
use super::outcome::{again, can_go_on, no_object, received};
use super::received::Received;
use super::returned::PIPELINE;
use super::stub::RpcStub;

/// The outcome of a call. Awaiting it gives what came; [`get`](Self::get) and [`call`](Self::call) go on with
/// what will come, at once. (Rules 2 and 12)
///
/// Dropping it cancels the call, unless something is pipelined on it; [`detach`](Self::detach) lets it run to
/// its end. Cancel safe.
#[must_use = "dropping a promise cancels its call"]
pub struct RpcPromise {
    /// The call, if it was in the lobby at first and was not given up: others can wait there for what it will bring
    /// for as long as it is.
    kept: Hint,
    state: Mutex<State>,
}

enum State {
    /// Its call waits in the lobby of this thread's vat.
    Kept(Seat),
    /// Its call is in the graph; and what it is gone on from by, once it was.
    Pending(Promise, Option<Client>),
    /// It came to another thread.
    Away(Away),
    /// It came.
    Done(Received, Root),
    Failed(JsError),
    Disposed,
}

/// What a result that came is gone on from by.
enum Root {
    /// What it was gone on from by before it came: what was sent that way may be under way still, and is
    /// not to be overtaken. (C-E1)
    Known(Client),
    /// An object made of it, in this vat.
    Object(Arc<Mailbox>),
    /// The stub it is, if it is one.
    Itself,
}

impl RpcPromise {
    pub(super) fn pending(promise: Promise) -> Self {
        Self::of(State::Pending(promise, None))
    }

    /// The promise of a call that waits in the lobby.
    #[inline]
    pub(super) fn kept(seat: Seat) -> Self {
        Self { kept: seat.hint(), state: Mutex::new(State::Kept(seat)) }
    }

    pub(super) fn failed(why: JsError) -> Self {
        Self::of(State::Failed(why))
    }

    fn of(state: State) -> Self {
        Self { kept: Hint::none(), state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the call run to its end though nobody waits for it.
    pub fn detach(self) {
        match self.state.into_inner().unwrap_or_else(PoisonError::into_inner) {
            State::Kept(mut seat) => {
                on(&seat.mailbox(), move |here| {
                    if let Some(Came::Entered(promise, _)) = seat.give_up(here) {
                        promise.detach();
                    }
                });
            }
            State::Pending(promise, _) => promise.detach(),
            State::Away(away) => away.detach(),
            State::Done(..) | State::Failed(_) | State::Disposed => {}
        }
    }

    /// A stub of what will come. Without it, calls on it fail as this does.
    pub(super) fn stub(&self) -> RpcStub {
        self.root().unwrap_or_else(RpcStub::failed)
    }

    /// Gives up the result: the call is cancelled, or what it brought disposed. (Rule 48)
    pub fn dispose(&self) {
        self.kept.clear();
        let before = std::mem::replace(&mut *self.lock(), State::Disposed);
        if let State::Done(received, _) = before {
            received.dispose();
        }
    }

    /// The call, if it was in the lobby and others may wait there for what such a call brings.
    #[inline]
    pub(super) fn waiting(&self) -> Option<(Local, Ticket)> {
        let (here, ticket) = self.kept.find()?;
        here.may_wait_in_lobby().then_some((here, ticket))
    }

    /// The object that will be, or be in, the result, to be called once. (Rules 12 and 16)
    pub(super) fn root(&self) -> Result<RpcStub, JsError> {
        self.leave_lobby();
        let mut state = self.lock();
        if matches!(&*state, State::Pending(promise, _) if promise.is_away()) {
            state.depart();
        }
        if let State::Pending(promise, root) = &mut *state
            && let Some(outcome) = promise.take_now()
        {
            *state = State::of(received(outcome), promise.mailbox(), root.take());
        }
        match &mut *state {
            State::Pending(promise, root) => {
                Ok(RpcStub::from_client(root.get_or_insert_with(|| ahead(promise)).clone()))
            }
            State::Away(away) => Ok(RpcStub::from_client(away.root().clone())),
            State::Done(_, Root::Known(root)) => Ok(RpcStub::from_client(root.clone())),
            State::Done(received, Root::Object(mailbox)) => again(received, mailbox),
            State::Done(received, Root::Itself) => received.stub().map_err(|_| no_object()),
            State::Failed(why) => Err(why.clone()),
            State::Kept(_) | State::Disposed => Err(disposed()),
        }
    }

    /// If the call waits in the lobby, it enters the graph.
    fn leave_lobby(&self) {
        let mut state = self.lock();
        let State::Kept(seat) = &mut *state else { return };
        let Some((here, ticket)) = seat.here().zip(seat.ticket()) else {
            return state.depart();
        };
        // Whatever runs meanwhile may look at this promise.
        drop(state);
        let came = take(&here, ticket);
        let mut state = self.lock();
        if let State::Kept(seat) = &mut *state {
            seat.leave();
            *state = State::came(came, here.mailbox());
        }
    }
}

fn disposed() -> JsError {
    JsError::error("RPC promise used after being disposed.")
}

/// What will come, to be gone on from.
fn ahead(promise: &Promise) -> Client {
    promise.cap(&Path::root().field(PIPELINE))
}

impl State {
    fn of(
        outcome: Result<Received, JsError>,
        mailbox: &Arc<Mailbox>,
        root: Option<Client>,
    ) -> Self {
        match outcome {
            Ok(received) => Self::done(received, mailbox, root),
            Err(why) => Self::Failed(why),
        }
    }

    #[inline]
    fn done(received: Received, mailbox: &Arc<Mailbox>, root: Option<Client>) -> Self {
        let root = match root {
            Some(root) => Root::Known(root),
            None if can_go_on(received.value()) => Root::Object(Arc::clone(mailbox)),
            None => Root::Itself,
        };
        Self::Done(received, root)
    }

    fn came(came: Option<Came>, mailbox: &Arc<Mailbox>) -> Self {
        match came {
            Some(Came::Done(outcome)) => Self::of(outcome, mailbox, None),
            Some(Came::Entered(promise, was_followed)) => {
                let root = was_followed.then(|| ahead(&promise));
                Self::Pending(promise, root)
            }
            None => Self::Failed(caught(&gone())),
        }
    }

    /// What a call of another thread's vat brings is heard of from there.
    fn depart(&mut self) {
        *self = match std::mem::replace(self, Self::Disposed) {
            Self::Kept(seat) => Self::Away(Away::of_seat(seat)),
            Self::Pending(promise, _) => Self::Away(Away::of_promise(promise)),
            other => other,
        }
    }
}

impl Future for RpcPromise {
    type Output = Result<Received, JsError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let State::Kept(seat) = state {
            match seat.here() {
                Some(here) => match seat.ask(&here) {
                    // What most calls come to.
                    Some(Came::Done(Ok(received))) => {
                        *state = State::done(received.clone(), here.mailbox(), None);
                        return Poll::Ready(Ok(received));
                    }
                    came => {
                        *state = State::came(came, here.mailbox());
                    }
                },
                None => state.depart(),
            }
        }
        match state {
            State::Pending(promise, root) => {
                let outcome = ready!(Pin::new(&mut *promise).poll(cx));
                *state = State::of(received(outcome), promise.mailbox(), root.take());
            }
            State::Away(away) => {
                let outcome = ready!(away.poll(cx));
                *state = State::of(outcome, away.mailbox(), Some(away.root().clone()));
            }
            _ => {}
        }
        Poll::Ready(match state {
            State::Done(received, _) => Ok(received.clone()),
            State::Failed(why) => Err(why.clone()),
            State::Kept(_) | State::Pending(..) | State::Away(_) | State::Disposed => {
                Err(disposed())
            }
        })
    }
}

impl std::fmt::Debug for RpcPromise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RpcPromise")
    }
}
