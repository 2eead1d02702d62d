//! Spare memory: what a large frame was read into is read into again, once the frame is gone.
//!
//! Memory for a large frame comes from the operating system page by page, each with a fault, to be
//! cleared and then given back. That costs more than all copies of what is in it.

use std::sync::Arc;

use capnp::Word;

/// Words of the smallest memory that is kept (128 KiB). Allocators keep what is smaller themselves.
const WORDS_MIN: usize = 16 << 10;

/// Words of the largest memory that is kept (2 MiB and a page). A peer can make each of its
/// connections keep so much, [`KEPT_MAX`] times, for one message each.
const WORDS_MAX: usize = (256 << 10) + 512;

/// How many frames' memory is kept: one is handled while the next arrives.
const KEPT_MAX: usize = 2;

/// After so many smaller frames in between, what is kept is given back: one busy moment does not
/// stay in memory.
const SMALLER_MAX: u32 = 256;

/// Memory of frames that were handed out, to be used again when nobody else holds it.
#[derive(Default)]
pub(super) struct Spare {
    kept: Vec<Arc<Vec<Word>>>,
    /// How many frames came that were too small for it.
    smaller: u32,
}

impl Spare {
    /// Whether memory is of a size that is kept.
    pub(super) fn wants(words: &Vec<Word>) -> bool {
        (WORDS_MIN..=WORDS_MAX).contains(&words.capacity())
    }

    /// Keeps the memory of a frame that was handed out.
    pub(super) fn keep(&mut self, words: &Arc<Vec<Word>>) {
        if self.kept.len() < KEPT_MAX {
            self.kept.push(Arc::clone(words));
        }
    }

    /// Memory for a frame of so many words. What is in it is left from an earlier frame of the same
    /// peer.
    pub(super) fn take(&mut self, words: usize) -> Option<Vec<Word>> {
        if words < WORDS_MIN {
            self.count_smaller();
            return None;
        }
        self.smaller = 0;
        let free = self.kept.iter().position(|kept| Arc::strong_count(kept) == 1)?;
        let memory = Arc::into_inner(self.kept.swap_remove(free))?;
        // Too small, it would be moved as it grows.
        (memory.capacity() >= words).then_some(memory)
    }

    /// A frame came that needs none of it.
    pub(super) fn count_smaller(&mut self) {
        if !self.kept.is_empty() {
            self.smaller += 1;
            if self.smaller >= SMALLER_MAX {
                self.kept.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(words: usize) -> Arc<Vec<Word>> {
        Arc::new(Word::allocate_zeroed_vec(words))
    }

    #[test]
    fn memory_is_used_again_only_when_its_frame_is_gone() {
        let mut spare = Spare::default();
        let frame = memory(WORDS_MIN);
        let place = frame.as_ptr();
        spare.keep(&frame);
        assert!(spare.take(WORDS_MIN).is_none(), "the frame is still read");
        drop(frame);
        assert_eq!(spare.take(WORDS_MIN).map(|words| words.as_ptr()), Some(place));
        assert!(spare.take(WORDS_MIN).is_none(), "it is taken");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut spare = Spare::default();
        assert!(Spare::wants(&memory(WORDS_MAX)));
        assert!(!Spare::wants(&memory(WORDS_MAX + 1)));
        assert!(!Spare::wants(&memory(WORDS_MIN - 1)));
        (0..9).for_each(|_| spare.keep(&memory(WORDS_MIN)));
        assert_eq!(spare.kept.len(), KEPT_MAX);
        (0..SMALLER_MAX).for_each(|_| spare.count_smaller());
        assert!(spare.kept.is_empty());
    }
}
