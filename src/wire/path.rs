//! A path says which capability inside a result is meant: one pointer field after another.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The pointer fields to follow from the root of a result, outermost first.
///
/// The empty path is the root itself, as in the result of a bootstrap. `noop` operations of
/// `PromisedAnswer.Op` are dropped when a path is read, so equal paths name equal places.
#[derive(Clone)]
pub struct Path(Fields);

/// As many fields as nearly all paths have are in the path itself, which every question and every call that is pipelined
/// on has room for: two words.
#[derive(Clone)]
enum Fields {
    /// The first so many of these.
    Few(u8, [u16; 7]),
    #[expect(clippy::box_collection, reason = "a slice in a box would make every path larger")]
    Many(Box<Vec<u16>>),
}

impl Path {
    /// The root itself.
    #[must_use]
    pub const fn root() -> Self {
        Self(Fields::Few(0, [0; 7]))
    }

    /// This path, and then the pointer field `field` of what it leads to.
    #[must_use]
    pub fn field(mut self, field: u16) -> Self {
        match &mut self.0 {
            Fields::Few(len, few) => match few.get_mut(usize::from(*len)) {
                Some(place) => {
                    *place = field;
                    *len += 1;
                }
                None => {
                    let many = few.iter().copied().chain([field]).collect();
                    self.0 = Fields::Many(Box::new(many));
                }
            },
            Fields::Many(many) => many.push(field),
        }
        self
    }

    /// The pointer fields, outermost first.
    #[must_use]
    pub fn fields(&self) -> &[u16] {
        match &self.0 {
            Fields::Few(len, few) => few.get(..usize::from(*len)).unwrap_or(few),
            Fields::Many(many) => many,
        }
    }
}

impl Default for Path {
    fn default() -> Self {
        Self::root()
    }
}

impl From<&[u16]> for Path {
    fn from(fields: &[u16]) -> Self {
        fields.iter().copied().collect()
    }
}

impl FromIterator<u16> for Path {
    fn from_iter<I: IntoIterator<Item = u16>>(fields: I) -> Self {
        fields.into_iter().fold(Self::root(), Self::field)
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.fields() == other.fields()
    }
}

impl Eq for Path {}

impl PartialOrd for Path {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Path {
    fn cmp(&self, other: &Self) -> Ordering {
        self.fields().cmp(other.fields())
    }
}

impl Hash for Path {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fields().hash(state);
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Path").field(&self.fields()).finish()
    }
}

impl fmt::Display for Path {
    /// `.0.2`: pointer field 2 of pointer field 0; nothing for the root.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields().iter().try_for_each(|field| write!(f, ".{field}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_any_length_says_its_fields() {
        for length in 0..20 {
            let fields: Vec<u16> = (0..length).map(|field| field * 3).collect();
            let path: Path = fields.iter().copied().collect();
            assert_eq!(path.fields(), fields);
            assert_eq!(path, Path::from(fields.as_slice()));
            let longer = path.clone().field(1);
            assert_eq!(longer.fields().split_last(), Some((&1, fields.as_slice())));
            assert!(longer > path, "what is above comes first");
        }
    }

    #[test]
    fn a_path_takes_two_words() {
        assert_eq!(size_of::<Path>(), 16);
    }
}
