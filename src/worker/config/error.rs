//! What is wrong with a config, and where.

use std::fmt::{self, Write};

/// A config cannot be used. It prints as one line: file, line and column, key, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    file: String,
    /// Line and column, counted from 1, if it is about a place.
    place: Option<(usize, usize)>,
    key: String,
    what: String,
}

impl ConfigError {
    /// About the file as a whole.
    pub(super) fn whole(file: &str, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place: None, key: String::new(), what: what.into() }
    }

    /// About the place in `text` that begins with byte `at`.
    pub(super) fn at(
        file: &str,
        text: &str,
        at: usize,
        key: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        let place = Some((line, column));
        Self { file: file.to_owned(), place, key: key.into(), what: what.into() }
    }

    /// Line and column, counted from 1; `None` if it is about the file as a whole.
    #[must_use]
    pub const fn place(&self) -> Option<(usize, usize)> {
        self.place
    }

    /// The key it is about, from the top, such as `env.preview.services[0].binding`; or empty.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        f.write_str(": ")?;
        if !self.key.is_empty() {
            on_one_line(f, &self.key)?;
            f.write_str(": ")?;
        }
        on_one_line(f, &self.what)
    }
}

/// A key may be any text. What would end the line, or move the cursor of a terminal, is escaped.
fn on_one_line(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| match c.is_control() {
        true => write!(f, "{}", c.escape_default()),
        false => f.write_char(c),
    })
}

impl std::error::Error for ConfigError {}
