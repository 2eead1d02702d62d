//! The names of calls.

/// Names a call that was kept in the lobby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::worker) struct Ticket {
    /// Its row.
    pub(super) index: u32,
    /// How many calls had the row before.
    pub(super) generation: u32,
}
