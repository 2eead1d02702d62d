//! Why a value is not the Rust type that was asked for.

use std::fmt::{self, Write as _};

use serde::{de, ser};

/// A value does not fit a Rust type, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertError {
    /// Where in the value, innermost first.
    path: Vec<Step>,
    /// What fits there.
    expected: String,
    /// What is there instead; empty if `expected` says it all.
    found: String,
}

/// How serde names a unit that was found.
const UNIT: &str = "unit value";

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Index(usize),
    Name(String),
}

impl ConvertError {
    pub(super) fn mismatch(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { path: Vec::new(), expected: expected.into(), found: found.into() }
    }

    /// The value is deeper than Rust's stack, or a circle, of which Rust's types have none.
    pub(super) fn too_deep(max: u16) -> Self {
        Self::mismatch(format!("at most {max} objects within one another"), "more, or a circle")
    }

    /// What serde calls a unit is `undefined` or `null` here.
    #[must_use]
    pub(super) fn found_nothing(mut self, name: &str) -> Self {
        if self.found == UNIT {
            name.clone_into(&mut self.found);
        }
        self
    }

    #[must_use]
    pub(super) fn at_index(mut self, index: usize) -> Self {
        self.path.push(Step::Index(index));
        self
    }

    #[must_use]
    pub(super) fn at_name(mut self, name: impl Into<String>) -> Self {
        self.path.push(Step::Name(name.into()));
        self
    }

    /// Where in the value, as JavaScript writes it: `.list[2].name`; empty for the value itself.
    #[must_use]
    pub fn path(&self) -> String {
        self.path.iter().rev().fold(String::new(), |mut path, step| {
            let _ = match step {
                Step::Index(index) => write!(path, "[{index}]"),
                Step::Name(name) => write!(path, ".{name}"),
            };
            path
        })
    }

    /// What would fit.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// What there is instead; empty if that is not what is wrong.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path())?;
        }
        match self.found.is_empty() {
            true => f.write_str(&self.expected),
            false => write!(f, "expected {}, found {}", self.expected, self.found),
        }
    }
}

impl std::error::Error for ConvertError {}

impl ser::Error for ConvertError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::mismatch(message.to_string(), "")
    }
}

impl de::Error for ConvertError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::mismatch(message.to_string(), "")
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::mismatch(expected.to_string(), found.to_string())
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::mismatch(expected.to_string(), found.to_string())
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self::mismatch(expected.to_string(), format!("{length} items"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::mismatch("a property", "none").at_name(field)
    }
}
