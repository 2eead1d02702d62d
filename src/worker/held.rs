//! What a stub holds on to: a capability, until it is disposed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::rpc::{CapCell, Client};
use crate::runtime::{Local, VatId};
use crate::vat::Cap;

use super::error::JsError;
use super::value::{ExternalKind, Resource};

/// A handle of an object. A value that holds it and every stub taken out of the value share it: disposed once,
/// it is disposed for all of them. (Rules 41 to 48)
pub(super) struct Held {
    state: Mutex<State>,
    /// The vat it is of.
    vat: Option<VatId>,
    /// The object it is hosted as there, once it is known that it is.
    home: CapCell,
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
        Self::live(client, CapCell::default())
    }

    /// The handle of an object of the vat `here`.
    pub(super) fn hosted(here: &Local, client: Client) -> Self {
        let home = client.cap_here(here).map(CapCell::of).unwrap_or_default();
        Self::live(client, home)
    }

    fn live(client: Client, home: CapCell) -> Self {
        let vat = Some(client.mailbox().id());
        Self { state: Mutex::new(State::Live(client)), vat, home, is_empty: AtomicBool::new(false) }
    }

    pub(super) fn failed(why: JsError) -> Self {
        let (state, home) = (Mutex::new(State::Failed(why)), CapCell::default());
        Self { state, vat: None, home, is_empty: AtomicBool::new(true) }
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
        self.home.set(cap);
        true
    }

    /// The vat, of this thread, and the object of it that this is known to be the handle of.
    #[inline]
    pub(super) fn home(&self) -> Option<(Local, Cap)> {
        let cap = self.home.get()?;
        // Whoever gives it up elsewhere says so before the vat hears of it.
        if self.is_live() { Some((Local::find(self.vat?)?, cap)) } else { None }
    }

    /// Gives the capability up; again, nothing happens.
    pub(super) fn dispose(&self) {
        self.is_empty.store(true, Ordering::Relaxed);
        let before = std::mem::replace(&mut *self.lock(), State::Disposed);
        drop(before);
    }

    /// There is something, and it was not given up.
    pub(super) fn is_live(&self) -> bool {
        !self.is_empty.load(Ordering::Relaxed)
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
