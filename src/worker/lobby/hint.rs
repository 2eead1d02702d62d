//! A hint says where a call may be found, without a hold of it.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::runtime::{Local, VatId};

use super::ticket::Ticket;

/// No call has this number.
const NOWHERE: u64 = 0;

/// Where a call was kept that may be gone by now, to be looked at without a lock.
pub(in crate::worker) struct Hint {
    vat: Option<VatId>,
    ticket: AtomicU64,
}

impl Hint {
    /// Nowhere.
    pub(in crate::worker) fn none() -> Self {
        Self { vat: None, ticket: AtomicU64::new(NOWHERE) }
    }

    #[inline]
    pub(super) fn of(vat: VatId, ticket: Option<Ticket>) -> Self {
        let number = ticket.map_or(NOWHERE, |ticket| ticket.number().get());
        Self { vat: Some(vat), ticket: AtomicU64::new(number) }
    }

    /// It was given up: it is not to be found any more.
    pub(in crate::worker) fn clear(&self) {
        self.ticket.store(NOWHERE, Ordering::Relaxed);
    }

    /// The vat, if it lives on this thread, and the call.
    #[inline]
    pub(in crate::worker) fn find(&self) -> Option<(Local, Ticket)> {
        let number = NonZeroU64::new(self.ticket.load(Ordering::Relaxed))?;
        Some((Local::find(self.vat?)?, Ticket::of_number(number)))
    }
}
