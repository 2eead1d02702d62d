//! Bytes to read from, one thing after another.

use super::decode_error::{Broken, Read};
use super::tag;

/// A place in bytes.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    #[inline]
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Read<u8> {
        let byte = *self.bytes.get(self.at).ok_or(Broken::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    /// The next byte, left where it is.
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Goes to the next tag: padding may stand before any.
    #[inline]
    pub(super) fn peek_tag(&mut self) -> Read<u8> {
        loop {
            match self.peek() {
                Some(tag::PADDING) => self.at += 1,
                Some(tag) => return Ok(tag),
                None => return Err(Broken::Truncated.into()),
            }
        }
    }

    #[inline]
    pub(super) fn tag(&mut self) -> Read<u8> {
        let tag = self.peek_tag()?;
        self.at += 1;
        Ok(tag)
    }

    #[inline]
    pub(super) fn skip(&mut self) {
        self.at = self.bytes.len().min(self.at + 1);
    }

    /// All that is left.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or(&[])
    }

    #[inline]
    pub(super) fn slice(&mut self, length: usize) -> Read<&'a [u8]> {
        let end = self.at.checked_add(length).ok_or(Broken::Truncated)?;
        let slice = self.bytes.get(self.at..end).ok_or(Broken::Truncated)?;
        self.at = end;
        Ok(slice)
    }

    #[inline(always)]
    pub(super) fn varint(&mut self) -> Read<u64> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(first.into());
        }
        self.varint_rest(first)
    }

    fn varint_rest(&mut self, first: u8) -> Read<u64> {
        let (mut number, mut shift) = (u64::from(first & 0x7f), 7);
        loop {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift > 63 || shift == 63 && bits > 1 {
                return Err(Broken::Varint.into());
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
            shift += 7;
        }
    }

    #[inline]
    pub(super) fn varint32(&mut self) -> Read<u32> {
        u32::try_from(self.varint()?).map_err(|_| Broken::Varint.into())
    }

    /// A number of bytes, of which there are as many.
    #[inline]
    pub(super) fn length(&mut self) -> Read<usize> {
        let length = self.varint()?;
        if length > self.left() as u64 {
            return Err(Broken::Truncated.into());
        }
        // Fits: not more than there are bytes.
        Ok(length as usize)
    }

    pub(super) fn delimited(&mut self) -> Read<&'a [u8]> {
        let length = self.length()?;
        self.slice(length)
    }

    pub(super) fn double(&mut self) -> Read<f64> {
        let bytes = self.slice(8)?;
        Ok(f64::from_le_bytes(*bytes.first_chunk().ok_or(Broken::Truncated)?))
    }
}
