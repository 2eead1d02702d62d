//! The directory of all vats of the process: where each is reached.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::mailbox::{Mailbox, VatId};

/// Looked at by who has come to another thread with the id of a vat and nothing else; calls never do.
static VATS: Mutex<BTreeMap<VatId, Weak<Mailbox>>> = Mutex::new(BTreeMap::new());

fn vats() -> MutexGuard<'static, BTreeMap<VatId, Weak<Mailbox>>> {
    // Nothing that panics runs under the lock.
    VATS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A vat begins.
pub(super) fn enter(mailbox: &Arc<Mailbox>) {
    vats().insert(mailbox.id(), Arc::downgrade(mailbox));
}

/// A vat ends.
pub(super) fn leave(id: VatId) {
    let gone = vats().remove(&id);
    drop(gone);
}

/// The mailbox of a vat of any thread. Of one that has ended, a mailbox that refuses whatever is posted.
#[must_use]
pub fn mailbox_of(id: VatId) -> Arc<Mailbox> {
    let known = vats().get(&id).and_then(Weak::upgrade);
    known.unwrap_or_else(|| Arc::new(Mailbox::nowhere()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vat_is_found_until_it_ends() {
        let mailbox = Arc::new(Mailbox::new(u32::MAX));
        enter(&mailbox);
        assert!(Arc::ptr_eq(&mailbox_of(mailbox.id()), &mailbox));
        leave(mailbox.id());
        assert!(mailbox_of(mailbox.id()).is_closed(), "it refuses what is posted");
    }
}
