//! A string as JavaScript has it: UTF-16 code units, of which any may stand alone.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

/// Latin-1 characters that need no memory of their own.
pub(super) const SHORT: usize = 14;

/// Up to [`SHORT`] Latin-1 characters.
#[derive(Clone, Copy)]
pub(super) struct Short {
    length: u8,
    bytes: [u8; SHORT],
}

impl Short {
    pub(super) fn new(latin1: &[u8]) -> Option<Self> {
        let mut bytes = [0; SHORT];
        bytes.get_mut(..latin1.len())?.copy_from_slice(latin1);
        // Fits: not longer than SHORT.
        Some(Self { length: latin1.len() as u8, bytes })
    }

    /// The first `length` of these; what follows is somebody else's.
    #[inline]
    pub(super) const fn of_chunk(bytes: [u8; SHORT], length: u8) -> Self {
        Self { length, bytes }
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&self.bytes)
    }
}

/// A string with memory of its own, or with a part of somebody's.
pub(super) struct Long {
    /// Latin-1, or UTF-16 with the low byte first.
    pub(super) bytes: Bytes,
    pub(super) wide: bool,
}

impl Long {
    pub(super) fn as_str(&self) -> Str<'_> {
        if self.wide { Str(Repr::Wide(&self.bytes)) } else { Str(Repr::Narrow(&self.bytes)) }
    }
}

#[derive(Clone)]
pub(super) enum Owned {
    Short(Short),
    Long(Arc<Long>),
}

/// A string. Any sequence of UTF-16 code units is one, lone surrogates included. Cheap to clone.
///
/// It is held as Latin-1 if every unit fits, and as UTF-16 otherwise.
#[derive(Clone)]
pub struct Text(pub(super) Owned);

impl Text {
    /// The string of these code units.
    #[must_use]
    pub fn from_utf16(units: &[u16]) -> Self {
        if units.iter().all(|unit| *unit <= 0xff) {
            // Fits: just checked.
            return Self::narrow(units.iter().map(|unit| *unit as u8).collect());
        }
        let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        Self(Owned::Long(Arc::new(Long { bytes: bytes.into(), wide: true })))
    }

    /// The string of these Latin-1 characters. Memory is shared, not copied.
    #[must_use]
    pub fn from_latin1(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        match Short::new(&bytes) {
            Some(short) => Self(Owned::Short(short)),
            None => Self(Owned::Long(Arc::new(Long { bytes, wide: false }))),
        }
    }

    fn narrow(bytes: Vec<u8>) -> Self {
        Self::from_latin1(bytes)
    }

    /// The string to look at.
    #[must_use]
    pub fn as_str(&self) -> Str<'_> {
        match &self.0 {
            Owned::Short(short) => Str(Repr::Narrow(short.as_slice())),
            Owned::Long(long) => long.as_str(),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        if text.is_ascii() {
            return match Short::new(text.as_bytes()) {
                Some(short) => Self(Owned::Short(short)),
                None => Self::from_latin1(text.as_bytes().to_vec()),
            };
        }
        if text.chars().all(|c| u32::from(c) <= 0xff) {
            // Fits: just checked.
            return Self::narrow(text.chars().map(|c| u32::from(c) as u8).collect());
        }
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Self(Owned::Long(Arc::new(Long { bytes: bytes.into(), wide: true })))
    }
}

impl From<String> for Text {
    /// No copy if it is ASCII.
    fn from(text: String) -> Self {
        if text.is_ascii() { Self::from_latin1(text.into_bytes()) } else { text.as_str().into() }
    }
}

