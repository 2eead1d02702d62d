//! Values become Rust's types, through serde.

use serde::Deserialize;
use serde::de::{self, Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};

use super::carry;
use super::convert_error::ConvertError;
use super::handle::{Array, Object};
use super::text::Str;
use super::value::{SAFE_INTEGER_MAX, Value};
use super::view::View;

/// Objects within one another to read at most: Rust's types are read by recursion.
const DEPTH_MAX: u16 = 256;

/// Holes an array may have beside its items, to be read as a list: four billion of them take a few bytes.
const HOLES_MAX: usize = 1 << 16;

/// A value as a Rust type: the way back from [`to_value`](super::to_value()). `undefined`, `null` and holes are
/// `None` or `()`; a number without fraction is an integer; a BigInt is an integer of its size; a Set or a
/// typed array is a sequence too, a Map a map, a Date its milliseconds, a wrapper what it wraps; ASCII strings
/// and bytes can be borrowed. A [`Value`] inside is taken as it is.
///
/// # Errors
///
/// The value does not fit; the error says where, what would fit, and what there is.
///
/// ```
/// use bowline::worker::value::{from_value, value};
///
/// #[derive(Debug, serde::Deserialize)]
/// struct Point { x: i32, y: Option<i32> }
///
/// let point: Point = from_value(&value!({ x: 1 }))?;
/// assert_eq!((point.x, point.y), (1, None));
/// let error = from_value::<Vec<Point>>(&value!([{ x: "one" }])).unwrap_err();
/// assert_eq!(error.to_string(), "[0].x: expected i32, found string \"one\"");
/// # Ok::<(), bowline::worker::value::ConvertError>(())
/// ```
pub fn from_value<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, ConvertError> {
    T::deserialize(Reader { view: value.view(), depth: 0 })
}

#[derive(Clone, Copy)]
struct Reader<'de> {
    view: View<'de>,
    depth: u16,
}

type Visited<'de, V> = Result<<V as Visitor<'de>>::Value, ConvertError>;

impl<'de> Reader<'de> {
    fn deeper(self, view: View<'de>) -> Self {
        Self { view, depth: self.depth + 1 }
    }

    fn check_depth(self) -> Result<(), ConvertError> {
        if self.depth < DEPTH_MAX { Ok(()) } else { Err(ConvertError::too_deep(DEPTH_MAX)) }
    }

    fn number<V: Visitor<'de>>(number: f64, visitor: V) -> Visited<'de, V> {
        let whole = number.trunc() == number && number.abs() <= SAFE_INTEGER_MAX as f64;
        match number {
            _ if !whole || number == 0.0 && number.is_sign_negative() => visitor.visit_f64(number),
            // Both casts fit: just checked.
            _ if number < 0.0 => visitor.visit_i64(number as i64),
            _ => visitor.visit_u64(number as u64),
        }
    }

    fn text<V: Visitor<'de>>(text: Str<'de>, visitor: V) -> Visited<'de, V> {
        if let Some(ascii) = text.as_ascii() {
            return visitor.visit_borrowed_str(ascii);
        }
        match text.to_str() {
            Some(text) => visitor.visit_string(text.into_owned()),
            None => Err(ConvertError::mismatch(
                ExpectedBy(&visitor).to_string(),
                "a string with a lone surrogate",
            )),
        }
    }

    fn bigint<V: Visitor<'de>>(number: &super::bigint::BigInt, visitor: V) -> Visited<'de, V> {
        let (signed, unsigned) = (number.to_i128(), number.to_u128());
        if let Some(small) = unsigned.and_then(|number| u64::try_from(number).ok()) {
            return visitor.visit_u64(small);
        }
        if let Some(small) = signed.and_then(|number| i64::try_from(number).ok()) {
            return visitor.visit_i64(small);
        }
        match (signed, unsigned) {
            (Some(number), _) => visitor.visit_i128(number),
            (None, Some(number)) => visitor.visit_u128(number),
            (None, None) => Err(ConvertError::mismatch(
                ExpectedBy(&visitor).to_string(),
                "a BigInt of more than 128 bits",
            )),
        }
    }

    fn array<V: Visitor<'de>>(self, array: Array<'de>, visitor: V) -> Visited<'de, V> {
        self.check_depth()?;
        let holes = array.len() - array.present().len();
        if holes > HOLES_MAX {
            let found = format!("an array with {holes} holes");
            return Err(ConvertError::mismatch(ExpectedBy(&visitor).to_string(), found));
        }
        let items = array.iter().map(|item| item.unwrap_or(View::Undefined));
        visitor.visit_seq(Items { reader: self, items, next: 0 })
    }

    fn object<V: Visitor<'de>>(self, object: Object<'de>, visitor: V) -> Visited<'de, V> {
        self.check_depth()?;
        let pairs = object.iter().map(|(key, value)| (Key::Name(key.to_string_lossy()), value));
        visitor.visit_map(Pairs { reader: self, pairs, value: None })
    }

    fn unfit<V: Visitor<'de>>(self, visitor: &V) -> ConvertError {
        ConvertError::invalid_type(Unexpected::Other(self.view.type_name()), visitor)
    }
}

