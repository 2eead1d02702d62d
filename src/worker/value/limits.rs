//! How large and how deep a value may be.

/// What one value may cost. Each is checked while a value is read, and the first two also before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Serialized bytes. Default to send: 32 MiB, as the runtime has it (rule 27). What is received was
    /// already bounded by its frame; [`Limits::receiving`] takes as much as a frame holds.
    pub bytes_max: u64,
    /// Objects that may be nested in one another. Two bytes open one more, and whoever walks the value,
    /// an application too, would run out of stack. Default: 256. At most [`Limits::DEPTH_CEILING`] is honoured.
    pub depth_max: u16,
    /// Bytes of memory a value that was read takes besides the message it was read from. One byte of a
    /// message can be an item of an array, which takes 16. Default: 384 MiB, twelve times the largest
    /// value a runtime sends; an array of small numbers takes eight times its bytes.
    pub memory_max: u64,
}

impl Limits {
    /// So deep a value is walked safely on a stack of 2 MiB, which is what a thread has at least.
    pub const DEPTH_CEILING: u16 = 512;

    /// The limits for what a peer sends: the largest frame, 64 MiB, else the defaults. The sender's limit of
    /// 32 MiB is the sender's to keep; runtimes take more.
    #[must_use]
    pub fn receiving() -> Self {
        Self { bytes_max: 64 << 20, ..Self::default() }
    }

    pub(super) fn depth(&self) -> u16 {
        self.depth_max.min(Self::DEPTH_CEILING)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes_max: 32 << 20, depth_max: 256, memory_max: 384 << 20 }
    }
}
