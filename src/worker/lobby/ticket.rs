//! The names of calls.

use std::num::NonZeroU64;

/// Names a call that was kept in the lobby, in one word: its row in the low half, and above how many calls had the
/// row before, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::worker) struct Ticket(NonZeroU64);

impl Ticket {
    #[inline]
    pub(super) fn new(row: usize, generation: Generation) -> Self {
        // Fits: memory ends long before 2^32 calls.
        Self(generation.0 | u64::from(row as u32))
    }

    /// Its row.
    #[inline]
    pub(super) fn row(self) -> usize {
        // The low half.
        self.0.get() as u32 as usize
    }

    #[inline]
    pub(super) fn is_of(self, generation: Generation) -> bool {
        self.0.get() >> 32 == generation.0.get() >> 32
    }

    #[inline]
    pub(super) fn number(self) -> NonZeroU64 {
        self.0
    }

    #[inline]
    pub(super) fn of_number(number: NonZeroU64) -> Self {
        Self(number)
    }
}

/// How many calls had a row, and the one that has it: never none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Generation(NonZeroU64);

impl Generation {
    pub(super) const FIRST: Self = Self(NonZeroU64::new(1 << 32).unwrap());

    #[inline]
    pub(super) fn next(self) -> Self {
        NonZeroU64::new(self.0.get().wrapping_add(1 << 32)).map_or(Self::FIRST, Self)
    }
}
