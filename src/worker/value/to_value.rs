//! Rust's types become values, through serde.

use serde::Serialize;
use serde::ser::{self, Serializer};

use super::bigint::BigInt;
use super::carry;
use super::convert_error::ConvertError;
use super::text::Text;
use super::value::Value;

/// A Rust value as a [`Value`]. Structs and maps become plain objects, sequences and tuples arrays, bytes a
/// `Uint8Array`, `None` and `()` `undefined`, unit variants strings, other variants objects with the variant
/// as only key; integers beyond 2^53 − 1 become BigInts. A [`Value`] inside is put there as it is. (C-V9)
///
/// # Errors
///
/// A map has a key that is neither string nor integer, or the type's own `Serialize` fails.
///
/// ```
/// #[derive(serde::Serialize)]
/// struct Point { x: i32, y: Option<i32> }
///
/// let point = bowline::worker::value::to_value(&Point { x: 1, y: None })?;
/// assert_eq!(format!("{point:?}"), "{ x: 1, y: undefined }");
/// # Ok::<(), bowline::worker::value::ConvertError>(())
/// ```
pub fn to_value<T: Serialize + ?Sized>(from: &T) -> Result<Value, ConvertError> {
    from.serialize(Writer)
}

struct Writer;

/// What is being filled: an array, or the fields of a variant.
struct Items {
    items: Vec<Value>,
    variant: Option<&'static str>,
}

/// The same of an object.
struct Fields {
    fields: Vec<(Text, Value)>,
    key: Option<Text>,
    variant: Option<&'static str>,
}

fn wrapped(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(variant) => Value::object([(variant, value)]),
        None => value,
    }
}

macro_rules! primitives {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<Value, ConvertError> {
            Ok(value.into())
        }
    )*};
}

impl Serializer for Writer {
    type Ok = Value;
    type Error = ConvertError;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Fields;

    primitives! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_f32: f32, serialize_f64: f64, serialize_str: &str
    }

    fn serialize_i128(self, value: i128) -> Result<Value, ConvertError> {
        Ok(i64::try_from(value).map_or_else(|_| BigInt::from(value).into(), Value::from))
    }

    fn serialize_u128(self, value: u128) -> Result<Value, ConvertError> {
        Ok(u64::try_from(value).map_or_else(|_| BigInt::from(value).into(), Value::from))
    }

    fn serialize_char(self, value: char) -> Result<Value, ConvertError> {
        Ok(Value::from(&*value.encode_utf8(&mut [0; 4])))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Value, ConvertError> {
        Ok(Value::uint8_array(value.to_vec()))
    }

    fn serialize_none(self) -> Result<Value, ConvertError> {
        Ok(Value::UNDEFINED)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, ConvertError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, ConvertError> {
        Ok(Value::UNDEFINED)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, ConvertError> {
        Ok(Value::UNDEFINED)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, ConvertError> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value, ConvertError> {
        match carry::take().filter(|_| name == carry::NAME) {
            Some(whole) => Ok(whole),
            None => value.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, ConvertError> {
        let value = value.serialize(self).map_err(|error| error.at_name(variant))?;
        Ok(wrapped(Some(variant), value))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items, ConvertError> {
        // What a type says of itself is a hint.
        let items = Vec::with_capacity(length.unwrap_or(0).min(1 << 16));
        Ok(Items { items, variant: None })
    }

    fn serialize_tuple(self, length: usize) -> Result<Items, ConvertError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Items, ConvertError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Items, ConvertError> {
        Ok(Items { variant: Some(variant), ..self.serialize_seq(Some(length))? })
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Fields, ConvertError> {
        let fields = Vec::with_capacity(length.unwrap_or(0).min(1 << 16));
        Ok(Fields { fields, key: None, variant: None })
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Fields, ConvertError> {
        self.serialize_map(Some(length))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Fields, ConvertError> {
        Ok(Fields { variant: Some(variant), ..self.serialize_map(Some(length))? })
    }
}

impl Items {
    fn push<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), ConvertError> {
        let index = self.items.len();
        self.items.push(to_value(item).map_err(|error| error.at_index(index))?);
        Ok(())
    }

    fn finish(self) -> Value {
        wrapped(self.variant, Value::array(self.items))
    }
}

macro_rules! of_items {
    ($($trait:ident: $method:ident),*) => {$(
        impl ser::$trait for Items {
            type Ok = Value;
            type Error = ConvertError;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), ConvertError> {
                self.push(item)
            }

            fn end(self) -> Result<Value, ConvertError> {
                Ok(self.finish())
            }
        }
    )*};
}

of_items! {
    SerializeSeq: serialize_element, SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field
}

impl Fields {
    fn put<T: Serialize + ?Sized>(&mut self, key: Text, value: &T) -> Result<(), ConvertError> {
        let value = to_value(value)
            .map_err(|error| error.at_name(key.as_str().to_string_lossy().into_owned()))?;
        self.fields.push((key, value));
        Ok(())
    }

    fn finish(self) -> Value {
        wrapped(self.variant, Value::object(self.fields))
    }
}

macro_rules! of_fields {
    ($($trait:ident),*) => {$(
        impl ser::$trait for Fields {
            type Ok = Value;
            type Error = ConvertError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), ConvertError> {
                self.put(key.into(), value)
            }

            fn end(self) -> Result<Value, ConvertError> {
                Ok(self.finish())
            }
        }
    )*};
}

of_fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Fields {
    type Ok = Value;
    type Error = ConvertError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ConvertError> {
        let key = to_value(key)?;
        let text = match (key.as_str(), key.as_f64(), key.as_bool(), key.as_bigint()) {
            (Some(text), ..) => Some(text.into()),
            (_, Some(number), ..) => Some(super::number::display(number).into()),
            (_, _, Some(truth), _) => Some(truth.to_string().into()),
            (.., number) => number.map(|number| number.to_string().into()),
        };
        let found = key.view().type_name();
        self.key = Some(text.ok_or_else(|| ConvertError::mismatch("a key", found))?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ConvertError> {
        let key = self.key.take().ok_or_else(|| ConvertError::mismatch("a key", "a value"))?;
        self.put(key, value)
    }

    fn end(self) -> Result<Value, ConvertError> {
        Ok(self.finish())
    }
}
