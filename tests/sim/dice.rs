//! A small generator of chance: the same seed tells the same story, on every machine.

/// SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: u32) -> u32 {
        (((self.next() >> 32) * u64::from(sides)) >> 32) as u32
    }

    pub(crate) fn one_in(&mut self, sides: u32) -> bool {
        self.roll(sides) == 0
    }

    /// Small numbers more often than large ones: what was made lately is used more than what is old.
    pub(crate) fn pick(&mut self) -> u8 {
        let (a, b) = (self.roll(24), self.roll(24));
        a.min(b) as u8
    }

    /// An index of `weights`, as often as its weight says.
    pub(crate) fn weighed(&mut self, weights: &[u32]) -> usize {
        let mut rest = self.roll(weights.iter().sum());
        weights
            .iter()
            .position(|weight| match rest.checked_sub(*weight) {
                Some(less) => {
                    rest = less;
                    false
                }
                None => true,
            })
            .expect("the roll is below the sum")
    }
}
