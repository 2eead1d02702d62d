//! A window bounds what streaming calls may have on their way to one capability.

/// How many bytes of streaming calls may be unacknowledged before whoever makes more is told to wait.
///
/// Each capability that streaming calls are sent to has a window of its own. Nothing is refused
/// beyond it: a caller that does not wait only fills memory, its own and the peer's.
///
/// A window is wider than it says by the largest call so far: one that is larger than the window itself would otherwise
/// hold up the next for a whole round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Window {
    /// Always this many bytes, envelopes included.
    Fixed(u64),
    /// As many as the path to the capability carries in a round trip, and a quarter more, as far as that was measured: at
    /// first `min` bytes, never less, and never more than `max`. It is measured while a vat is told the time.
    ///
    /// A stream that is slow because its object is gets no wider window: what waits for the object is a queue, not
    /// a path.
    Adaptive {
        /// Bytes at the least.
        min: u64,
        /// Bytes at the most: what a path that claims to hold ever more can have us keep for one stream.
        max: u64,
    },
}

impl Default for Window {
    /// Adaptive, from 128 KiB to 8 MiB, which is what 600 Mbit/s carry in 100 ms. Other engines have 64 KiB, always:
    /// with them a stream has no more than 10 Mbit/s of a path of 50 ms, and writes of 4 KiB over a Unix socket take a tenth
    /// longer than with 128.
    fn default() -> Self {
        Self::Adaptive { min: 128 << 10, max: 8 << 20 }
    }
}