/// What a visitor says it expects.
struct ExpectedBy<'v, V>(&'v V);

impl<'de, V: Visitor<'de>> std::fmt::Display for ExpectedBy<'_, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.expecting(f)
    }
}

macro_rules! floats {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Visited<'de, V> {
            match self.view {
                View::Number(number) => visitor.visit_f64(number),
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Visited<'de, V> {
            match self.view {
                // -0 is 0 as an integer.
                View::Number(number) => Self::number(number + 0.0, visitor),
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = ConvertError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Visited<'de, V> {
        match self.view {
            View::Undefined | View::Null => visitor
                .visit_unit()
                .map_err(|why: ConvertError| why.found_nothing(self.view.type_name())),
            View::Bool(value) => visitor.visit_bool(value),
            View::Number(number) => Self::number(number, visitor),
            View::BigInt(number) => Self::bigint(number, visitor),
            View::String(text) => Self::text(text, visitor),
            View::Array(array) => self.array(array, visitor),
            View::Object(object) => self.object(object, visitor),
            View::Set(set) => {
                self.check_depth()?;
                visitor.visit_seq(Items { reader: self, items: set.iter(), next: 0 })
            }
            View::Map(map) => {
                self.check_depth()?;
                let pairs = map.iter().map(|(key, value)| (Key::View(key), value));
                visitor.visit_map(Pairs { reader: self, pairs, value: None })
            }
            View::Date(date) => visitor.visit_f64(date.milliseconds()),
            View::Boxed(boxed) => self.deeper(boxed.get()).deserialize_any(visitor),
            View::ArrayBuffer(_) | View::Blob(_) => self.deserialize_bytes(visitor),
            View::BufferView(view) if view.kind().item_bytes() == 1 => {
                self.deserialize_bytes(visitor)
            }
            View::BufferView(_) => self.deserialize_seq(visitor),
            View::Error(error) => {
                self.check_depth()?;
                let texts = [("name", error.name()), ("message", error.message())];
                let texts = texts.map(|(key, text)| (Key::Name(key.into()), View::String(text)));
                let own = error.properties();
                let own = own.iter().map(|(key, value)| (Key::Name(key.to_string_lossy()), value));
                visitor.visit_map(Pairs {
                    reader: self,
                    pairs: texts.into_iter().chain(own),
                    value: None,
                })
            }
            _ => Err(self.unfit(&visitor)),
        }
    }

    floats! { deserialize_f32 deserialize_f64 }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Visited<'de, V> {
        if self.view.is_nullish() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Visited<'de, V> {
        match self.view {
            View::BufferView(view) => {
                let items = view.to_f64s().into_iter().map(View::Number);
                visitor.visit_seq(Items { reader: self, items, next: 0 })
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Visited<'de, V> {
        match self.view {
            View::ArrayBuffer(buffer) => visitor.visit_borrowed_bytes(buffer.bytes()),
            View::BufferView(view) => visitor.visit_borrowed_bytes(view.as_slice()),
            View::Blob(blob) => visitor.visit_borrowed_bytes(&blob.data().bytes),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Visited<'de, V> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Visited<'de, V> {
        if name == carry::NAME {
            return carry::over(self.view.to_value(), || visitor.visit_unit());
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Visited<'de, V> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Visited<'de, V> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Visited<'de, V> {
        match self.view {
            View::String(_) => visitor.visit_enum(Variant { name: self, content: None }),
            View::Object(object) if object.len() == 1 => {
                self.check_depth()?;
                let Some((key, value)) = object.iter().next() else {
                    return Err(self.unfit(&visitor));
                };
                let name = key.to_string_lossy();
                visitor
                    .visit_enum(Named { name: &name, content: self.deeper(value) })
                    .map_err(|error| error.at_name(name.clone()))
            }
            _ => Err(self.unfit(&visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Visited<'de, V> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool char str string unit unit_struct map struct identifier
    }
}

struct Items<'de, I> {
    reader: Reader<'de>,
    items: I,
    next: usize,
}

impl<'de, I: Iterator<Item = View<'de>>> de::SeqAccess<'de> for Items<'de, I> {
    type Error = ConvertError;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ConvertError> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(self.reader.deeper(item)).map(Some).map_err(|error| error.at_index(index))
    }
}

enum Key<'de> {
    Name(String),
    View(View<'de>),
}

struct Pairs<'de, I> {
    reader: Reader<'de>,
    pairs: I,
    value: Option<(String, View<'de>)>,
}

impl<'de, I: Iterator<Item = (Key<'de>, View<'de>)>> de::MapAccess<'de> for Pairs<'de, I> {
    type Error = ConvertError;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ConvertError> {
        let Some((key, value)) = self.pairs.next() else { return Ok(None) };
        match key {
            Key::Name(name) => {
                let read = seed.deserialize(NameReader(&name));
                self.value = Some((name, value));
                read.map(Some)
            }
            Key::View(key) => {
                self.value = Some((format!("{:?}", key.to_value()), value));
                seed.deserialize(self.reader.deeper(key)).map(Some)
            }
        }
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, ConvertError> {
        let (name, view) = self.value.take().unwrap_or((String::new(), View::Undefined));
        seed.deserialize(self.reader.deeper(view)).map_err(|error| error.at_name(name))
    }
}

/// A property's name, which is a number where the Rust type has one as key.
struct NameReader<'n>(&'n str);

macro_rules! number_names {
    ($($method:ident: $type:ty => $visit:ident),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Visited<'de, V> {
            match self.0.parse::<$type>() {
                Ok(number) => visitor.$visit(number),
                Err(_) => visitor.visit_str(self.0),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for NameReader<'_> {
    type Error = ConvertError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Visited<'de, V> {
        visitor.visit_str(self.0)
    }

    number_names! {
        deserialize_i8: i8 => visit_i8, deserialize_i16: i16 => visit_i16,
        deserialize_i32: i32 => visit_i32, deserialize_i64: i64 => visit_i64,
        deserialize_u8: u8 => visit_u8, deserialize_u16: u16 => visit_u16,
        deserialize_u32: u32 => visit_u32, deserialize_u64: u64 => visit_u64,
        deserialize_bool: bool => visit_bool
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Visited<'de, V> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Visited<'de, V> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A variant without content.
struct Variant<'de> {
    name: Reader<'de>,
    content: Option<Reader<'de>>,
}

/// A variant by its name, with its content.
struct Named<'n, 'de> {
    name: &'n str,
    content: Reader<'de>,
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = ConvertError;
    type Variant = Self;

    fn variant_seed<V: de::DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), ConvertError> {
        Ok((seed.deserialize(self.name)?, self))
    }
}

impl<'de> de::EnumAccess<'de> for Named<'_, 'de> {
    type Error = ConvertError;
    type Variant = Variant<'de>;

    fn variant_seed<V: de::DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Variant<'de>), ConvertError> {
        let value = seed.deserialize(NameReader(self.name))?;
        Ok((value, Variant { name: self.content, content: Some(self.content) }))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'de> {
    type Error = ConvertError;

    fn unit_variant(self) -> Result<(), ConvertError> {
        match self.content {
            None => Ok(()),
            Some(content) => Deserialize::deserialize(content),
        }
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, ConvertError> {
        let content = self
            .content
            .ok_or_else(|| ConvertError::mismatch("a variant with content", "its name"));
        seed.deserialize(content?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Visited<'de, V> {
        let content = self.content.ok_or_else(|| self.name.unfit(&visitor))?;
        content.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Visited<'de, V> {
        let content = self.content.ok_or_else(|| self.name.unfit(&visitor))?;
        content.deserialize_map(visitor)
    }
}