impl From<Str<'_>> for Text {
    fn from(text: Str<'_>) -> Self {
        match text.0 {
            Repr::Narrow(bytes) => match Short::new(bytes) {
                Some(short) => Self(Owned::Short(short)),
                None => Self::from_latin1(bytes.to_vec()),
            },
            Repr::Wide(bytes) => {
                let bytes = Bytes::copy_from_slice(bytes);
                Self(Owned::Long(Arc::new(Long { bytes, wide: true })))
            }
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// A string that somebody holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Str<'a>(Repr<'a>);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Repr<'a> {
    Narrow(&'a [u8]),
    /// Whole units, of which one at least is over 0xff: else two forms of one string would differ.
    Wide(&'a [u8]),
}

impl<'a> Str<'a> {
    pub(super) const fn narrow(bytes: &'a [u8]) -> Self {
        Self(Repr::Narrow(bytes))
    }

    pub(super) const fn wide(bytes: &'a [u8]) -> Self {
        Self(Repr::Wide(bytes))
    }

    /// How many UTF-16 code units there are, as `length` in JavaScript.
    #[must_use]
    pub const fn len(self) -> usize {
        match self.0 {
            Repr::Narrow(bytes) => bytes.len(),
            Repr::Wide(bytes) => bytes.len() / 2,
        }
    }

    /// There is no character.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Its characters, if all are Latin-1: then one byte is one character.
    #[must_use]
    pub const fn as_latin1(self) -> Option<&'a [u8]> {
        match self.0 {
            Repr::Narrow(bytes) => Some(bytes),
            Repr::Wide(_) => None,
        }
    }

    /// UTF-16 with the low byte first, if it is not Latin-1.
    pub(super) const fn as_wide(self) -> Option<&'a [u8]> {
        match self.0 {
            Repr::Narrow(_) => None,
            Repr::Wide(bytes) => Some(bytes),
        }
    }

    /// The string in place, if it is ASCII.
    #[must_use]
    pub fn as_ascii(self) -> Option<&'a str> {
        let bytes = self.as_latin1()?;
        let is_ascii = match bytes.len() {
            // Names are short.
            0..=SHORT => bytes.iter().fold(0, |all, byte| all | byte) < 0x80,
            _ => bytes.is_ascii(),
        };
        if is_ascii { std::str::from_utf8(bytes).ok() } else { None }
    }

    /// Its UTF-16 code units.
    pub fn units(self) -> impl Iterator<Item = u16> + 'a {
        let (narrow, wide) = match self.0 {
            // In bounds: all of what is empty.
            Repr::Narrow(bytes) => (bytes, &[][..]),
            Repr::Wide(bytes) => (&[][..], bytes),
        };
        // In bounds: each chunk is a pair.
        let pair = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]);
        narrow.iter().map(|byte| u16::from(*byte)).chain(wide.chunks_exact(2).map(pair))
    }

    /// Its characters; `Err` with the unit for a lone surrogate.
    fn chars(self) -> impl Iterator<Item = Result<char, u16>> + 'a {
        char::decode_utf16(self.units()).map(|c| c.map_err(|lone| lone.unpaired_surrogate()))
    }

    /// The string as Rust has them; `None` if a surrogate stands alone. Copies nothing if it is ASCII.
    #[must_use]
    pub fn to_str(self) -> Option<Cow<'a, str>> {
        match self.as_ascii() {
            Some(ascii) => Some(Cow::Borrowed(ascii)),
            None => self.chars().collect::<Result<String, _>>().ok().map(Cow::Owned),
        }
    }

    /// The same with U+FFFD for each lone surrogate.
    #[must_use]
    pub fn to_string_lossy(self) -> Cow<'a, str> {
        match self.as_ascii() {
            Some(ascii) => Cow::Borrowed(ascii),
            None => {
                Cow::Owned(self.chars().map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
            }
        }
    }
}

impl PartialEq<str> for Str<'_> {
    fn eq(&self, other: &str) -> bool {
        match self.0 {
            Repr::Narrow(bytes) if other.is_ascii() => bytes == other.as_bytes(),
            _ => self.units().eq(other.encode_utf16()),
        }
    }
}

impl PartialEq<&str> for Str<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Display for Str<'_> {
    /// With U+FFFD for each lone surrogate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

impl fmt::Debug for Str<'_> {
    /// In single quotes, lone surrogates and control characters escaped, as Node prints them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use std::fmt::Write as _;
        f.write_char('\'')?;
        for c in self.chars() {
            match c {
                Ok('\'') => f.write_str("\\'")?,
                Ok('\\') => f.write_str("\\\\")?,
                Ok('\n') => f.write_str("\\n")?,
                Ok('\t') => f.write_str("\\t")?,
                Ok('\r') => f.write_str("\\r")?,
                Ok(c) if c.is_control() => write!(f, "\\x{:02X}", u32::from(c))?,
                Ok(c) => f.write_char(c)?,
                Err(unit) => write!(f, "\\u{unit:04X}")?,
            }
        }
        f.write_char('\'')
    }
}
