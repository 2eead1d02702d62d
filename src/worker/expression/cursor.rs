//! How far a text has been read.

use super::error::ExpressionError;

/// The rest of a text.
pub(super) struct Cursor<'a> {
    text: &'a str,
    /// In bytes; always between two characters.
    at: usize,
    /// Values we are in.
    pub(super) depth: u16,
}

/// A character a name may contain.
fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '\u{200c}' | '\u{200d}')
}

/// A character in a message of one line.
pub(super) fn shown(c: char) -> String {
    if c.is_control() { c.escape_default().to_string() } else { c.to_string() }
}

impl<'a> Cursor<'a> {
    /// So many bytes a text may have: more is not typed, and a BigInt takes time in the square of its digits.
    /// 128 KiB, which is what one argument of a command may have on Linux. (C-Y8)
    pub(super) const LENGTH_MAX: usize = 128 << 10;

    pub(super) fn new(text: &'a str) -> Result<Self, ExpressionError> {
        let this = Self { text, at: 0, depth: 0 };
        if text.len() > Self::LENGTH_MAX {
            let (is, max) = (text.len(), Self::LENGTH_MAX);
            return Err(this.wrong(format!("{is} bytes are too many, {max} is the limit")));
        }
        Ok(this)
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Reads a character.
    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Reads `wanted`, if it comes next.
    pub(super) fn take(&mut self, wanted: char) -> bool {
        let comes = self.peek() == Some(wanted);
        if comes {
            self.at += wanted.len_utf8();
        }
        comes
    }

    /// Reads as long as characters are `wanted`.
    pub(super) fn while_(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    pub(super) fn skip_space(&mut self) {
        self.while_(|c| c.is_whitespace() || c == '\u{feff}');
    }

    /// Skips space, and reads `wanted` if it comes then.
    pub(super) fn take_spaced(&mut self, wanted: char) -> bool {
        self.skip_space();
        self.take(wanted)
    }

    /// A name; nothing is read if none comes.
    pub(super) fn name(&mut self) -> Option<&'a str> {
        let first = self.peek().filter(|c| is_name_part(*c) && !c.is_ascii_digit())?;
        Some(self.while_(is_name_part)).filter(|name| name.starts_with(first))
    }

    /// Whether a name goes on here.
    pub(super) fn in_name(&self) -> bool {
        self.peek().is_some_and(is_name_part)
    }

    /// Says what is wrong at this place.
    pub(super) fn wrong(&self, what: impl Into<String>) -> ExpressionError {
        self.wrong_at(self.at, what)
    }

    /// Says what is wrong at a place in bytes.
    pub(super) fn wrong_at(&self, at: usize, what: impl Into<String>) -> ExpressionError {
        let before = self.text.get(..at).unwrap_or(self.text);
        ExpressionError::new(before.chars().count() + 1, what.into())
    }

    /// Says that something else should come next.
    pub(super) fn expected(&self, what: &str) -> ExpressionError {
        match self.peek() {
            Some(found) => self.wrong(format!("{what} should follow, not `{}`", shown(found))),
            None => self.wrong(format!("{what} is missing")),
        }
    }
}
