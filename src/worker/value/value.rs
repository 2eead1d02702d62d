//! A value: what a call takes and gives.

use std::sync::Arc;

use bytes::Bytes;
use smallvec::smallvec;

use super::bigint::BigInt;
use super::region::{Node, Nodes, Region, Slot, Slots};
use super::text::{Str, Text};

/// Anything the structured clone algorithm can copy, and stubs and streams. (C-V1)
///
/// A value never changes once it is made: a clone shares it, and sharing it is passing it by value. It is
/// `Send + Sync`, 16 bytes large, and needs no memory of its own for a primitive or a short string.
/// Objects have identity: one that is referred to twice is one object ([`Value::same`]), circles included.
///
/// Primitives and strings come `From` Rust's; objects are made by [`Value::array`], [`Value::object`] and
/// their like, by [`value!`](crate::worker::value::value), or by a [`Graph`](super::Graph) if they refer to one another. [`Value::view`]
/// shows what a value is.
#[derive(Clone)]
pub struct Value(pub(super) Slot);

/// The largest integer up to which all integers are numbers: 2^53 − 1.
pub(super) const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

impl Value {
    /// `undefined`.
    pub const UNDEFINED: Self = Self(Slot::Undefined);
    /// `null`.
    pub const NULL: Self = Self(Slot::Null);

    /// The first object of a region.
    pub(super) fn of_region(region: Region) -> Self {
        Self::of_object(region, 0)
    }

    /// An object of a region.
    #[inline]
    pub(super) fn of_object(region: Region, id: u32) -> Self {
        Self(Slot::Outside(Arc::new(region), id))
    }

    /// An object that holds these slots and refers to no other of its region.
    pub(super) fn of_node(node: Node, slots: Slots) -> Self {
        let nodes: Nodes = smallvec![node];
        Self::of_region(Region { source: Bytes::new(), nodes, slots, alone: true })
    }

    /// Both are the same object, or the same primitive (as `Object.is` sees it).
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Slot::Outside(region, id), Slot::Outside(other, other_id)) => {
                Arc::ptr_eq(region, other) && id == other_id
            }
            (Slot::Undefined, Slot::Undefined) | (Slot::Null, Slot::Null) => true,
            (Slot::Bool(one), Slot::Bool(other)) => one == other,
            (Slot::Number(one), Slot::Number(other)) => {
                one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan()
            }
            (Slot::BigInt(one), Slot::BigInt(other)) => one == other,
            (one, other) => match (one.as_str(&[]), other.as_str(&[])) {
                (Some(one), Some(other)) => one == other,
                _ => false,
            },
        }
    }
}

impl Default for Value {
    fn default() -> Self {
        Self::UNDEFINED
    }
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Self::UNDEFINED
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self(Slot::Bool(value))
    }
}

macro_rules! from_numbers {
    ($($type:ty),*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self(Slot::Number(value.into()))
            }
        }
    )*};
}

from_numbers!(f64, f32, i8, u8, i16, u16, i32, u32);

macro_rules! from_integers {
    ($($type:ty => $wide:ty),*) => {$(
        impl From<$type> for Value {
            /// A number if that is exact (up to 2^53 − 1), a BigInt beyond.
            fn from(value: $type) -> Self {
                if value.unsigned_abs_or_self() <= SAFE_INTEGER_MAX {
                    Self(Slot::Number(value as f64))
                } else {
                    BigInt::from(value as $wide).into()
                }
            }
        }
    )*};
}

/// The magnitude of signed and unsigned alike.
trait Magnitude {
    fn unsigned_abs_or_self(self) -> u64;
}

impl Magnitude for i64 {
    fn unsigned_abs_or_self(self) -> u64 {
        self.unsigned_abs()
    }
}

impl Magnitude for u64 {
    fn unsigned_abs_or_self(self) -> u64 {
        self
    }
}

impl Magnitude for isize {
    fn unsigned_abs_or_self(self) -> u64 {
        self.unsigned_abs() as u64
    }
}

impl Magnitude for usize {
    fn unsigned_abs_or_self(self) -> u64 {
        self as u64
    }
}

from_integers!(i64 => i64, u64 => u64, isize => i64, usize => u64);

impl From<BigInt> for Value {
    fn from(value: BigInt) -> Self {
        Self(Slot::BigInt(Arc::new(value)))
    }
}

impl From<Text> for Value {
    fn from(value: Text) -> Self {
        Self(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Text::from(value).into()
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Text::from(value).into()
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Text::from(value.as_str()).into()
    }
}

impl From<Str<'_>> for Value {
    fn from(value: Str<'_>) -> Self {
        Text::from(value).into()
    }
}

impl From<&Self> for Value {
    fn from(value: &Self) -> Self {
        value.clone()
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    /// Nothing is `undefined`.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::UNDEFINED, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    /// An array. For bytes, see [`Value::uint8_array`].
    fn from(items: Vec<T>) -> Self {
        Self::array(items)
    }
}
