//! ArrayBuffers and the views on them, looked at.

use bytes::Bytes;

use super::handle::{ArrayBuffer, At, BufferView};
use super::kind::ViewKind;
use super::region::{Buffer, Node, Slot, Window};

/// The buffer in a slot.
pub(super) fn buffer_at<'a>(slot: &'a Slot, at: At<'a>) -> Option<At<'a>> {
    let at = match slot {
        Slot::Node(id) => At { region: at.region, id: *id },
        Slot::Outside(region, id) => At { region, id: *id },
        _ => return None,
    };
    matches!(at.node(), Node::Buffer(_)).then_some(at)
}

impl<'a> ArrayBuffer<'a> {
    fn buffer(self) -> Option<&'a Buffer> {
        if let Node::Buffer(buffer) = self.0.node() { Some(buffer) } else { None }
    }

    /// Its bytes. [`Bytes`] are shared, not copied, when they are cloned.
    #[must_use]
    pub fn bytes(self) -> &'a Bytes {
        static NONE: Bytes = Bytes::new();
        self.buffer().map_or(&NONE, |buffer| &buffer.bytes)
    }

    /// How many bytes it may grow to, if it is resizable.
    #[must_use]
    pub fn max_bytes(self) -> Option<u64> {
        self.buffer()?.max
    }
}

impl<'a> BufferView<'a> {
    fn window(self) -> Option<&'a Window> {
        if let Node::Window(window) = self.0.node() { Some(window) } else { None }
    }

    /// What its items are.
    #[must_use]
    pub fn kind(self) -> ViewKind {
        self.window().map_or(ViewKind::DataView, |window| window.kind)
    }

    /// The buffer it looks at. Views on one buffer give the same one.
    #[must_use]
    pub fn buffer(self) -> Option<ArrayBuffer<'a>> {
        buffer_at(self.0.region.slot(self.window()?.buffer), self.0).map(ArrayBuffer)
    }

    /// Where in the buffer it begins, in bytes.
    #[must_use]
    pub fn byte_offset(self) -> usize {
        self.window().map_or(0, |window| window.offset as usize)
    }

    /// It is as long as its resizable buffer happens to be.
    #[must_use]
    pub fn tracks_length(self) -> bool {
        self.window().is_some_and(|window| window.length.is_none())
    }

    fn range(self) -> std::ops::Range<usize> {
        let size = self.buffer().map_or(0, |buffer| buffer.bytes().len());
        let start = self.byte_offset().min(size);
        let rest = size - start;
        let length = match self.window().and_then(|window| window.length) {
            Some(length) => usize::try_from(length).unwrap_or(rest).min(rest),
            None => rest - rest % self.kind().item_bytes(),
        };
        start..start + length
    }

    /// The bytes it looks at.
    #[must_use]
    pub fn as_slice(self) -> &'a [u8] {
        self.buffer().and_then(|buffer| buffer.bytes().get(self.range())).unwrap_or(&[])
    }

    /// The bytes it looks at, shared.
    #[must_use]
    pub fn bytes(self) -> Bytes {
        self.buffer().map_or_else(Bytes::new, |buffer| buffer.bytes().slice(self.range()))
    }

    /// How many items there are; bytes, for a DataView.
    #[must_use]
    pub fn len(self) -> usize {
        self.as_slice().len() / self.kind().item_bytes()
    }

    /// There is no item.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Its items as numbers, those of 64 bits rounded to the next that is one.
    #[must_use]
    pub fn to_f64s(self) -> Vec<f64> {
        let kind = self.kind();
        self.as_slice().chunks_exact(kind.item_bytes()).map(|item| kind.number(item)).collect()
    }
}

impl ViewKind {
    /// The name of the class.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int8Array => "Int8Array",
            Self::Uint8Array => "Uint8Array",
            Self::Uint8ClampedArray => "Uint8ClampedArray",
            Self::Int16Array => "Int16Array",
            Self::Uint16Array => "Uint16Array",
            Self::Int32Array => "Int32Array",
            Self::Uint32Array => "Uint32Array",
            Self::Float16Array => "Float16Array",
            Self::Float32Array => "Float32Array",
            Self::Float64Array => "Float64Array",
            Self::BigInt64Array => "BigInt64Array",
            Self::BigUint64Array => "BigUint64Array",
            Self::DataView => "DataView",
        }
    }

    /// The number in the bytes of one item, little-endian as in every runtime there is.
    pub(super) fn number(self, item: &[u8]) -> f64 {
        let mut word = [0; 8];
        // In bounds: no item is larger than eight bytes.
        word[..item.len()].copy_from_slice(item);
        let bits = u64::from_le_bytes(word);
        match self {
            Self::Int8Array => (bits as i8).into(),
            Self::Uint8Array | Self::Uint8ClampedArray | Self::DataView => (bits as u8).into(),
            Self::Int16Array => (bits as i16).into(),
            Self::Uint16Array => (bits as u16).into(),
            Self::Int32Array => (bits as i32).into(),
            Self::Uint32Array => (bits as u32).into(),
            Self::Float16Array => half(bits as u16),
            Self::Float32Array => f32::from_bits(bits as u32).into(),
            Self::Float64Array => f64::from_bits(bits),
            Self::BigInt64Array => bits as i64 as f64,
            Self::BigUint64Array => bits as f64,
        }
    }
}

/// A float of 16 bits: sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    let magnitude = match bits >> 10 & 0x1f {
        0 => fraction * f64::powi(2.0, -14),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        exponent => (1.0 + fraction) * f64::powi(2.0, i32::from(exponent) - 15),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_floats_are_read() {
        for (bits, number) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (1, 5.960464477539063e-8)]
        {
            assert_eq!(half(bits), number);
        }
        assert!(half(0x7e00).is_nan() && half(0xfc00) == f64::NEG_INFINITY);
    }
}
