//! What a value is, to match on.

use std::sync::Arc;

use super::bigint::BigInt;
use super::external::External;
use super::handle::{
    AbortSignal, Array, ArrayBuffer, At, Boxed, BufferView, Date, ErrorObject, Hosted, Map, Object,
    RegExp, Request, Response, Set,
};
use super::host::{Blob, DomException, Headers};
use super::key::Key;
use super::region::{Node, Region, Slot};
use super::text::Str;
use super::value::Value;

/// What a value is. Copies nothing and counts no reference.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is named after what it holds")]
pub enum View<'a> {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    BigInt(&'a BigInt),
    String(Str<'a>),
    Object(Object<'a>),
    Array(Array<'a>),
    Map(Map<'a>),
    Set(Set<'a>),
    Date(Date<'a>),
    RegExp(RegExp<'a>),
    Boxed(Boxed<'a>),
    ArrayBuffer(ArrayBuffer<'a>),
    BufferView(BufferView<'a>),
    Error(ErrorObject<'a>),
    /// A stub or stream; what of, says [`External::kind`].
    External(Hosted<'a, External>),
    Headers(Hosted<'a, Headers>),
    Blob(Hosted<'a, Blob>),
    DomException(Hosted<'a, DomException>),
    Request(Request<'a>),
    Response(Response<'a>),
    AbortSignal(AbortSignal<'a>),
}

impl<'a> View<'a> {
    /// What is in a slot of a region.
    pub(super) fn of(slot: &'a Slot, region: &'a Arc<Region>) -> Self {
        match slot {
            Slot::Node(id) => Self::of_node(At { region, id: *id }),
            Slot::Narrow(_) | Slot::Wide(_) => {
                slot.as_str(&region.source).map_or(Self::Undefined, Self::String)
            }
            _ => Self::of_free(slot),
        }
    }

    /// What is in a slot that means the same everywhere.
    pub(super) fn of_free(slot: &'a Slot) -> Self {
        match slot {
            Slot::Null => Self::Null,
            Slot::Bool(value) => Self::Bool(*value),
            Slot::Number(value) => Self::Number(*value),
            Slot::BigInt(value) => Self::BigInt(value),
            Slot::Short(short) => Self::String(Str::narrow(short.as_slice())),
            Slot::Long(long) => Self::String(long.as_str()),
            Slot::Outside(region, id) => Self::of_node(At { region, id: *id }),
            Slot::Undefined | Slot::Narrow(_) | Slot::Wide(_) | Slot::Node(_) => Self::Undefined,
        }
    }

    fn of_node(at: At<'a>) -> Self {
        match at.node() {
            Node::Pending => Self::Undefined,
            Node::Object(_) => Self::Object(Object(at)),
            Node::Array { .. } | Node::Sparse { .. } => Self::Array(Array(at)),
            Node::Map(_) => Self::Map(Map(at)),
            Node::Set(_) => Self::Set(Set(at)),
            Node::Date(_) => Self::Date(Date(at)),
            Node::RegExp { .. } => Self::RegExp(RegExp(at)),
            Node::Boxed(_) => Self::Boxed(Boxed(at)),
            Node::Buffer(_) => Self::ArrayBuffer(ArrayBuffer(at)),
            Node::Window(_) => Self::BufferView(BufferView(at)),
            Node::Error { .. } => Self::Error(ErrorObject(at)),
            Node::External(data) => Self::External(Hosted { at, data }),
            Node::Headers(data) => Self::Headers(Hosted { at, data }),
            Node::Blob(data) => Self::Blob(Hosted { at, data }),
            Node::DomException(data) => Self::DomException(Hosted { at, data }),
            Node::Request(_) => Self::Request(Request(at)),
            Node::Response(_) => Self::Response(Response(at)),
            Node::Signal(_) => Self::AbortSignal(AbortSignal(at)),
        }
    }

    /// The same value, held. A string is copied, an object is shared.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            Self::Undefined => Value::UNDEFINED,
            Self::Null => Value::NULL,
            Self::Bool(value) => value.into(),
            Self::Number(value) => value.into(),
            Self::BigInt(value) => value.clone().into(),
            Self::String(value) => value.into(),
            _ => self.place().map_or(Value::UNDEFINED, At::to_value),
        }
    }

    /// Where the object is, if it is one.
    pub(super) fn place(self) -> Option<At<'a>> {
        Some(match self {
            Self::Undefined | Self::Null | Self::Bool(_) | Self::Number(_) => return None,
            Self::BigInt(_) | Self::String(_) => return None,
            Self::Object(it) => it.0,
            Self::Array(it) => it.0,
            Self::Map(it) => it.0,
            Self::Set(it) => it.0,
            Self::Date(it) => it.0,
            Self::RegExp(it) => it.0,
            Self::Boxed(it) => it.0,
            Self::ArrayBuffer(it) => it.0,
            Self::BufferView(it) => it.0,
            Self::Error(it) => it.0,
            Self::External(it) => it.at,
            Self::Headers(it) => it.at,
            Self::Blob(it) => it.at,
            Self::DomException(it) => it.at,
            Self::Request(it) => it.0,
            Self::Response(it) => it.0,
            Self::AbortSignal(it) => it.0,
        })
    }

    /// The class of an object, or the `typeof` of a primitive; to be used in messages.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::BigInt(_) => "bigint",
            Self::String(_) => "string",
            Self::Object(_) => "Object",
            Self::Array(_) => "Array",
            Self::Map(_) => "Map",
            Self::Set(_) => "Set",
            Self::Date(_) => "Date",
            Self::RegExp(_) => "RegExp",
            Self::Boxed(it) => it.type_name(),
            Self::ArrayBuffer(_) => "ArrayBuffer",
            Self::BufferView(it) => it.kind().name(),
            Self::Error(_) => "Error",
            Self::External(it) => it.type_name(),
            Self::Headers(_) => "Headers",
            Self::Blob(_) => "Blob",
            Self::DomException(_) => "DOMException",
            Self::Request(_) => "Request",
            Self::Response(_) => "Response",
            Self::AbortSignal(_) => "AbortSignal",
        }
    }

    /// `true` or `false`, if it is one.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(value) } else { None }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_f64(self) -> Option<f64> {
        if let Self::Number(value) = self { Some(value) } else { None }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(self) -> Option<Str<'a>> {
        if let Self::String(value) = self { Some(value) } else { None }
    }

    /// The BigInt, if it is one.
    #[must_use]
    pub fn as_bigint(self) -> Option<&'a BigInt> {
        if let Self::BigInt(value) = self { Some(value) } else { None }
    }

    /// The array, if it is one.
    #[must_use]
    pub fn as_array(self) -> Option<Array<'a>> {
        if let Self::Array(value) = self { Some(value) } else { None }
    }

    /// The plain object, if it is one.
    #[must_use]
    pub fn as_object(self) -> Option<Object<'a>> {
        if let Self::Object(value) = self { Some(value) } else { None }
    }

    /// The stub or stream, if it is one.
    #[must_use]
    pub fn as_external(self) -> Option<&'a External> {
        if let Self::External(value) = self { Some(value.data()) } else { None }
    }

    /// `undefined` or `null`.
    #[must_use]
    pub const fn is_nullish(self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    /// An own property of a plain object, an array or an error.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Self> {
        let text = super::text::Text::from(key);
        let text = text.as_str();
        match self {
            Self::Object(it) => it.find(Key::of_str(text)),
            Self::Array(it) => it.find(Key::of_str(text)),
            Self::Error(it) => it.properties().find(Key::of_str(text)),
            _ => None,
        }
    }

    /// An item of an array.
    #[must_use]
    pub fn at(self, index: usize) -> Option<Self> {
        self.as_array()?.get(index)
    }
}

impl Value {
    /// What it is.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View::of_free(&self.0)
    }

    /// `true` or `false`, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        self.view().as_bool()
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        self.view().as_f64()
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<Str<'_>> {
        self.view().as_str()
    }

    /// The BigInt, if it is one.
    #[must_use]
    pub fn as_bigint(&self) -> Option<&BigInt> {
        self.view().as_bigint()
    }

    /// The array, if it is one.
    #[must_use]
    pub fn as_array(&self) -> Option<Array<'_>> {
        self.view().as_array()
    }

    /// The plain object, if it is one.
    #[must_use]
    pub fn as_object(&self) -> Option<Object<'_>> {
        self.view().as_object()
    }

    /// The stub or stream, if it is one, and no clone of the value is anywhere.
    pub(in crate::worker) fn sole_external(&self) -> Option<&External> {
        match &self.0 {
            Slot::Outside(region, _) if Arc::strong_count(region) == 1 => self.as_external(),
            _ => None,
        }
    }

    /// The stub or stream, if it is one.
    #[must_use]
    pub fn as_external(&self) -> Option<&External> {
        let Slot::Outside(region, id) = &self.0 else { return None };
        match region.node(*id) {
            Node::External(external) => Some(external),
            _ => None,
        }
    }

    /// `undefined`.
    #[must_use]
    pub const fn is_undefined(&self) -> bool {
        matches!(self.0, Slot::Undefined)
    }

    /// An own property of a plain object, an array or an error.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<View<'_>> {
        self.view().get(key)
    }

    /// An item of an array.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<View<'_>> {
        self.view().at(index)
    }
}
