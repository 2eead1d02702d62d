//! A value as a message has it: bytes, and beside them the externals.

use bytes::Bytes;

use crate::rpc::Client;
use crate::schema::worker_capnp::js_value;

use super::error::JsError;
use super::external::{self, Carried, Leaving};
use super::group::Group;
use super::value::{Limits, Serialized, Value, decode};
use super::words::{At, Shape, Words};

/// A value that was received and not read yet.
pub(super) struct Serial {
    bytes: Bytes,
    externals: Vec<Carried<Option<Client>>>,
}

impl Serial {
    pub(super) fn read(value: js_value::Reader<'_>) -> capnp::Result<Self> {
        let bytes = value.get_v8_serialized()?;
        let externals = external::read(value.get_externals()?, bytes.len())?;
        Ok(Self { bytes: Bytes::copy_from_slice(bytes), externals })
    }

    /// The value, whose stubs are of the group.
    pub(super) fn decode(self, group: &mut Group) -> Result<Value, JsError> {
        let externals = self.externals.into_iter().map(|carried| carried.arrive(group));
        // Each arrives, whatever is wrong with another: what was pushed is let go with it.
        let externals: Vec<_> = externals.collect();
        let externals = externals.into_iter().collect::<Result<Vec<_>, _>>()?;
        decode(self.bytes, externals, &Limits::receiving())
            .map_err(|why| JsError::dom("DataCloneError", format!("{} ({why})", why.rule_text())))
    }
}

/// Writes a `JsValue`.
pub(super) fn write(value: &Serialized, leaving: &[Leaving], words: &mut Words, pointer: At) {
    let at = words.structure(pointer, Shape { data: 0, pointers: 2 });
    words.data(at, &value.bytes);
    external::write(leaving, words, at + 1);
}
