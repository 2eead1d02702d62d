//! CRC-32 as zlib computes it: what both ends of a stream compare.

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut rest = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            rest = if rest & 1 == 1 { 0xedb8_8320 ^ (rest >> 1) } else { rest >> 1 };
            bit += 1;
        }
        table[byte] = rest;
        byte += 1;
    }
    table
};

/// A CRC under way.
#[derive(Clone, Copy)]
pub(crate) struct Crc(u32);

impl Default for Crc {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Crc {
    /// The CRC of what came before and `data`.
    pub(crate) fn over(self, data: &[u8]) -> Self {
        Self(
            data.iter()
                .fold(self.0, |rest, byte| TABLE[usize::from(rest as u8 ^ byte)] ^ (rest >> 8)),
        )
    }

    /// The CRC of all data so far.
    pub(crate) fn sum(self) -> u32 {
        !self.0
    }
}

#[test]
fn the_check_value_of_crc_32() {
    assert_eq!(Crc::default().over(b"1234").over(b"56789").sum(), 0xcbf4_3926);
}
