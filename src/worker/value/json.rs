//! A value as JSON, as `JSON.stringify` writes it.

use std::fmt::{self, Write as _};

use super::date::iso;
use super::external::ExternalKind;
use super::handle::{At, BufferView};
use super::kind::ViewKind;
use super::limits::Limits;
use super::number;
use super::object::PropertyKey;
use super::text::Str;
use super::value::Value;
use super::view::View;

/// Why a value has no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonError {
    /// A BigInt is in it.
    BigInt,
    /// An object is in itself.
    Circle,
    /// More than [`Limits::DEPTH_CEILING`] objects are within one another.
    Depth,
    /// The text would be longer than a string of JavaScript can be. An object that is referred to many times, at
    /// many levels, is written as often as these numbers multiplied.
    Length,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BigInt => "TypeError: Do not know how to serialize a BigInt",
            Self::Circle => "TypeError: Converting circular structure to JSON",
            Self::Depth => "RangeError: Maximum call stack size exceeded",
            Self::Length => "RangeError: Invalid string length",
        })
    }
}

impl std::error::Error for JsonError {}

/// So many bytes a text may have: the characters a string of V8 can.
const LENGTH_MAX: usize = (1 << 29) - 24;

/// A value as `JSON.stringify` writes it: dates as text, Maps, Sets and most other objects as `{}`, properties
/// that are `undefined` or a stub left out. A value that alone is such is `null`, as it would be in an array. (C-Y6)
///
/// # Errors
///
/// Where `JSON.stringify` throws: see [`JsonError`].
///
/// ```
/// use bowline::worker::value::{Value, to_json, value};
///
/// let value = value!({ at: (Value::date(0.0)), not: undefined, list: [undefined, (f64::NAN)] });
/// assert_eq!(to_json(&value).unwrap(), r#"{"at":"1970-01-01T00:00:00.000Z","list":[null,null]}"#);
/// ```
pub fn to_json(value: &Value) -> Result<String, JsonError> {
    let mut writer = Writer { out: String::new(), way: Vec::new(), length_max: LENGTH_MAX };
    let view = value.view();
    writer.value(if is_absent(view) { View::Null } else { view })?;
    Ok(writer.out)
}

/// Nothing is written for it.
fn is_absent(view: View<'_>) -> bool {
    match view {
        View::Undefined => true,
        // A stub can be called, and so is a function.
        View::External(it) => it.kind() == ExternalKind::RpcTarget,
        _ => false,
    }
}

struct Writer<'a> {
    out: String,
    /// The objects we are in.
    way: Vec<At<'a>>,
    length_max: usize,
}

impl<'a> Writer<'a> {
    fn value(&mut self, view: View<'a>) -> Result<(), JsonError> {
        match view {
            View::Bool(value) => self.text(if value { "true" } else { "false" }),
            View::Number(value) if value.is_finite() => self.text(&number::display(value)),
            View::BigInt(_) => Err(JsonError::BigInt),
            View::String(value) => self.string(value),
            View::Date(date) if !date.is_invalid() => {
                self.text(&format!("\"{}\"", iso(date.milliseconds())))
            }
            View::Date(_) => self.text("null"),
            View::Boxed(boxed) => self.value(boxed.get()),
            _ => match view.place() {
                Some(at) => self.object(view, at),
                None => self.text("null"),
            },
        }
    }

    fn object(&mut self, view: View<'a>, at: At<'a>) -> Result<(), JsonError> {
        if self.way.iter().any(|before| before.same(at)) {
            return Err(JsonError::Circle);
        }
        if self.way.len() >= usize::from(Limits::DEPTH_CEILING) {
            return Err(JsonError::Depth);
        }
        self.way.push(at);
        match view {
            View::Array(array) => {
                // A few bytes can make four billion holes.
                let holes = array.len() - array.present().len().min(array.len());
                if holes > self.length_max / "null,".len() {
                    return Err(JsonError::Length);
                }
                self.list((0..array.len()).map(|index| array.get(index)))?;
            }
            View::Object(object) => self.properties(object.iter())?,
            View::Error(error) => {
                // These three are there, but not to be enumerated.
                let shown = |key: &PropertyKey<'_>| !matches!(key, PropertyKey::Name(name) if *name == "stack" || *name == "cause" || *name == "errors");
                self.properties(error.properties().iter().filter(|(key, _)| shown(key)))?;
            }
            View::BufferView(view) if view.kind() != ViewKind::DataView => self.items(view)?,
            _ => self.text("{}")?,
        }
        self.way.pop();
        Ok(())
    }

