//! Messages of the Workers protocol are written word by word: their capabilities are indices, which builders of
//! generated code do not take.

/// Bytes of a list's elements, as a pointer says them.
const BYTES: u64 = 2;
const POINTERS: u64 = 6;
const COMPOSITE: u64 = 7;

/// A place in a message: the number of a word.
pub(super) type At = usize;

/// The size of a struct.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) data: u16,
    pub(super) pointers: u16,
}

impl Shape {
    const fn words(self) -> usize {
        self.data as usize + self.pointers as usize
    }

    const fn bits(self) -> u64 {
        (self.data as u64) << 32 | (self.pointers as u64) << 48
    }
}

/// One segment that is being written. The root pointer is word 0.
pub(super) struct Words(Vec<u64>);

impl Words {
    /// Room for so many words.
    pub(super) fn with_capacity(words: usize) -> Self {
        let mut all = Vec::with_capacity(words.max(1));
        all.push(0);
        Self(all)
    }

    pub(super) fn finish(self) -> Vec<u64> {
        self.0
    }

    fn grow(&mut self, words: usize) -> At {
        let at = self.0.len();
        self.0.resize(at + words, 0);
        at
    }

    fn set(&mut self, at: At, word: u64) {
        if let Some(place) = self.0.get_mut(at) {
            *place = word;
        }
    }

    /// Sets bits of a data word.
    pub(super) fn put(&mut self, at: At, bits: u64) {
        if let Some(place) = self.0.get_mut(at) {
            *place |= bits;
        }
    }

    /// Offset from behind the pointer at `from`, in the bits where a pointer has it. Fits: a message has less
    /// than 2^29 words.
    fn offset(from: At, to: At) -> u64 {
        ((to - from - 1) as u64) << 2
    }

    /// A struct for the pointer at `pointer`: the place of its data, behind which its pointers are.
    pub(super) fn structure(&mut self, pointer: At, shape: Shape) -> At {
        let at = self.grow(shape.words());
        self.set(pointer, Self::offset(pointer, at) | shape.bits());
        at
    }

    /// A list of structs: the place of the first.
    pub(super) fn structures(&mut self, pointer: At, count: usize, shape: Shape) -> At {
        let words = count * shape.words();
        let tag = self.grow(1 + words);
        self.set(pointer, 1 | Self::offset(pointer, tag) | COMPOSITE << 32 | (words as u64) << 35);
        self.set(tag, (count as u64) << 2 | shape.bits());
        tag + 1
    }

    /// A list of pointers: the place of the first.
    pub(super) fn pointers(&mut self, pointer: At, count: usize) -> At {
        let at = self.grow(count);
        self.set(pointer, 1 | Self::offset(pointer, at) | POINTERS << 32 | (count as u64) << 35);
        at
    }

    /// A text, or with `end` 0 what is not ended by a zero.
    fn bytes(&mut self, pointer: At, bytes: &[u8], end: usize) {
        let count = bytes.len() + end;
        let at = self.0.len();
        self.set(pointer, 1 | Self::offset(pointer, at) | BYTES << 32 | (count as u64) << 35);
        let (words, rest) = bytes.as_chunks();
        self.0.extend(words.iter().map(|word| u64::from_le_bytes(*word)));
        if count > words.len() * 8 {
            // What is left of the bytes, or the zero behind them.
            let mut word = [0; 8];
            word.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
            self.0.push(u64::from_le_bytes(word));
        }
    }

    pub(super) fn data(&mut self, pointer: At, bytes: &[u8]) {
        self.bytes(pointer, bytes, 0);
    }

    pub(super) fn text(&mut self, pointer: At, text: &str) {
        self.bytes(pointer, text.as_bytes(), 1);
    }

    /// Entry `index` of the cap table.
    pub(super) fn capability(&mut self, pointer: At, index: u32) {
        self.set(pointer, 3 | u64::from(index) << 32);
    }
}
