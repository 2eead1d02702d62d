//! Recycled memory: what a frame of some KiB was copied into is used for a later one.
//!
//! An allocator has smaller memory at hand, and looks longer for this. Larger frames are read into memory of their own,
//! which is kept [elsewhere](super::spare).

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use capnp::Word;

/// Words of the frames whose memory is kept (1 to 16 KiB).
const WORDS: Range<usize> = 128..2048;

/// How many words are kept (80 KiB): what one reading brings, which is handled before the next. A peer can make each of
/// its connections keep so much.
const KEPT_WORDS: usize = 10 << 10;

/// Memory so many times as large as its frame is not used for it: the frame may be kept for long.
const WASTE_MAX: usize = 2;

/// After so many frames for which it is of no use, what is kept is given back.
const OTHERS_MAX: u32 = 256;

/// Memory of frames that were handed out, to be used again when nobody else holds it.
#[derive(Default)]
pub(super) struct Recycled {
    /// The one that was handed out first is the first.
    kept: VecDeque<Arc<Vec<Word>>>,
    /// Words of all that is kept.
    words: usize,
    others: u32,
}

impl Recycled {
    /// Whether the memory of a frame of so many words is kept.
    pub(super) fn wants(words: usize) -> bool {
        WORDS.contains(&words)
    }

    /// A copy of a frame, in memory that was used before if there is some.
    pub(super) fn copy(&mut self, frame: &[Word]) -> Arc<Vec<Word>> {
        self.others = 0;
        let Some(mut memory) = self.kept.pop_front() else { return Arc::new(frame.to_vec()) };
        if let Some(words) = Arc::get_mut(&mut memory) {
            self.words -= words.capacity();
            if (frame.len()..=frame.len() * WASTE_MAX).contains(&words.capacity()) {
                words.clear();
                words.extend_from_slice(frame);
                return memory;
            }
        } else {
            self.kept.push_back(memory);
        }
        Arc::new(frame.to_vec())
    }

    /// Keeps the memory of a frame that was handed out.
    pub(super) fn keep(&mut self, memory: &Arc<Vec<Word>>) {
        if self.words + memory.capacity() <= KEPT_WORDS {
            self.words += memory.capacity();
            self.kept.push_back(Arc::clone(memory));
        }
    }

    /// A frame came that needs none of it.
    pub(super) fn count_other(&mut self) {
        if !self.kept.is_empty() {
            self.others += 1;
            if self.others >= OTHERS_MAX {
                *self = Self::default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(words: usize) -> Vec<Word> {
        Word::allocate_zeroed_vec(words)
    }

    /// The memory of a frame that is gone by now.
    fn kept(recycled: &mut Recycled, words: usize) {
        let memory = recycled.copy(&frame(words));
        recycled.keep(&memory);
    }

    #[test]
    fn memory_is_used_again_only_when_its_frame_is_gone() {
        let mut recycled = Recycled::default();
        let first = recycled.copy(&frame(500));
        let place = first.as_ptr();
        recycled.keep(&first);
        assert_ne!(recycled.copy(&frame(500)).as_ptr(), place, "the frame is still read");
        drop(first);
        let second = recycled.copy(&frame(400));
        assert_eq!((second.as_ptr(), second.len()), (place, 400));
        assert_ne!(recycled.copy(&frame(400)).as_ptr(), place, "it is taken");
    }

    #[test]
    fn a_frame_does_not_hold_much_more_memory_than_it_needs() {
        let mut recycled = Recycled::default();
        kept(&mut recycled, 1000);
        assert!(recycled.copy(&frame(499)).capacity() < 1000);
        assert_eq!(recycled.words, 0, "it was given back");
        kept(&mut recycled, 1000);
        assert_eq!(recycled.copy(&frame(500)).capacity(), 1000);
        kept(&mut recycled, 1000);
        assert_eq!(recycled.copy(&frame(1001)).capacity(), 1001, "nor is it moved as it grows");
    }

    #[test]
    fn frames_of_1_to_16_kib_are_kept() {
        let wanted = [127, 128, 2047, 2048].map(Recycled::wants);
        assert_eq!(wanted, [false, true, true, false]);
        let mut recycled = Recycled::default();
        let frames: Vec<_> = (0..81).map(|_| recycled.copy(&frame(128))).collect();
        frames.iter().for_each(|frame| recycled.keep(frame));
        assert_eq!((recycled.words, recycled.kept.len()), (KEPT_WORDS, 80));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut recycled = Recycled::default();
        let frames: Vec<_> = (0..9).map(|_| recycled.copy(&frame(2047))).collect();
        frames.iter().for_each(|frame| recycled.keep(frame));
        assert_eq!(recycled.words, 5 * 2047);
        (1..OTHERS_MAX).for_each(|_| recycled.count_other());
        assert_eq!(recycled.kept.len(), 5);
        recycled.count_other();
        assert_eq!((recycled.kept.len(), recycled.words), (0, 0));
    }
}
