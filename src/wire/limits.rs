//! A limit is how much one peer may cost us before we hang up.

use capnp::message::ReaderOptions;

/// How much work reading one message may be. (C-F4)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Words that may be read out of one message. Many pointers to one place make a small message look
    /// huge to whoever walks it. Default: 8 Mi words, the largest frame read once.
    pub traversal_words_max: usize,
    /// Pointers that may be followed below one another. A pointer can lead back to itself, and recursive
    /// readers would run out of stack. Default: 64, as other engines have it.
    pub nesting_max: u16,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { traversal_words_max: 8 << 20, nesting_max: 64 }
    }
}

impl ReadLimits {
    /// The same for the `capnp` crate.
    pub(super) fn options(&self) -> ReaderOptions {
        let mut options = ReaderOptions::new();
        options
            .traversal_limit_in_words(Some(self.traversal_words_max))
            .nesting_limit(i32::from(self.nesting_max));
        options
    }
}

/// How large what a peer sends may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Words in the segments of one frame. A frame is kept whole until it is handled, so a peer that
    /// announces one could take that much memory. Default: 8 Mi words (64 MiB), as other engines have it.
    pub frame_words_max: u32,
    /// Segments in one frame. Each costs an entry, and every far pointer a look-up, however empty it is.
    /// Default: 512, as other engines have it. At most [`Limits::SEGMENTS_CEILING`] is honoured.
    pub segments_max: u32,
    /// Descriptors in one cap table. A list of empty structs claims half a billion of them in no space.
    /// Default: 8192.
    pub caps_max: u32,
    /// Operations in one path into a result; they are kept and compared, and `noop`s are free to send.
    /// Default: 64, as deep as content may nest.
    pub path_fields_max: u32,
    /// Details attached to one exception; they are copied, and empty ones are free to send. Default: 64.
    pub details_max: u32,
    /// What reading one message may cost.
    pub read: ReadLimits,
}

impl Limits {
    /// The table of so many segments still fits the read buffer.
    pub const SEGMENTS_CEILING: u32 = 4096;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_words_max: 8 << 20,
            segments_max: 512,
            caps_max: 8192,
            path_fields_max: 64,
            details_max: 64,
            read: ReadLimits::default(),
        }
    }
}
