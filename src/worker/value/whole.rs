//! A value inside a Rust type.

use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use super::bigint::BigInt;
use super::carry;
use super::value::{SAFE_INTEGER_MAX, Value};
use super::view::View;

/// Objects within one another to write at most, in a format that is not ours.
const DEPTH_MAX: u16 = 128;

impl Serialize for Value {
    /// Into a [`Value`], as it is; into another format, such as JSON, as its data model has it: errors,
    /// stubs, circles and what else has no place there are an error.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plain = Plain { view: self.view(), depth: 0 };
        carry::over(self.clone(), || serializer.serialize_newtype_struct(carry::NAME, &plain))
    }
}

struct Plain<'a> {
    view: View<'a>,
    depth: u16,
}

impl<'a> Plain<'a> {
    fn deeper(&self, view: View<'a>) -> Self {
        Self { view, depth: self.depth + 1 }
    }

    fn list<S: Serializer>(
        &self,
        serializer: S,
        items: impl Iterator<Item = View<'a>>,
    ) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in items {
            list.serialize_element(&self.deeper(item))?;
        }
        list.end()
    }
}

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.depth > DEPTH_MAX {
            return Err(S::Error::custom("a value that is too deep, or a circle"));
        }
        match self.view {
            View::Undefined | View::Null => serializer.serialize_unit(),
            View::Bool(value) => serializer.serialize_bool(value),
            View::Number(number)
                if number.trunc() == number && number.abs() <= SAFE_INTEGER_MAX as f64 =>
            {
                // The cast fits: just checked.
                serializer.serialize_i64(number as i64)
            }
            View::Number(number) => serializer.serialize_f64(number),
            View::BigInt(number) => match number.to_i128() {
                Some(number) => serializer.serialize_i128(number),
                None => Err(S::Error::custom("a BigInt of more than 127 bits")),
            },
            View::String(text) => serializer.serialize_str(&text.to_string_lossy()),
            View::Array(array) if array.is_sparse() => Err(S::Error::custom("an array with holes")),
            View::Array(array) => self.list(serializer, array.present().map(|(_, item)| item)),
            View::Set(set) => self.list(serializer, set.iter()),
            View::Object(object) => {
                let mut map = serializer.serialize_map(Some(object.len()))?;
                for (key, value) in object.iter() {
                    map.serialize_entry(&key.to_string_lossy(), &self.deeper(value))?;
                }
                map.end()
            }
            View::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs.iter() {
                    map.serialize_entry(&self.deeper(key), &self.deeper(value))?;
                }
                map.end()
            }
            View::Boxed(boxed) => self.deeper(boxed.get()).serialize(serializer),
            View::ArrayBuffer(buffer) => serializer.serialize_bytes(buffer.bytes()),
            View::BufferView(view) if view.kind().item_bytes() == 1 => {
                serializer.serialize_bytes(view.as_slice())
            }
            View::BufferView(view) => {
                self.list(serializer, view.to_f64s().into_iter().map(View::Number))
            }
            View::Date(date) => serializer.serialize_f64(date.milliseconds()),
            other => Err(S::Error::custom(format_args!("a {}", other.type_name()))),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    /// From a [`Value`], as it is, unless serde had to take it apart first (untagged enums, `flatten`); from
    /// another format, such as JSON, as a value of JavaScript.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(carry::NAME, Whole)
    }
}

struct Whole;

macro_rules! visits {
    ($($method:ident: $type:ty),*) => {$(
        fn $method<E>(self, value: $type) -> Result<Value, E> {
            Ok(value.into())
        }
    )*};
}

impl<'de> Visitor<'de> for Whole {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    visits! {
        visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64,
        visit_str: &str, visit_string: String
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(BigInt::from(value).into())
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(BigInt::from(value).into())
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::uint8_array(value.to_vec()))
    }

    fn visit_byte_buf<E>(self, value: Vec<u8>) -> Result<Value, E> {
        Ok(Value::uint8_array(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(carry::take().unwrap_or(Value::NULL))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::NULL)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list: Vec<Value> = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        let mut fields: Vec<(String, Value)> = Vec::new();
        while let Some(pair) = pairs.next_entry()? {
            fields.push(pair);
        }
        Ok(Value::object(fields))
    }
}
