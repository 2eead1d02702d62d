//! Where serialized bytes go: into a buffer, or nowhere, to be counted.

use super::tag;

/// Takes bytes.
pub(super) trait Sink {
    fn byte(&mut self, byte: u8);
    fn bytes(&mut self, bytes: &[u8]);
    /// How many there were.
    fn count(&self) -> u64;

    #[inline]
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            // The low bits are meant.
            self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    #[inline]
    fn double(&mut self, number: f64) {
        // JavaScript has one NaN.
        let number = if number.is_nan() { f64::NAN } else { number };
        self.bytes(&number.to_le_bytes());
    }

    /// A number as a primitive: integers of 32 bits are short.
    #[inline]
    fn number(&mut self, number: f64) {
        let integer = number as i32;
        if f64::from(integer).to_bits() == number.to_bits() {
            self.byte(tag::INT32);
            // Zigzag: the sign goes into the lowest bit.
            self.varint(u64::from(((integer << 1) ^ (integer >> 31)) as u32));
        } else {
            self.byte(tag::DOUBLE);
            self.double(number);
        }
    }

    /// Length and text, without a tag, as the runtime writes its own strings.
    #[inline]
    fn delimited(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.bytes(bytes);
    }
}

/// Bytes of a varint.
pub(super) const fn varint_length(number: u64) -> u64 {
    match number {
        0 => 1,
        _ => (number.ilog2() / 7 + 1) as u64,
    }
}

/// Only counts.
pub(super) struct Count(pub(super) u64);

impl Sink for Count {
    fn byte(&mut self, _: u8) {
        self.0 = self.0.saturating_add(1);
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(bytes.len() as u64);
    }

    fn count(&self) -> u64 {
        self.0
    }

    fn varint(&mut self, number: u64) {
        self.0 = self.0.saturating_add(varint_length(number));
    }
}

/// Keeps what it takes up to a limit. Beyond it counts on, so that the error can say how much it would be.
pub(super) struct Output {
    pub(super) bytes: Vec<u8>,
    max: u64,
    dropped: u64,
}

impl Output {
    pub(super) fn new(bytes: Vec<u8>, max: u64) -> Self {
        Self { bytes, max, dropped: 0 }
    }

    #[cold]
    fn drop_all(&mut self, more: usize) {
        self.dropped = self.count().saturating_add(more as u64);
        self.bytes = Vec::new();
    }
}

impl Sink for Output {
    #[inline]
    fn byte(&mut self, byte: u8) {
        if self.dropped > 0 {
            self.dropped += 1;
        } else {
            self.bytes.push(byte);
        }
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        // Single bytes are not worth the question: a long run of them ends in bytes, or in the last check.
        if self.dropped > 0 || self.bytes.len() as u64 + bytes.len() as u64 > self.max {
            self.drop_all(bytes.len());
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn count(&self) -> u64 {
        self.dropped.max(self.bytes.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_varint_is_as_long_as_it_is_said_to_be() {
        for bit in 0..64 {
            for number in [1u64 << bit, (1u64 << bit) - 1] {
                let (mut output, mut count) = (Output::new(Vec::new(), 100), Count(0));
                output.varint(number);
                count.varint(number);
                assert_eq!(output.count(), count.count(), "{number}");
            }
        }
    }
}
