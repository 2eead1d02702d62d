//! What a stub holds on to: a capability, until it is disposed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::rpc::Client;
use crate::runtime::{Local, Lodger, VatId};
use crate::vat::TargetId;

use super::error::JsError;
use super::target_cell::TargetCell;
use super::value::{ExternalKind, Resource};

/// A handle of an object. A value that holds it and every stub taken out of the value share it: disposed once,
/// it is disposed for all of them. (Rules 41 to 48)
pub(super) struct Held {
    state: Mutex<State>,
    /// The vat it is of.
    vat: Option<VatId>,
    /// The object of that vat it stands for, once it is known that it is one.
    target: TargetCell,
    /// There is nothing any more, or never was. Set before the object is let go.
    is_empty: AtomicBool,
}

enum State {
    /// An object whose capability nobody asked for.
    Lodging(Lodger),
    Live(Client),
    Disposed,
    /// There never was anything: this is why.
    Failed(JsError),
}

impl Held {
    pub(super) fn new(client: Client) -> Self {
        let vat = Some(client.mailbox().id());
        Self::of(State::Live(client), vat, TargetCell::default())
    }

    /// The handle of an object that nobody else has.
    #[inline]
    pub(super) fn lodging(lodger: Lodger) -> Self {
        let (vat, target) = (Some(lodger.vat()), TargetCell::of(lodger.target()));
        Self::of(State::Lodging(lodger), vat, target)
    }

    pub(super) fn failed(why: JsError) -> Self {
        Self { is_empty: true.into(), ..Self::of(State::Failed(why), None, TargetCell::default()) }
    }

    #[inline]
    fn of(state: State, vat: Option<VatId>, target: TargetCell) -> Self {
        Self { state: Mutex::new(state), vat, target, is_empty: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that panics runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The capability, unless it was given up.
    pub(super) fn client(&self) -> Option<Client> {
        let mut state = self.lock();
        match &*state {
            State::Live(client) => return Some(client.clone()),
            State::Disposed | State::Failed(_) => return None,
            State::Lodging(_) => {}
        }
        let State::Lodging(lodger) = std::mem::replace(&mut *state, State::Disposed) else {
            return None;
        };
        let client = Client::of_lodger(lodger);
        *state = State::Live(client.clone());
        Some(client)
    }

    /// Why there never was one.
    pub(super) fn failure(&self) -> Option<JsError> {
        match &*self.lock() {
            State::Failed(why) => Some(why.clone()),
            State::Lodging(_) | State::Live(_) | State::Disposed => None,
        }
    }

    /// Whether calls on it are known to stay in its vat.
    pub(super) fn stays(&self, client: &Client) -> bool {
        // Who is hosted here once is hosted here for ever: a stub that has come to be something stays that.
        self.target.get().is_some() || self.find_target(client)
    }

    fn find_target(&self, client: &Client) -> bool {
        let found = client.target_here();
        if let Some(target) = found {
            self.target.set(target);
        }
        found.is_some()
    }

    /// The vat, of this thread, if it is known to be the handle of one of its objects.
    #[inline]
    pub(super) fn home(&self) -> Option<Local> {
        if self.target.get().is_none() || !self.is_live() {
            return None;
        }
        Local::find(self.vat?)
    }

    /// The object of the vat `here` that it is known to be the handle of. Good for as long as nothing is disposed.
    #[inline]
    pub(super) fn target(&self, here: &Local) -> Option<TargetId> {
        // Whoever gives it up elsewhere says so before the vat hears of it.
        self.target.get().filter(|_| self.is_live() && self.vat == Some(here.id()))
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
