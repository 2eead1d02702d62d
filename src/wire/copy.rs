//! A copy holds what can be reached from the root, and nothing else of the message it came in.

use std::fmt;

use capnp::Word;
use capnp::message::ReaderSegments;

use super::limits::ReadLimits;
use super::pointer::{
    self, COMPOSITE, Kind, POINTERS, Place, Pointer, PointerError, ROOT, Target, word_at, words_at,
};

/// How many words a copy may have for each word of the frame the content came in. Many pointers to one
/// place make a few words a large copy, and a peer could have us copy and send 64 MiB for each call of a
/// kilobyte that we pass on. Content that names nothing twice has at most two: each object lies in words
/// of its own, and one of no size, which counts as a word, has its pointer.
const GROWTH_MAX: usize = 8;

/// The limits under which what came in a frame of so many words is copied.
pub(super) fn within(limits: &ReadLimits, frame_words: usize) -> ReadLimits {
    let most = frame_words.saturating_mul(GROWTH_MAX);
    ReadLimits { traversal_words_max: limits.traversal_words_max.min(most), ..*limits }
}

/// Why content cannot be copied. The fault of whoever built it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CopyError {
    /// A pointer is malformed.
    Pointer(PointerError),
    /// The copy would have more words than [`ReadLimits::traversal_words_max`], or more than 8 for each
    /// word of the frame the content came in.
    TooLarge,
    /// Pointers nest deeper than [`ReadLimits::nesting_max`].
    TooDeep,
}

impl From<PointerError> for CopyError {
    fn from(error: PointerError) -> Self {
        Self::Pointer(error)
    }
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pointer(error) => error.fmt(f),
            Self::TooLarge => f.write_str("the content is too large to be copied"),
            Self::TooDeep => f.write_str("the content nests too deeply to be copied"),
        }
    }
}

impl std::error::Error for CopyError {}

/// Copies the root of `segments` and all below it into one segment.
pub(super) fn copy<S: ReaderSegments + ?Sized>(
    segments: &S,
    limits: &ReadLimits,
) -> Result<Vec<Word>, CopyError> {
    copy_with(segments, limits, |index| index)
}

/// The same, with each capability pointer's index as `caps` wants it. It is asked in the order of
/// the pointers, what is below one before the next.
pub(super) fn copy_with<S: ReaderSegments + ?Sized>(
    segments: &S,
    limits: &ReadLimits,
    caps: impl FnMut(u32) -> u32,
) -> Result<Vec<Word>, CopyError> {
    let left = limits.traversal_words_max as u64;
    let mut copy = Copy { segments, words: vec![ZERO], left, caps };
    copy.pointer(ROOT, 0, limits.nesting_max)?;
    Ok(copy.words)
}

const ZERO: Word = capnp::word(0, 0, 0, 0, 0, 0, 0, 0);

struct Copy<'a, S: ?Sized, F> {
    segments: &'a S,
    words: Vec<Word>,
    /// Words that may yet be copied.
    left: u64,
    /// What becomes of the index of a capability.
    caps: F,
}

