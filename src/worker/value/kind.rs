//! What kinds of errors and of views on memory there are.

/// How the bytes of an ArrayBuffer are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the class of that name in JavaScript")]
pub enum ViewKind {
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float16Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
}

impl ViewKind {
    /// Each with its letter on the wire and the size of an item in bytes.
    const ALL: [(Self, u8, u8); 13] = [
        (Self::Int8Array, b'b', 1),
        (Self::Uint8Array, b'B', 1),
        (Self::Uint8ClampedArray, b'C', 1),
        (Self::Int16Array, b'w', 2),
        (Self::Uint16Array, b'W', 2),
        (Self::Int32Array, b'd', 4),
        (Self::Uint32Array, b'D', 4),
        (Self::Float16Array, b'h', 2),
        (Self::Float32Array, b'f', 4),
        (Self::Float64Array, b'F', 8),
        (Self::BigInt64Array, b'q', 8),
        (Self::BigUint64Array, b'Q', 8),
        (Self::DataView, b'?', 1),
    ];

    const fn entry(self) -> (Self, u8, u8) {
        // In bounds: the table has one entry for each variant, in their order.
        Self::ALL[self as usize]
    }

    /// Bytes of one item; 1 for a DataView.
    #[must_use]
    pub const fn item_bytes(self) -> usize {
        self.entry().2 as usize
    }

    pub(super) const fn tag(self) -> u8 {
        self.entry().1
    }

    pub(super) fn of_tag(tag: u8) -> Option<Self> {
        Self::ALL.iter().find(|entry| entry.1 == tag).map(|entry| entry.0)
    }
}

/// The class of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the class of that name in JavaScript")]
pub enum ErrorClass {
    /// None of the runtime's: `Error` with a name of its own.
    Named,
    Error,
    TypeError,
    RangeError,
    ReferenceError,
    SyntaxError,
    WasmCompileError,
    WasmLinkError,
    WasmRuntimeError,
    WasmSuspendError,
    EvalError,
    URIError,
    AggregateError,
    SuppressedError,
}

impl ErrorClass {
    /// In the order of the numbers the runtime gives them; with V8's own letter, for those it has.
    const ALL: [(Self, &'static str, Option<u8>); 14] = [
        (Self::Named, "Error", None),
        (Self::Error, "Error", None),
        (Self::TypeError, "TypeError", Some(b'T')),
        (Self::RangeError, "RangeError", Some(b'R')),
        (Self::ReferenceError, "ReferenceError", Some(b'F')),
        (Self::SyntaxError, "SyntaxError", Some(b'S')),
        (Self::WasmCompileError, "WasmCompileError", None),
        (Self::WasmLinkError, "WasmLinkError", None),
        (Self::WasmRuntimeError, "WasmRuntimeError", None),
        (Self::WasmSuspendError, "WasmSuspendError", None),
        (Self::EvalError, "EvalError", Some(b'E')),
        (Self::URIError, "URIError", Some(b'U')),
        (Self::AggregateError, "AggregateError", None),
        (Self::SuppressedError, "SuppressedError", None),
    ];

    /// The `name` errors of this class have by themselves.
    #[must_use]
    pub const fn name(self) -> &'static str {
        // In bounds: the table has one entry for each variant, in their order.
        Self::ALL[self as usize].1
    }

    /// The class whose errors have this `name`; [`ErrorClass::Named`] if none of the runtime's has.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let known = Self::ALL.iter().skip(1).find(|entry| entry.1 == name);
        known.map_or(Self::Named, |entry| entry.0)
    }

    pub(super) fn of_letter(letter: u8) -> Option<Self> {
        Self::ALL.iter().find(|entry| entry.2 == Some(letter)).map(|entry| entry.0)
    }

    pub(super) const fn number(self) -> u32 {
        self as u32
    }

    pub(super) fn of_number(number: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).map(|entry| entry.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order() {
        for (at, entry) in ViewKind::ALL.iter().enumerate() {
            assert!(entry.0 as usize == at && ViewKind::of_tag(entry.1) == Some(entry.0));
        }
        for (at, entry) in ErrorClass::ALL.iter().enumerate() {
            assert!(
                entry.0 as usize == at
                    && entry.2.is_none_or(|letter| ErrorClass::of_letter(letter) == Some(entry.0))
            );
        }
        assert_eq!(ErrorClass::of_name("TypeError"), ErrorClass::TypeError);
        assert_eq!(ErrorClass::of_name("MyError"), ErrorClass::Named);
    }
}
