//! Props travel as a Frankenvalue: a value put together outside of JavaScript.

use crate::schema::worker_capnp::frankenvalue;
use crate::worker::value::{Limits, PropertyKey, Text, Value, View, decode, encode};

use super::error::PropsError;

/// What an entrypoint gets as `ctx.props`: an object of data, ready to be sent.
#[derive(Clone, Debug, Default)]
pub struct Props(Sent);

#[derive(Clone, Debug, Default)]
enum Sent {
    #[default]
    Empty,
    Json(String),
    Serialized(Vec<u8>),
}

impl Props {
    /// These.
    ///
    /// # Errors
    ///
    /// [`PropsError::Clone`], [`PropsError::NotData`]: they cannot be sent.
    pub fn new(value: &Value) -> Result<Self, PropsError> {
        let sent = encode(value, &Limits::default()).map_err(PropsError::Clone)?;
        if !sent.externals.is_empty() {
            return Err(PropsError::NotData);
        }
        Ok(Self(Sent::Serialized(sent.bytes)))
    }

    /// Those of a JSON text, which the other side reads.
    #[must_use]
    pub fn json(text: impl Into<String>) -> Self {
        Self(Sent::Json(text.into()))
    }

    pub(super) fn write(&self, mut to: frankenvalue::Builder<'_>) {
        match &self.0 {
            Sent::Empty => to.set_empty_object(()),
            Sent::Json(text) => to.set_json(text.as_str()),
            Sent::Serialized(bytes) => to.set_v8_serialized(bytes),
        }
    }
}

/// The value a peer sent. How deep it nests is bounded by its message.
pub(super) fn read(from: frankenvalue::Reader<'_>) -> Result<Value, PropsError> {
    let base = match from.which()? {
        frankenvalue::EmptyObject(()) => Value::object::<&str, Value>([]),
        frankenvalue::Json(text) => serde_json::from_str(self::text(text?)?)
            .map_err(|why| PropsError::Json(why.to_string()))?,
        frankenvalue::V8Serialized(bytes) => {
            decode(bytes?.to_vec(), Vec::new(), &Limits::receiving()).map_err(PropsError::Decode)?
        }
        frankenvalue::ArrayBuffer(bytes) => Value::array_buffer(bytes?.to_vec()),
        frankenvalue::Capability(_) => return Err(PropsError::Capability),
    };
    if from.get_properties()?.is_empty() {
        return Ok(base);
    }
    let View::Object(object) = base.view() else { return Err(PropsError::NotAnObject) };
    let own = object.iter().map(|(key, value)| (name(key), value.to_value()));
    let mut all: Vec<(Text, Value)> = own.collect();
    for property in from.get_properties()? {
        all.push((text(property.get_name()?)?.into(), read(property)?));
    }
    // Of properties with the same name the last counts.
    Ok(Value::object(all))
}

fn text(text: capnp::text::Reader<'_>) -> Result<&str, PropsError> {
    text.to_str().map_err(|why| PropsError::Malformed(why.into()))
}

fn name(key: PropertyKey<'_>) -> Text {
    match key {
        PropertyKey::Index(index) => index.to_string().into(),
        PropertyKey::Name(name) => name.into(),
    }
}
