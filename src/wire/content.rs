//! Content is what a call carries, apart from who calls whom: one Cap'n Proto pointer and all below it.

use capnp::message::{Builder, HeapAllocator};

/// The params or results of one call, sealed. It knows no connection: capability pointers inside
/// are indices into the cap table that travels beside it.
pub struct Content(Repr);

enum Repr {
    Shared(std::sync::Arc<Content>),
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
            Repr::Shared(c) => c.words(),
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
            Repr::Shared(c) => c.fmt(f),
            Repr::Capability(index) => write!(f, "cap {index}"),
            Repr::Built(message) => write!(f, "{} words", message.size_in_words()),
        }
    }
}

impl Content {
    /// x
    pub fn share(&mut self) -> Self {
        match &self.0 {
            Repr::Null => return Self(Repr::Null),
            Repr::Capability(i) => return Self(Repr::Capability(*i)),
            Repr::Shared(a) => return Self(Repr::Shared(a.clone())),
            _ => {}
        }
        let a = std::sync::Arc::new(std::mem::replace(self, Self(Repr::Null)));
        *self = Self(Repr::Shared(a.clone()));
        Self(Repr::Shared(a))
    }
    /// x
    pub fn root(&self) -> capnp::Result<capnp::any_pointer::Reader<'_>> {
        match &self.0 {
            Repr::Built(b) => b.get_root_as_reader(),
            Repr::Shared(c) => c.root(),
            _ => Err(capnp::Error::failed("x".into())),
        }
    }
    /// x
    pub fn cap_at(&self, path: &super::Path) -> Result<Option<u32>, String> {
        match &self.0 {
            Repr::Null => Ok(None),
            Repr::Capability(i) => Ok(Some(*i)),
            Repr::Shared(c) => c.cap_at(path),
            Repr::Built(b) => {
                let seg = b.get_segments_for_output()[0];
                let w =
                    |i: usize| u64::from_le_bytes(seg[i * 8..i * 8 + 8].try_into().expect("ok"));
                let mut at = 0;
                for f in path.fields() {
                    let p = w(at);
                    if p == 0 {
                        return Ok(None);
                    }
                    at = at
                        + 1
                        + ((p as u32 >> 2) as usize)
                        + ((p >> 32) as usize & 0xffff)
                        + *f as usize;
                }
                let p = w(at);
                Ok(if p == 0 { None } else { Some((p >> 32) as u32) })
            }
        }
    }
}
