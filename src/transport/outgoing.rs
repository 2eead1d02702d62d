//! What is queued for a byte stream: small things copied together, large ones where they lie.

use std::collections::VecDeque;
use std::io::IoSlice;

use smallvec::SmallVec;

use crate::wire::Encoded;

/// Slices for one vectored write.
pub(super) type Slices<'a> = SmallVec<[IoSlice<'a>; 8]>;

/// The most slices handed to one write. Operating systems take up to 1024 (`IOV_MAX`); beyond some
/// dozens a write no longer gets cheaper.
const MOST_SLICES: usize = 64;

/// The buffer for copies is kept between turns up to this size, and given back beyond it, so that
/// one busy moment does not stay in memory.
const KEPT: usize = 256 << 10;

/// From so many written bytes on what is behind them is moved to the front, if it is less: a stream that is never quite written
/// stays in the same memory, which the caches know, and asks the operating system for no more.
const RECLAIMED: usize = 64 << 10;

/// Bytes of the first buffer for copies: a few small messages.
const FIRST: usize = 1 << 10;

/// Bytes that are sent from where they lie, in one or more pieces.
pub(super) trait Gather {
    /// How many bytes there are.
    fn len(&self) -> usize;

    /// Adds the pieces, without the first `skip` bytes of them all.
    fn gather<'a>(&'a self, skip: usize, slices: &mut Slices<'a>);
}

impl Gather for Encoded {
    fn len(&self) -> usize {
        self.len()
    }

    fn gather<'a>(&'a self, skip: usize, slices: &mut Slices<'a>) {
        slices.extend(self.slices(skip).map(IoSlice::new));
    }
}

/// What is sent from where it lies, and how many of the copies come before it.
struct Part<T> {
    copied: usize,
    lying: T,
}

/// A queue of bytes, in the order they are written.
pub(super) struct Outgoing<T> {
    copies: Vec<u8>,
    /// How much of `copies` has been written.
    copies_written: usize,
    parts: VecDeque<Part<T>>,
    /// How much of what lies in the first part has been written.
    part_written: usize,
    /// How many of the copies come behind the last part: all of them, where nothing large is queued.
    tail: usize,
    /// How much is not written yet.
    queued: usize,
}

impl<T: Gather> Outgoing<T> {
    pub(super) const fn new() -> Self {
        Self {
            copies: Vec::new(),
            copies_written: 0,
            parts: VecDeque::new(),
            part_written: 0,
            tail: 0,
            queued: 0,
        }
    }

    /// How many bytes wait to be written.
    pub(super) const fn queued(&self) -> usize {
        self.queued
    }

    /// Where bytes are appended that are small enough to be copied. Only [`commit`](Self::commit)
    /// queues them; what is appended and not committed is to be truncated again.
    pub(super) fn copies(&mut self) -> &mut Vec<u8> {
        if self.copies.capacity() == 0 {
            self.copies.reserve(FIRST);
        }
        &mut self.copies
    }

    /// Queues what was appended to the copies since their length was `from`, and then `lying`.
    pub(super) fn commit(&mut self, from: usize, lying: Option<T>) {
        let copied = self.copies.len().saturating_sub(from);
        self.queued += copied;
        self.tail += copied;
        if let Some(lying) = lying.filter(|lying| lying.len() > 0) {
            self.queued += lying.len();
            self.parts.push_back(Part { copied: std::mem::take(&mut self.tail), lying });
        }
    }

    /// All there is to write, where that is one piece: most turns send nothing large.
    pub(super) fn copies_alone(&self) -> Option<&[u8]> {
        let whole = self.copies.len() - self.copies_written;
        (self.queued == whole).then(|| self.copies.split_at(self.copies_written).1)
    }

