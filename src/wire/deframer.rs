//! The deframer turns bytes as they arrive into frames.

use capnp::Word;

use super::frame::{Frame, FrameError, Header, WORD};
use super::limits::Limits;
use super::recycled::Recycled;
use super::spare::Spare;

/// Bytes of the read buffer once reads have filled the smaller ones.
const BUFFER: usize = 64 << 10;
/// Bytes of the first read buffer, allocated with the first read: all that a connection of few small calls ever
/// takes, and to zero a large one would be more work than the rest of its opening. One that is filled is followed by one
/// eight times as large.
const FIRST: usize = 1 << 10;
/// A frame that is incomplete and at least so many bytes long is read straight into its own memory.
/// Below, copying it out of the buffer is cheaper than the extra read.
const DIRECT_MIN: usize = 16 << 10;
/// What a frame gets on the strength of its table alone, and each time that is full: memory is touched
/// step by step as bytes arrive, while it is warm.
const STEP_WORDS: usize = (256 << 10) / WORD;
/// For how much addresses are set aside on the strength of the table, so that a message of 1 MiB is not
/// moved as it grows; from there on they double with what arrives.
const RESERVED_WORDS: usize = (2 << 20) / WORD;
/// How much is read after a large frame: the table of the next, hardly more. What else came with
/// it would have to be copied.
const PEEK: usize = 4 << 10;

const ZERO: Word = capnp::word(0, 0, 0, 0, 0, 0, 0, 0);

/// Turns bytes as they arrive into frames, without doing I/O.
///
/// Read into [`space`](Self::space), say how much it was with [`advance`](Self::advance), then take
/// [`next_frame`](Self::next_frame) until there is none.
pub struct Deframer {
    limits: Limits,
    /// Of whole words, and so is each frame: one that is taken out of it is copied and nothing else.
    buffer: Vec<Word>,
    /// What has arrived and is not taken: bytes `start..end` of the buffer, of which the first begins a word.
    start: usize,
    end: usize,
    direct: Option<Direct>,
    spare: Spare,
    recycled: Recycled,
    read_max: usize,
    broken: Option<FrameError>,
}

/// A large frame that is being read into its own memory.
struct Direct {
    header: Header,
    words: Vec<Word>,
    /// How many bytes of `words` have arrived.
    filled: usize,
}