    fn list(&mut self, items: impl Iterator<Item = Option<View<'a>>>) -> Result<(), JsonError> {
        self.text("[")?;
        for (at, item) in items.enumerate() {
            self.text(if at == 0 { "" } else { "," })?;
            match item.filter(|item| !is_absent(*item)) {
                Some(item) => self.value(item)?,
                None => self.text("null")?,
            }
        }
        self.text("]")
    }

    fn properties(
        &mut self,
        properties: impl Iterator<Item = (PropertyKey<'a>, View<'a>)>,
    ) -> Result<(), JsonError> {
        self.text("{")?;
        for (at, (key, value)) in properties.filter(|(_, value)| !is_absent(*value)).enumerate() {
            self.text(if at == 0 { "" } else { "," })?;
            match key {
                PropertyKey::Index(index) => self.text(&format!("\"{index}\""))?,
                PropertyKey::Name(name) => self.string(name)?,
            }
            self.text(":")?;
            self.value(value)?;
        }
        self.text("}")
    }

    fn items(&mut self, view: BufferView<'a>) -> Result<(), JsonError> {
        let kind = view.kind();
        let big = matches!(kind, ViewKind::BigInt64Array | ViewKind::BigUint64Array);
        if big && !view.is_empty() {
            return Err(JsonError::BigInt);
        }
        self.text("{")?;
        for (at, item) in view.as_slice().chunks_exact(kind.item_bytes()).enumerate() {
            let number = kind.number(item);
            let text = if number.is_finite() { number::display(number) } else { "null".into() };
            let comma = if at == 0 { "" } else { "," };
            self.text(&format!("{comma}\"{at}\":{text}"))?;
        }
        self.text("}")
    }

    fn text(&mut self, text: &str) -> Result<(), JsonError> {
        if self.out.len() + text.len() > self.length_max {
            return Err(JsonError::Length);
        }
        self.out.push_str(text);
        Ok(())
    }

    fn string(&mut self, text: Str<'_>) -> Result<(), JsonError> {
        let mut quoted = String::with_capacity(text.len() + 2);
        quote(text, &mut quoted);
        self.text(&quoted)
    }
}

/// Well-formed: lone surrogates are escaped.
fn quote(text: Str<'_>, out: &mut String) {
    out.push('"');
    for c in char::decode_utf16(text.units()) {
        let escaped = match c {
            Ok('"') => "\\\"",
            Ok('\\') => "\\\\",
            Ok('\u{8}') => "\\b",
            Ok('\t') => "\\t",
            Ok('\n') => "\\n",
            Ok('\u{c}') => "\\f",
            Ok('\r') => "\\r",
            Ok(c) if c < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
                continue;
            }
            Ok(c) => {
                out.push(c);
                continue;
            }
            Err(lone) => {
                let _ = write!(out, "\\u{:04x}", lone.unpaired_surrogate());
                continue;
            }
        };
        out.push_str(escaped);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &Value, length_max: usize) -> Result<(), JsonError> {
        Writer { out: String::new(), way: Vec::new(), length_max }.value(value.view())
    }

    #[test]
    fn a_text_as_long_as_may_be_is_written() {
        let value = Value::array(["abc", "de"]);
        assert_eq!(written(&value, 12), Ok(()));
        assert_eq!(written(&value, 11), Err(JsonError::Length));
    }

    #[test]
    fn an_object_as_deep_as_may_be_is_written() {
        let deep = |levels| (1..levels).fold(Value::array([0]), |inner, _| Value::array([inner]));
        assert_eq!(written(&deep(Limits::DEPTH_CEILING), 1 << 20), Ok(()));
        assert_eq!(written(&deep(Limits::DEPTH_CEILING + 1), 1 << 20), Err(JsonError::Depth));
    }
}