    /// The next bytes to write, as many as one write takes.
    pub(super) fn slices(&self) -> Slices<'_> {
        let mut slices = Slices::new();
        let mut copies = self.copies.split_at(self.copies_written).1;
        let mut skip = self.part_written;
        for Part { copied, lying } in &self.parts {
            let (piece, rest) = copies.split_at(*copied);
            if !piece.is_empty() {
                slices.push(IoSlice::new(piece));
            }
            lying.gather(skip, &mut slices);
            copies = rest;
            skip = 0;
            if slices.len() >= MOST_SLICES {
                slices.truncate(MOST_SLICES);
                return slices;
            }
        }
        if self.tail > 0 {
            slices.push(IoSlice::new(copies));
        }
        slices
    }

    /// The first `written` bytes have been written.
    pub(super) fn advance(&mut self, mut written: usize) {
        self.queued = self.queued.saturating_sub(written);
        while let Some(part) = self.parts.front_mut() {
            let step = written.min(part.copied);
            part.copied -= step;
            self.copies_written += step;
            written -= step;
            let step = written.min(part.lying.len() - self.part_written);
            self.part_written += step;
            written -= step;
            if part.copied > 0 || self.part_written < part.lying.len() {
                break;
            }
            self.parts.pop_front();
            self.part_written = 0;
        }
        let step = written.min(self.tail);
        self.tail -= step;
        self.copies_written += step;
        self.recycle();
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    /// Makes room in front, at a cost in proportion to what has been written.
    fn recycle(&mut self) {
        if self.copies_written == self.copies.len() {
            self.copies.clear();
            self.copies.shrink_to(KEPT);
            self.copies_written = 0;
        } else if self.copies_written > RECLAIMED && self.copies_written > self.copies.len() / 2 {
            self.copies.drain(..self.copies_written);
            self.copies_written = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Gather, Outgoing, Slices};
    use std::io::IoSlice;

    /// Two pieces that lie apart.
    struct Two(&'static [u8], &'static [u8]);

    impl Gather for Two {
        fn len(&self) -> usize {
            self.0.len() + self.1.len()
        }

        fn gather<'a>(&'a self, skip: usize, slices: &mut Slices<'a>) {
            if skip < self.0.len() {
                slices.push(IoSlice::new(self.0.split_at(skip).1));
            }
            let skip = skip.saturating_sub(self.0.len());
            slices.push(IoSlice::new(self.1.split_at(skip).1));
        }
    }

    fn queue(outgoing: &mut Outgoing<Two>, copied: &[u8], lying: Option<Two>) {
        let from = outgoing.copies().len();
        outgoing.copies().extend(copied);
        outgoing.commit(from, lying);
    }

    /// Writes everything, `step` bytes a write.
    fn drain(outgoing: &mut Outgoing<Two>, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while outgoing.queued() > 0 {
            let bytes: Vec<u8> = outgoing.slices().iter().flat_map(|s| s.to_vec()).collect();
            let written = step.min(bytes.len());
            assert!(written > 0, "what is queued can be written");
            all.extend(bytes.split_at(written).0);
            outgoing.advance(written);
        }
        all
    }

    #[test]
    fn a_stream_that_is_never_quite_written_stays_in_the_memory_it_has() {
        let mut outgoing = Outgoing::new();
        queue(&mut outgoing, &[0; 200 << 10], None);
        for _ in 0..20 {
            outgoing.advance(160 << 10);
            queue(&mut outgoing, &[0; 160 << 10], None);
            assert_eq!(outgoing.queued(), 200 << 10);
        }
        assert!(outgoing.copies.capacity() <= super::KEPT, "{}", outgoing.copies.capacity());
    }

    #[test]
    fn order_survives_any_cut() {
        for step in 1..20 {
            let mut outgoing = Outgoing::new();
            queue(&mut outgoing, b"ab", None);
            queue(&mut outgoing, b"cd", Some(Two(b"efg", b"hi")));
            queue(&mut outgoing, b"", Some(Two(b"jk", b"l")));
            queue(&mut outgoing, b"mn", None);
            assert_eq!(drain(&mut outgoing, step), b"abcdefghijklmn");
        }
    }

    #[test]
    fn small_messages_are_one_slice() {
        let mut outgoing = Outgoing::new();
        for _ in 0..100 {
            queue(&mut outgoing, b"message", None);
        }
        assert_eq!(outgoing.slices().len(), 1);
    }

    #[test]
    fn a_long_queue_is_written_in_several_writes() {
        let mut outgoing = Outgoing::new();
        for _ in 0..100 {
            queue(&mut outgoing, b"a", Some(Two(b"b", b"c")));
        }
        assert_eq!(outgoing.slices().len(), super::MOST_SLICES);
        assert_eq!(drain(&mut outgoing, usize::MAX).len(), 300);
    }

    #[test]
    fn a_queue_that_never_runs_dry_does_not_grow() {
        let mut outgoing = Outgoing::new();
        let block = [1; 1000];
        for _ in 0..10_000 {
            queue(&mut outgoing, &block, None);
            queue(&mut outgoing, &block, None);
            outgoing.advance(outgoing.queued().min(2000) - 1);
        }
        assert!(outgoing.copies.capacity() < 4 * super::KEPT + (1 << 16));
    }
}
