//! A window bounds what streaming calls may have on their way to one capability.

/// How many bytes of streaming calls may be unacknowledged before whoever makes more is told to wait.
///
/// Each capability that streaming calls are sent to has a window of its own. Nothing is refused
/// beyond it: a caller that does not wait only fills memory, its own and the peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Window {
    /// Always this many bytes, envelopes included.
    Fixed(u64),
}

impl Window {
    /// How many bytes may be on their way, of calls of which none was larger than `largest`.
    ///
    /// The window is wider by the largest call: one that is larger than the window itself would
    /// otherwise hold up the next for a whole round trip.
    #[must_use]
    pub fn bytes(self, largest: u64) -> u64 {
        match self {
            Self::Fixed(bytes) => bytes.saturating_add(largest),
        }
    }
}

impl Default for Window {
    /// 64 KiB, as other engines have it.
    fn default() -> Self {
        Self::Fixed(64 << 10)
    }
}
