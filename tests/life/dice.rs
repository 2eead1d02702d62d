//! Chance that can be had again: equal seeds throw alike.

use std::time::Duration;

/// A stream of choices.
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// One of so many places.
    pub(crate) fn place(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).expect("it is below a usize")
    }

    /// True so many times out of a hundred.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A size below `2^bits`: as often of one length as of another.
    pub(crate) fn size(&mut self, bits: u64) -> usize {
        let most = 1 << self.below(bits);
        usize::try_from(self.below(2 * most)).expect("a size that fits in memory")
    }

    /// Up to so many microseconds.
    pub(crate) fn moment(&mut self, micros: u64) -> Duration {
        Duration::from_micros(self.below(micros))
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let first = self.number().to_le_bytes();
        first.into_iter().cycle().take(length).collect()
    }

    /// Dice of their own for something that begins here.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.number())
    }
}
