//! What a stub holds on to: a capability, until it is disposed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::rpc::Client;

use super::value::{ExternalKind, Resource};

/// A handle of an object. A value that holds it and every stub taken out of the value share it: disposed once,
/// it is disposed for all of them. (Rules 41 to 48)
pub(super) struct Held {
    client: Mutex<Option<Client>>,
    stays: AtomicBool,
}

impl Held {
    pub(super) fn new(client: Client) -> Self {
        Self { client: Mutex::new(Some(client)), stays: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Client>> {
        // Nothing that panics runs under the lock.
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The capability, unless it was given up.
    pub(super) fn client(&self) -> Option<Client> {
        self.lock().clone()
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
        let client = self.lock().take();
        drop(client);
    }

    pub(super) fn is_disposed(&self) -> bool {
        self.lock().is_none()
    }
}

impl Resource for Held {
    fn kind(&self) -> ExternalKind {
        ExternalKind::RpcTarget
    }
}
