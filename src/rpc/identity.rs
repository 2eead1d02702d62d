//! Identity: what a client has come to be, whether two are the same, and references that keep nothing.

use std::sync::Arc;

use crate::runtime::{Local, Mailbox};
use crate::vat::Cap;

use super::client::Client;

impl Client {
    /// What the client came to be, if it is a promise that was resolved. Known on the vat's own
    /// thread only.
    #[must_use]
    pub fn resolved(&self) -> Option<Self> {
        let here = self.here()?;
        let cap = self.cap_here(&here)?;
        let end = here.with(|graph| graph.resolution(cap))?;
        Some(Self::adopt(&here, end))
    }

    /// Whether the client stands for something that is not known yet. Known on the vat's own thread
    /// only; elsewhere everything may be a promise.
    #[must_use]
    pub fn is_promise(&self) -> bool {
        let here = self.here();
        let cap = here.as_ref().and_then(|here| self.cap_here(here));
        match (here, cap) {
            (Some(here), Some(cap)) => here.with(|graph| graph.is_pending(cap)),
            _ => true,
        }
    }

    /// A number that two clients share on their vat's thread if they have come to be the same, for
    /// as long as both are held. For an object hosted here by [`serve`](super::serve()) it is the
    /// address of the server.
    #[must_use]
    pub fn identity(&self) -> usize {
        let here = self.here();
        let Some((here, cap)) = here.and_then(|here| Some((here.clone(), self.cap_here(&here)?)))
        else {
            return self.address();
        };
        here.address_of(cap).unwrap_or_else(|| {
            // Odd, as no address of an allocation is.
            let place = here.with(|graph| graph.place_of(cap));
            (place as usize) << 1 | 1
        })
    }

    /// A reference that does not keep what the client stands for. `None` elsewhere than on the
    /// vat's own thread.
    #[must_use]
    pub fn downgrade(&self) -> Option<WeakClient> {
        let here = self.here()?;
        let cap = self.cap_here(&here)?;
        Some(WeakClient { mailbox: Arc::clone(self.mailbox()), cap })
    }
}

/// Where something was that may be gone: a client that keeps nothing.
#[derive(Clone)]
pub struct WeakClient {
    mailbox: Arc<Mailbox>,
    cap: Cap,
}

impl WeakClient {
    /// The client, if it is still held by anybody, and this is its vat's thread.
    #[must_use]
    pub fn upgrade(&self) -> Option<Client> {
        let here = Local::find(self.mailbox.id())?;
        let there = here.with(|graph| graph.upgrade(self.cap));
        there.then(|| Client::adopt(&here, self.cap))
    }
}

impl std::fmt::Debug for WeakClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WeakClient({:?} {:?})", self.mailbox.id(), self.cap)
    }
}