impl<S: ReaderSegments + ?Sized, F: FnMut(u32) -> u32> Copy<'_, S, F> {
    /// Copies what the pointer at `from` leads to, and points word `to` of the copy at it.
    fn pointer(&mut self, from: Place, to: usize, depth: u16) -> Result<(), CopyError> {
        match pointer::resolve(self.segments, from)? {
            Target::Null => Ok(()),
            Target::Capability(index) => {
                let index = (self.caps)(index);
                self.set(to, pointer::capability(index));
                Ok(())
            }
            Target::Struct { at, data, pointers } => {
                let depth = depth.checked_sub(1).ok_or(CopyError::TooDeep)?;
                let shape = pointer::struct_shape(data, pointers);
                let start = self.take(u64::from(data) + u64::from(pointers))?;
                self.set(to, near(to, start, Kind::Struct, shape));
                self.object(at, start, data, pointers, depth)
            }
            Target::List { at, size, count } => {
                let depth = depth.checked_sub(1).ok_or(CopyError::TooDeep)?;
                let start = self.take(pointer::list_words(size, count))?;
                self.set(to, near(to, start, Kind::List, pointer::list_shape(size, count)));
                self.list(at, start, size, count, depth)
            }
        }
    }

    /// Fills a struct, or one element of a list of structs.
    fn object(
        &mut self,
        at: Place,
        start: usize,
        data: u16,
        pointers: u16,
        depth: u16,
    ) -> Result<(), CopyError> {
        self.bytes(at, start, u64::from(data))?;
        for index in 0..pointers {
            let index = u32::from(data) + u32::from(index);
            let from = Place { word: at.word + index, ..at };
            self.pointer(from, start + index as usize, depth)?;
        }
        Ok(())
    }

    fn list(
        &mut self,
        at: Place,
        start: usize,
        size: u32,
        count: u32,
        depth: u16,
    ) -> Result<(), CopyError> {
        match size {
            POINTERS => (0..count).try_for_each(|index| {
                let from = Place { word: at.word + index, ..at };
                self.pointer(from, start + index as usize, depth)
            }),
            COMPOSITE => self.structs(at, start, count, depth),
            _ => self.bytes(at, start, pointer::list_words(size, count)),
        }
    }

    /// Fills a list of structs: a tag with their number and shape, then the structs.
    fn structs(
        &mut self,
        at: Place,
        start: usize,
        words: u32,
        depth: u16,
    ) -> Result<(), CopyError> {
        let tag = word_at(self.segments, at)?;
        // A tag of no elements and no size is a zero word.
        let (count, shape) = match Pointer::parse(tag) {
            Pointer::Null => (0, 0),
            Pointer::Near { kind: Kind::Struct, offset, shape } => (offset as u32 & MAX, shape),
            _ => return Err(PointerError::BadList.into()),
        };
        let (data, pointers) = (shape as u16, (shape >> 16) as u16);
        let step = u32::from(data) + u32::from(pointers);
        if u64::from(count) * u64::from(step) > u64::from(words) {
            return Err(PointerError::BadList.into());
        }
        self.set(start, tag);
        // Elements of no size need no visit, and there may be half a billion of them.
        let count = if step == 0 { 0 } else { count };
        for index in 0..count {
            // In bounds: the product was compared with what the list takes.
            let offset = 1 + index * step;
            let from = Place { word: at.word + offset, ..at };
            self.object(from, start + offset as usize, data, pointers, depth)?;
        }
        Ok(())
    }

    /// Takes so many words at the end of the copy. An object of no size counts as one word: finding
    /// it is work as well.
    fn take(&mut self, words: u64) -> Result<usize, CopyError> {
        self.left = self.left.checked_sub(words.max(1)).ok_or(CopyError::TooLarge)?;
        let start = self.words.len();
        let len = usize::try_from(words).ok().and_then(|words| start.checked_add(words));
        self.words.resize(len.ok_or(CopyError::TooLarge)?, ZERO);
        Ok(start)
    }

    fn bytes(&mut self, at: Place, start: usize, words: u64) -> Result<(), CopyError> {
        let source = words_at(self.segments, at, words)?;
        // In bounds: words from `start` on were set aside, as many as are copied.
        let target = Word::words_to_bytes_mut(&mut self.words[start..]);
        target[..source.len()].copy_from_slice(source);
        Ok(())
    }

    fn set(&mut self, at: usize, word: u64) {
        // In bounds: the word was set aside before.
        let target = &mut Word::words_to_bytes_mut(&mut self.words)[at * 8..at * 8 + 8];
        target.copy_from_slice(&word.to_le_bytes());
    }
}

/// Element counts have 29 bits; the tag keeps one in a field of 30.
const MAX: u32 = (1 << 30) - 1;

fn near(at: usize, target: usize, kind: Kind, shape: u32) -> u64 {
    // Indices into an allocation of words: they fit.
    pointer::near(at as i64, target as i64, kind, shape)
}
