//! What a stub holds on to: a capability, until it is disposed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::rpc::Client;
use crate::runtime::{Local, VatId};
use crate::vat::Cap;

use super::error::JsError;
use super::value::{ExternalKind, Resource};

/// A handle of an object. A value that holds it and every stub taken out of the value share it: disposed once,
/// it is disposed for all of them. (Rules 41 to 48)
pub(super) struct Held {
    state: Mutex<State>,
    /// Where it is hosted, once it is known that it is.
    home: OnceLock<(VatId, Cap)>,
    /// There is nothing any more, or never was. Set before the capability is let go.
    is_empty: AtomicBool,
}

enum State {
    Live(Client),
    Disposed,
    /// There never was anything: this is why.
    Failed(JsError),
}

impl Held {
    pub(super) fn new(client: Client) -> Self {
        Self::of(State::Live(client), false)
    }

    pub(super) fn failed(why: JsError) -> Self {
        Self::of(State::Failed(why), true)
    }

    fn of(state: State, is_empty: bool) -> Self {
        let is_empty = AtomicBool::new(is_empty);
        Self { state: Mutex::new(state), home: OnceLock::new(), is_empty }
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
        self.home.get().is_some() || self.find_home(client)
    }

    fn find_home(&self, client: &Client) -> bool {
        let Some(here) = client.here() else { return false };
        let Some(cap) = client.cap_here(&here).filter(|_| client.is_hosted_here()) else {
            return false;
        };
        self.home.get_or_init(|| (here.id(), cap));
        true
    }

    /// The vat, of this thread, and the object of it that this is known to be the handle of.
    #[inline]
    pub(super) fn home(&self) -> Option<(Local, Cap)> {
        let (vat, cap) = *self.home.get()?;
        // Whoever gives it up elsewhere says so before the vat hears of it.
        if self.is_empty.load(Ordering::Relaxed) {
            return None;
        }
        Some((Local::find(vat)?, cap))
    }

    /// Gives the capability up; again, nothing happens.
    pub(super) fn dispose(&self) {
        self.is_empty.store(true, Ordering::Relaxed);
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
