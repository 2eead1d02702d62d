//! Reasons: values that travel on their own and refer to nothing.

use bytes::Bytes;

use crate::schema::worker_capnp::js_value;
use crate::worker::value::{Limits, Value, decode, encode};

/// A value on its own; `None` if it is `undefined`, cannot be sent, or holds what would have to be sent with it.
pub(super) fn plain_bytes(value: &Value) -> Option<Vec<u8>> {
    let sent = encode(value, &Limits::default()).ok().filter(|_| !value.is_undefined())?;
    sent.externals.is_empty().then_some(sent.bytes)
}

/// A value that may not refer to anything.
pub(super) fn plain_value(value: js_value::Reader<'_>) -> capnp::Result<Value> {
    let bytes = value.get_v8_serialized()?;
    if bytes.is_empty() {
        return Ok(Value::UNDEFINED);
    }
    let bytes = Bytes::copy_from_slice(bytes);
    decode(bytes, Vec::new(), &Limits::receiving())
        .map_err(|why| capnp::Error::failed(why.to_string()))
}
