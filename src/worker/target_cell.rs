//! The name of an object that may not be known yet, to be read from any thread.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::vat::TargetId;

/// Where an object is found in its vat; 0 while that is not known.
#[derive(Default)]
pub(super) struct TargetCell(AtomicU64);

impl TargetCell {
    #[inline]
    pub(super) fn of(target: TargetId) -> Self {
        Self(AtomicU64::new(number(target)))
    }

    #[inline]
    pub(super) fn get(&self) -> Option<TargetId> {
        let number = self.0.load(Ordering::Acquire).checked_sub(1)?;
        // Fits: it was made of one.
        Some(TargetId(number as u32))
    }

    /// Writes where the object is: it is always the same place.
    pub(super) fn set(&self, target: TargetId) {
        self.0.store(number(target), Ordering::Release);
    }
}

fn number(target: TargetId) -> u64 {
    u64::from(target.0) + 1
}
