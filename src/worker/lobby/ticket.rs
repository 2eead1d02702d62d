//! The names of calls.

/// Names a call that was kept in the lobby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::worker) struct Ticket {
    /// Its row.
    pub(super) index: u32,
    /// How many calls had the row before.
    pub(super) generation: u32,
}

impl Ticket {
    #[inline]
    pub(super) fn number(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    #[inline]
    pub(super) fn of_number(number: u64) -> Self {
        // Both halves: nothing is lost.
        Self { index: number as u32, generation: (number >> 32) as u32 }
    }
}
