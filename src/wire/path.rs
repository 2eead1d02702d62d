//! A path says which capability inside a result is meant: one pointer field after another.

use std::fmt;

use smallvec::SmallVec;

/// The pointer fields to follow from the root of a result, outermost first.
///
/// The empty path is the root itself, as in the result of a bootstrap. `noop` operations of
/// `PromisedAnswer.Op` are dropped when a path is read, so equal paths name equal places.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(SmallVec<[u16; 6]>);

impl Clone for Path {
    /// All fields at once: one by one they are three times the instructions.
    #[inline]
    fn clone(&self) -> Self {
        Self(SmallVec::from_slice(&self.0))
    }
}

impl Path {
    /// The root itself.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// This path, and then the pointer field `field` of what it leads to.
    #[must_use]
    pub fn field(mut self, field: u16) -> Self {
        self.0.push(field);
        self
    }

    /// The pointer fields, outermost first.
    #[must_use]
    pub fn fields(&self) -> &[u16] {
        &self.0
    }
}

impl From<&[u16]> for Path {
    fn from(fields: &[u16]) -> Self {
        Self(SmallVec::from_slice(fields))
    }
}

impl FromIterator<u16> for Path {
    fn from_iter<I: IntoIterator<Item = u16>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl fmt::Display for Path {
    /// `.0.2`: pointer field 2 of pointer field 0; nothing for the root.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|field| write!(f, ".{field}"))
    }
}
