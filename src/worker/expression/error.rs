//! What is wrong with an expression, and where.

use std::fmt;

/// Why a text is no expression. It prints as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    column: usize,
    what: String,
}

impl ExpressionError {
    pub(super) const fn new(column: usize, what: String) -> Self {
        Self { column, what }
    }

    /// The character where it stops being one, counted from 1.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column
    }

    /// What is wrong there.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.what)
    }
}

impl std::error::Error for ExpressionError {}
