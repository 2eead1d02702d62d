//! What a stub holds on to: a capability, until it is disposed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::rpc::Client;

use super::error::JsError;
use super::value::{ExternalKind, Resource};

/// A handle of an object. A value that holds it and every stub taken out of the value share it: disposed once,
/// it is disposed for all of them. (Rules 41 to 48)
pub(super) struct Held {
    state: Mutex<State>,
    stays: AtomicBool,
}

enum State {
    Live(Client),
    Disposed,
    /// There never was anything: this is why.
    Failed(JsError),
}

impl Held {
    pub(super) fn new(client: Client) -> Self {
        Self { state: Mutex::new(State::Live(client)), stays: AtomicBool::new(false) }
    }

    pub(super) fn failed(why: JsError) -> Self {
        Self { state: Mutex::new(State::Failed(why)), stays: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that panics runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The capability, unless it was given up.
    pub(super) fn client(&self) -> Option<Client> {
        match &*self.lock() {
            State::Live(client) => Some(client.clone()),
            State::Disposed | State::Failed(_) => None,
        }
    }

    /// Why there never was one.
    pub(super) fn failure(&self) -> Option<JsError> {
        match &*self.lock() {
            State::Failed(why) => Some(why.clone()),
            State::Live(_) | State::Disposed => None,
        }
    }

    /// Whether calls on it are known to stay in its vat.
    pub(super) fn stays(&self, client: &Client) -> bool {
        // Who is hosted here once is hosted here for ever: a stub that has come to be something stays that.
        self.stays.load(Ordering::Relaxed)
            || client.is_hosted_here() && {
                self.stays.store(true, Ordering::Relaxed);
                true
            }
    }

    /// Gives the capability up; again, nothing happens.
    pub(super) fn dispose(&self) {
        let before = std::mem::replace(&mut *self.lock(), State::Disposed);
        drop(before);
    }

    pub(super) fn is_disposed(&self) -> bool {
        matches!(*self.lock(), State::Disposed)
    }
}

impl Resource for Held {
    fn kind(&self) -> ExternalKind {
        ExternalKind::RpcTarget
    }
}
