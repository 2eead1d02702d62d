//! Bytes to read from, one thing after another.

use super::decode_error::Broken;
use super::tag;

/// A place in bytes.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(super) fn byte(&mut self) -> Result<u8, Broken> {
        let byte = *self.bytes.get(self.at).ok_or(Broken::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    /// The next byte, left where it is.
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Goes to the next tag: padding may stand before any.
    pub(super) fn peek_tag(&mut self) -> Result<u8, Broken> {
        loop {
            match self.peek() {
                Some(tag::PADDING) => self.at += 1,
                Some(tag) => return Ok(tag),
                None => return Err(Broken::Truncated),
            }
        }
    }

    pub(super) fn tag(&mut self) -> Result<u8, Broken> {
        let tag = self.peek_tag()?;
        self.at += 1;
        Ok(tag)
    }

    pub(super) fn skip(&mut self) {
        self.at = self.bytes.len().min(self.at + 1);
    }

    pub(super) fn slice(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let end = self.at.checked_add(length).ok_or(Broken::Truncated)?;
        let slice = self.bytes.get(self.at..end).ok_or(Broken::Truncated)?;
        self.at = end;
        Ok(slice)
    }

    pub(super) fn varint(&mut self) -> Result<u64, Broken> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(first.into());
        }
        let (mut number, mut shift) = (u64::from(first & 0x7f), 7);
        loop {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift > 63 || shift == 63 && bits > 1 {
                return Err(Broken::Varint);
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
            shift += 7;
        }
    }

    pub(super) fn varint32(&mut self) -> Result<u32, Broken> {
        u32::try_from(self.varint()?).map_err(|_| Broken::Varint)
    }

    /// A number of bytes, of which there are as many.
    pub(super) fn length(&mut self) -> Result<usize, Broken> {
        let length = self.varint()?;
        if length > self.left() as u64 {
            return Err(Broken::Truncated);
        }
        // Fits: not more than there are bytes.
        Ok(length as usize)
    }

    pub(super) fn delimited(&mut self) -> Result<&'a [u8], Broken> {
        let length = self.length()?;
        self.slice(length)
    }

    pub(super) fn double(&mut self) -> Result<f64, Broken> {
        let bytes = self.slice(8)?;
        Ok(f64::from_le_bytes(*bytes.first_chunk().ok_or(Broken::Truncated)?))
    }
}