impl Deframer {
    /// A deframer at the start of a stream.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            direct: None,
            spare: Spare::default(),
            recycled: Recycled::default(),
            read_max: BUFFER,
            broken: None,
        }
    }

    /// Where the next bytes of the stream go. Not empty if all frames that had arrived were taken.
    pub fn space(&mut self) -> &mut [u8] {
        if self.direct.as_ref().is_some_and(|direct| !direct.is_complete()) {
            // Just seen to be some; the borrow checker wants it fetched again.
            return self.direct.as_mut().map_or(&mut [], Direct::space);
        }
        if self.end == self.buffer.len() * WORD && self.end < BUFFER {
            let bytes = (self.end * 8).clamp(FIRST, BUFFER);
            self.buffer.resize(bytes / WORD, ZERO);
        }
        let buffer = Word::words_to_bytes_mut(&mut self.buffer);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        } else if self.start > 0 && BUFFER - self.end < DIRECT_MIN {
            buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        // In bounds: `end` is never beyond the buffer, and nor is what was read.
        let end = buffer.len().min(self.end + self.read_max);
        &mut buffer[self.end..end]
    }

    /// So many bytes were read into what [`space`](Self::space) returned last.
    pub fn advance(&mut self, bytes: usize) {
        match &mut self.direct {
            Some(direct) if !direct.is_complete() => direct.filled += bytes,
            _ => self.end += bytes,
        }
        debug_assert!(self.end <= self.buffer.len() * WORD);
    }

    /// The one segment of the next frame, where it arrived: if that has arrived whole, and is within
    /// the limits.
    pub(super) fn single(&self) -> Option<&[u8]> {
        if self.direct.is_some() || self.broken.is_some() {
            return None;
        }
        let arrived = Word::words_to_bytes(&self.buffer).get(self.start..self.end)?;
        let (table, rest) = arrived.split_first_chunk::<WORD>()?;
        let [count @ .., a, b, c, d] = *table;
        let words = u32::from_le_bytes([a, b, c, d]);
        if count != [0; 4] || words > self.limits.frame_words_max {
            return None;
        }
        rest.get(..words as usize * WORD)
    }

    /// Drops the frame [`single`](Self::single) showed.
    pub(super) fn skip_single(&mut self) {
        if let Some(bytes) = self.single().map(<[u8]>::len) {
            self.taken(WORD + bytes);
        }
    }

    /// Takes the frame [`single`](Self::single) showed.
    pub(super) fn take_single(&mut self) -> Option<Frame> {
        let words = self.single()?.len() / WORD;
        // What was taken before it, and its table, are whole words.
        let first = self.start / WORD + 1;
        let arrived = self.buffer.get(first..first + words)?;
        let frame = if Recycled::wants(words) {
            Frame::single_lent(self.recycled.copy(arrived))
        } else {
            self.recycled.count_other();
            Frame::single(arrived.to_vec())
        };
        self.taken(WORD + words * WORD);
        Some(frame)
    }

    /// So many bytes of the buffer were taken as a frame.
    fn taken(&mut self, bytes: usize) {
        self.start += bytes;
        self.read_max = BUFFER;
        self.spare.count_smaller();
    }

    /// The next frame, if it has arrived.
    ///
    /// # Errors
    ///
    /// The peer broke a limit. The stream is lost; every later call says so again.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        if let Some(direct) = self.direct.take() {
            if !direct.is_complete() {
                self.direct = Some(direct);
                return Ok(None);
            }
            self.read_max = PEEK;
            return Ok(Some(direct.into_frame()));
        }
        // In bounds: what has arrived lies in the buffer.
        let arrived = &Word::words_to_bytes(&self.buffer)[self.start..self.end];
        let header = match Header::read(arrived, &self.limits) {
            Ok(Some(header)) => header,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.broken = Some(error);
                return Err(error);
            }
        };
        Ok(self.take(header))
    }

    /// Takes a frame out of the buffer if it is all there; if not, and it is large, out of the buffer's way.
    fn take(&mut self, header: Header) -> Option<Frame> {
        let (body, bytes) = (self.start + header.bytes, header.words() * WORD);
        if self.end - body >= bytes {
            // What was taken before it, and its table, are whole words.
            let first = body / WORD;
            let words = self.buffer.get(first..first + header.words())?.to_vec();
            self.taken(header.bytes + bytes);
            return Some(header.into_frame(words));
        }
        if bytes >= DIRECT_MIN {
            let words = self.spare.take(header.words());
            // In bounds: the table was read there.
            let arrived = &Word::words_to_bytes(&self.buffer)[body..self.end];
            self.direct = Some(Direct::new(header, arrived, words));
            self.start = self.end;
        }
        None
    }

    /// `frame` was decoded: its memory is read into again once it is gone, if it is worth it.
    pub(super) fn keep(&mut self, frame: &Frame) {
        match frame.lent() {
            Some(words) if Spare::wants(words) => self.spare.keep(words),
            Some(words) => self.recycled.keep(words),
            None => {}
        }
    }

    /// Part of a frame has arrived: the stream must not end here.
    #[must_use]
    pub fn is_mid_frame(&self) -> bool {
        self.direct.is_some() || self.start < self.end
    }

    /// The stream ended.
    ///
    /// # Errors
    ///
    /// It ended within a frame. (C-F3)
    pub fn finish(&self) -> Result<(), FrameError> {
        if self.is_mid_frame() { Err(FrameError::Truncated) } else { Ok(()) }
    }
}

impl Direct {
    /// `words` is memory that was used before, if there is some.
    fn new(header: Header, arrived: &[u8], words: Option<Vec<Word>>) -> Self {
        let all = header.words();
        let first = STEP_WORDS.max(arrived.len().div_ceil(WORD)).min(all);
        let mut words =
            words.unwrap_or_else(|| Vec::with_capacity(first.max(all.min(RESERVED_WORDS))));
        words.truncate(all);
        if words.len() < first {
            words.resize(first, ZERO);
        }
        // In bounds: `first` words are at least what arrived.
        Word::words_to_bytes_mut(&mut words)[..arrived.len()].copy_from_slice(arrived);
        Self { header, words, filled: arrived.len() }
    }

    fn into_frame(self) -> Frame {
        if Spare::wants(&self.words) {
            return self.header.into_lent_frame(self.words);
        }
        self.header.into_frame(self.words)
    }

    fn is_complete(&self) -> bool {
        self.filled == self.header.words() * WORD
    }

    fn space(&mut self) -> &mut [u8] {
        if self.filled == self.words.len() * WORD {
            let (len, all) = (self.words.len(), self.header.words());
            if len == self.words.capacity() {
                self.words.reserve_exact(len.min(all - len));
            }
            let most = self.words.capacity().min(all);
            self.words.resize(most.min(len + STEP_WORDS), ZERO);
        }
        // In bounds: no more is filled than there is.
        &mut Word::words_to_bytes_mut(&mut self.words)[self.filled..]
    }
}
