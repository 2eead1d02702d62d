//! Content is what a call carries, apart from who calls whom: one Cap'n Proto pointer and all below it.

use capnp::message::{Builder, HeapAllocator};

/// The params or results of one call, sealed. It knows no connection: capability pointers inside
/// are indices into the cap table that travels beside it.
pub struct Content(Repr);

enum Repr {
    Null,
    Capability(u32),
    Built(Box<Builder<HeapAllocator>>),
}

impl Content {
    /// A null pointer: no params, no results.
    #[must_use]
    pub const fn null() -> Self {
        Self(Repr::Null)
    }

    /// A bare capability pointer to entry `index` of the cap table, as a bootstrap returns.
    #[must_use]
    pub const fn capability(index: u32) -> Self {
        Self(Repr::Capability(index))
    }

    /// What it costs, in words of 8 bytes.
    #[must_use]
    pub fn words(&self) -> usize {
        match &self.0 {
            Repr::Null | Repr::Capability(_) => 1,
            Repr::Built(message) => message.size_in_words(),
        }
    }
}

impl From<Builder<HeapAllocator>> for Content {
    /// Seals what was built; nothing is copied.
    fn from(message: Builder<HeapAllocator>) -> Self {
        Self(Repr::Built(Box::new(message)))
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Repr::Null => f.write_str("null"),
            Repr::Capability(index) => write!(f, "cap {index}"),
            Repr::Built(message) => write!(f, "{} words", message.size_in_words()),
        }
    }
}
