//! The name of a method or of a property.

use smol_str::SmolStr;

use super::value::{Str, Text};

/// What a method or a property is asked for by. Short ones need no memory of their own.
///
/// It goes to its object as UTF-8: of a string of JavaScript each surrogate that stands alone is U+FFFD here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(SmolStr);

impl Name {
    /// The name to look at.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names of at most so many bytes are copied byte by byte, which takes less than to have that done and wait for it; and for longer ones
/// more. Most names of methods are no longer.
const BRIEF: usize = 12;

impl From<&str> for Name {
    #[inline]
    fn from(name: &str) -> Self {
        match name.len() {
            0..=BRIEF => Self(SmolStr::new_inline(name)),
            _ => Self(SmolStr::new(name)),
        }
    }
}

impl From<String> for Name {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl From<&String> for Name {
    fn from(name: &String) -> Self {
        name.as_str().into()
    }
}

impl From<Str<'_>> for Name {
    fn from(name: Str<'_>) -> Self {
        (*name.to_string_lossy()).into()
    }
}

impl From<Text> for Name {
    fn from(name: Text) -> Self {
        name.as_str().into()
    }
}
