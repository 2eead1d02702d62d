//! A value is anything one Worker can hand to another: what structured clone copies, and stubs and streams.
//!
//! [`Value`] is what calls take and give. Build one with [`value!`], from Rust's own types, or through
//! `serde` ([`to_value`]); look at it with [`Value::view`], or take it as a Rust type again ([`from_value`]).
//!
//! ```
//! use bowline::worker::value::{Limits, Value, View, decode, encode, value};
//!
//! let value = value!({ name: "bowline", turns: [1, 2.5, null], at: (Value::date(0.0)) });
//! let sent = encode(&value, &Limits::default())?;
//! let received = decode(sent.bytes, sent.externals, &Limits::receiving())?;
//! assert_eq!(received, value);
//! match received.get("name").unwrap() {
//!     View::String(name) => assert_eq!(name, "bowline"),
//!     other => panic!("a string, not {other:?}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`encode`] and [`decode`] speak V8's serialization format, which is what Workers have on the wire. A
//! call within one thread passes the value itself, and [`check`] finds what encoding would find wrong.

mod bigint;
mod buffer;
mod build;
mod carry;
mod clone_error;
mod collection;
mod convert_error;
mod cursor;
mod date;
mod debug;
mod decode;
mod decode_error;
mod decode_host;
mod decode_object;
mod encode;
mod encode_host;
mod equal;
mod external;
mod from_value;
mod graph;
mod handle;
mod host;
mod identity;
mod inspect;
mod inspect_frame;
mod inspect_layout;
mod inspect_text;
mod json;
mod key;
mod kind;
mod limits;
mod number;
mod object;
mod outcome;
mod plain;
mod rebind;
mod region;
mod sink;
mod tag;
mod text;
mod to_value;
#[expect(clippy::module_inception, reason = "the room is named after what it is about")]
mod value;
mod view;
mod whole;

pub use bigint::BigInt;
pub use clone_error::CloneError;
pub use convert_error::ConvertError;
pub use decode::decode;
pub use decode_error::{Broken, DecodeError};
pub(in crate::worker) use encode::{Checked, encode_array, weigh, weigh_array};
pub use encode::{Serialized, check, encode};
pub use external::{External, ExternalKind, Resource};
pub use from_value::from_value;
pub use graph::{Graph, Part, Place};
pub use handle::{
    AbortSignal, Array, ArrayBuffer, Boxed, BufferView, Date, ErrorObject, Hosted, Map, Object,
    RegExp, Request, Response, Set,
};
pub use host::{Blob, DomException, Guard, Headers};
pub use inspect::Inspect;
pub use json::{JsonError, to_json};
pub use kind::{ErrorClass, ViewKind};
pub use limits::Limits;
pub use object::PropertyKey;
pub(in crate::worker) use rebind::rebind;
pub use text::{Str, Text};
pub use to_value::to_value;
pub use value::Value;
pub use view::View;

/// Builds a [`Value`] as JavaScript would write it. What is neither a literal nor one of these forms itself goes in
/// parentheses.
///
/// ```
/// use bowline::worker::value::{Value, value};
///
/// let name = "x";
/// let value = value!([1, (name), { a: true, "b-c": [null, undefined] }]);
/// assert_eq!(value.at(2).and_then(|it| it.get("a")).and_then(|a| a.as_bool()), Some(true));
/// assert_eq!(format!("{value:?}"), "[ 1, 'x', { a: true, 'b-c': [ null, undefined ] } ]");
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __bowline_value {
    (null) => { $crate::worker::value::Value::NULL };
    (undefined) => { $crate::worker::value::Value::UNDEFINED };
    ([ $($item:tt),* $(,)? ]) => {
        $crate::worker::value::Value::array::<$crate::worker::value::Value>([
            $($crate::__bowline_value!($item)),*
        ])
    };
    ({ $($key:tt : $item:tt),* $(,)? }) => {
        $crate::worker::value::Value::object::<&str, $crate::worker::value::Value>([
            $(($crate::__bowline_value_key!($key), $crate::__bowline_value!($item))),*
        ])
    };
    (- $number:literal) => { $crate::worker::value::Value::from(-$number) };
    ($other:expr) => { $crate::worker::value::Value::from($other) };
}

/// The key of a property: a name or a string.
#[macro_export]
#[doc(hidden)]
macro_rules! __bowline_value_key {
    ($key:ident) => {
        stringify!($key)
    };
    ($key:expr) => {
        $key
    };
}

#[doc(inline)]
pub use crate::__bowline_value as value;
