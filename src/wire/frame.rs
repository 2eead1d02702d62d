//! A frame is one message on a byte stream: a table of segment sizes, then the segments. (C-F1)

use std::fmt;
use std::sync::Arc;

use capnp::Word;
use capnp::message::ReaderSegments;
use smallvec::SmallVec;

use super::limits::Limits;

/// Bytes in a word.
pub(super) const WORD: usize = 8;

/// The segments of one message, in one aligned allocation.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    words: Words,
    /// Where each segment ends, in words.
    ends: SmallVec<[u32; 4]>,
}

/// The memory of a frame.
#[derive(Clone, PartialEq, Eq)]
enum Words {
    Own(Vec<Word>),
    /// Whoever read the frame may hold it too, to read another into it once this one is gone.
    Lent(Arc<Vec<Word>>),
}

impl Words {
    fn as_slice(&self) -> &[Word] {
        match self {
            Self::Own(words) => words,
            Self::Lent(words) => words,
        }
    }
}

impl Frame {
    /// A frame of one segment.
    #[must_use]
    pub fn single(words: Vec<Word>) -> Self {
        // A segment of 2^32 words (32 GiB) cannot be addressed by the protocol's pointers either.
        let end = u32::try_from(words.len()).unwrap_or(u32::MAX);
        Self { words: Words::Own(words), ends: SmallVec::from_slice(&[end]) }
    }

    /// A frame of one segment in memory that may be used again.
    pub(super) fn single_lent(words: Arc<Vec<Word>>) -> Self {
        // As for `single`; what is lent is far smaller.
        let end = u32::try_from(words.len()).unwrap_or(u32::MAX);
        Self { words: Words::Lent(words), ends: SmallVec::from_slice(&[end]) }
    }

    /// The memory it lies in, if that may be used again.
    pub(super) fn lent(&self) -> Option<&Arc<Vec<Word>>> {
        match &self.words {
            Words::Own(_) => None,
            Words::Lent(words) => Some(words),
        }
    }

    /// A copy of a message's segments. `None` if they are more than 2^32 words together, or not of
    /// whole words.
    #[must_use]
    pub fn of_segments(segments: &[&[u8]]) -> Option<Self> {
        let mut bytes = 0usize;
        let mut ends = SmallVec::new();
        for segment in segments {
            if segment.len() % WORD != 0 {
                return None;
            }
            bytes = bytes.checked_add(segment.len())?;
            ends.push(u32::try_from(bytes / WORD).ok()?);
        }
        let mut words = Word::allocate_zeroed_vec(bytes / WORD);
        let mut rest = Word::words_to_bytes_mut(&mut words);
        for segment in segments {
            let (room, behind) = rest.split_at_mut(segment.len());
            room.copy_from_slice(segment);
            rest = behind;
        }
        Some(Self { words: Words::Own(words), ends })
    }

    /// How many segments there are.
    #[must_use]
    pub fn segment_count(&self) -> usize {
        self.ends.len()
    }

    /// How many words the segments have together.
    #[must_use]
    pub fn words(&self) -> usize {
        self.words.as_slice().len()
    }

    /// How many bytes it takes on a stream, its table included. (C-F1)
    #[must_use]
    pub fn bytes(&self) -> usize {
        (self.ends.len() + 2) / 2 * WORD + self.words.as_slice().len() * WORD
    }

    /// One segment, if there are so many.
    #[must_use]
    pub fn segment(&self, id: u32) -> Option<&[u8]> {
        let id = usize::try_from(id).ok()?;
        let end = *self.ends.get(id)? as usize;
        let start = if id == 0 { 0 } else { *self.ends.get(id - 1)? as usize };
        self.words.as_slice().get(start..end).map(Word::words_to_bytes)
    }

    /// Puts `word` in place of the first of segment 0; nothing if that is empty.
    pub(super) fn set_root(&mut self, word: u64) {
        let words = match &mut self.words {
            Words::Own(words) => words,
            // Nobody else holds it before it is decoded.
            Words::Lent(words) => Arc::make_mut(words),
        };
        if self.ends.first().is_some_and(|&end| end > 0)
            && let Some(root) = words.first_mut()
        {
            Word::words_to_bytes_mut(std::slice::from_mut(root))
                .copy_from_slice(&word.to_le_bytes());
        }
    }
}

impl ReaderSegments for Frame {
    fn get_segment(&self, id: u32) -> Option<&[u8]> {
        self.segment(id)
    }

    fn len(&self) -> usize {
        self.segment_count()
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} words in {} segments", self.words(), self.segment_count())
    }
}

/// How a byte stream fails to be frames. Always the peer's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// The frame has more segments than [`Limits::segments_max`].
    TooManySegments {
        /// As many.
        segments: u64,
    },
    /// The frame has more words than [`Limits::frame_words_max`].
    TooLarge {
        /// As many, or more: counting ends where the limit is passed.
        words: u64,
    },
    /// The stream ended within a frame.
    Truncated,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManySegments { segments } => {
                write!(f, "the peer sent a frame of {segments} segments, over the limit")
            }
            Self::TooLarge { words } => {
                write!(f, "the peer sent a frame of {words} words or more, over the limit")
            }
            Self::Truncated => f.write_str("the peer's stream ended within a frame"),
        }
    }
}

impl std::error::Error for FrameError {}

/// The segment table of a frame that has begun to arrive.
pub(super) struct Header {
    /// Bytes of the table itself, padding included.
    pub(super) bytes: usize,
    /// Where each segment ends, in words.
    ends: SmallVec<[u32; 4]>,
}

impl Header {
    /// Reads the table at the start of `bytes`; `None` if it has not all arrived. (C-F2)
    pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Option<Self>, FrameError> {
        let Some(count) = u32_at(bytes, 0) else { return Ok(None) };
        let segments = u64::from(count) + 1;
        if segments > u64::from(limits.segments_max.min(Limits::SEGMENTS_CEILING)) {
            return Err(FrameError::TooManySegments { segments });
        }
        let table = (segments as usize + 2) / 2 * WORD;
        let mut ends = SmallVec::new();
        let mut words = 0;
        for index in 0..segments as usize {
            let Some(size) = u32_at(bytes, 4 + 4 * index) else { return Ok(None) };
            words += u64::from(size);
            if words > u64::from(limits.frame_words_max) {
                return Err(FrameError::TooLarge { words });
            }
            // Fits: not above `frame_words_max`, which is a u32.
            ends.push(words as u32);
        }
        Ok((bytes.len() >= table).then_some(Self { bytes: table, ends }))
    }

    /// Words of all segments.
    pub(super) fn words(&self) -> usize {
        self.ends.last().map_or(0, |&end| end as usize)
    }

    /// The frame, once `words` are as many as announced.
    pub(super) fn into_frame(self, words: Vec<Word>) -> Frame {
        debug_assert_eq!(words.len(), self.words());
        Frame { words: Words::Own(words), ends: self.ends }
    }

    /// The same, for memory that may be used again.
    pub(super) fn into_lent_frame(self, words: Vec<Word>) -> Frame {
        debug_assert_eq!(words.len(), self.words());
        Frame { words: Words::Lent(Arc::new(words)), ends: self.ends }
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_le_bytes(*four))
}
