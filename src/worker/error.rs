//! What a call failed with, as JavaScript has it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::wire::Exception;

use super::value::{CloneError, ConvertError, DomException, Text, Value, View};

/// An error of a call: what was thrown, and how it came here. (Rules 62 to 66)
///
/// Whatever a target returns as its error reaches the caller as one of these: with its name, message,
/// cause and own properties, and with [`is_remote`](Self::is_remote) set. Cheap to clone.
#[derive(Clone)]
pub struct JsError(Arc<Thrown>);

#[derive(Clone)]
struct Thrown {
    value: Value,
    marks: Marks,
    origin: Option<Exception>,
}

/// What is known about an error beside what was thrown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// It was thrown on the other side of a call.
    pub(super) remote: bool,
    /// The connection is lost; a new one may work.
    pub(super) retryable: bool,
    /// A resource ran out; asking again later may work.
    pub(super) overloaded: bool,
}

impl JsError {
    /// An error whose class follows from its `name`: `TypeError`, `RangeError` …; any other name is that of an
    /// `Error` which has that name.
    #[must_use]
    pub fn new(name: &str, message: impl Into<Text>) -> Self {
        Self::thrown(Value::error::<&str, Value>(name, message, []))
    }

    /// An `Error`.
    #[must_use]
    pub fn error(message: impl Into<Text>) -> Self {
        Self::new("Error", message)
    }

    /// A `TypeError`: what was passed, or asked for, is not what there is.
    #[must_use]
    pub fn type_error(message: impl Into<Text>) -> Self {
        Self::new("TypeError", message)
    }

    /// A DOMException with that name, such as `DataCloneError` or `AbortError`.
    #[must_use]
    pub fn dom(name: impl Into<String>, message: impl Into<String>) -> Self {
        let (name, message) = (name.into(), message.into());
        Self::thrown(Value::dom_exception(DomException { name, message, stack: String::new() }))
    }

    /// The error of a value that was thrown: an error object, or anything else.
    #[must_use]
    pub fn thrown(value: Value) -> Self {
        Self(Arc::new(Thrown { value, marks: Marks::default(), origin: None }))
    }

    /// An error of Rust: an `Error` with its text, and what caused it as its `cause`.
    #[must_use]
    pub fn of(error: &dyn std::error::Error) -> Self {
        let new = Self::error(error.to_string());
        match error.source() {
            Some(source) => new.with_property("cause", Self::of(source).0.value.clone()),
            None => new,
        }
    }

    /// The same error with one more own property, such as `cause` or `code`. What was thrown and is no
    /// error object has no properties.
    #[must_use]
    pub fn with_property(self, key: &str, value: impl Into<Value>) -> Self {
        let View::Error(error) = self.0.value.view() else { return self };
        let name = error.name().to_string_lossy();
        let known = error.properties();
        let known = known
            .iter()
            .map(|(key, value)| (Text::from(&*key.to_string_lossy()), value.to_value()));
        let all = known.chain([(Text::from(key), value.into())]);
        let value = Value::error(&name, error.message(), all);
        let Thrown { marks, ref origin, .. } = *self.0;
        Self(Arc::new(Thrown { value, marks, origin: origin.clone() }))
    }

    pub(super) fn with_marks(self, marks: Marks) -> Self {
        let Thrown { value, origin, .. } = Arc::unwrap_or_clone(self.0);
        Self(Arc::new(Thrown { value, marks, origin }))
    }

    pub(super) fn with_origin(self, why: &Exception) -> Self {
        let Thrown { value, marks, .. } = Arc::unwrap_or_clone(self.0);
        Self(Arc::new(Thrown { value, marks, origin: Some(why.clone()) }))
    }

    pub(super) fn marks(&self) -> Marks {
        self.0.marks
    }

    /// What was thrown.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// Its `name`; `Error` if what was thrown is no error object.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match self.0.value.view() {
            View::Error(error) => error.name().to_string_lossy(),
            View::DomException(exception) => Cow::Borrowed(&exception.data().name),
            _ => Cow::Borrowed("Error"),
        }
    }

    /// Its `message`; if what was thrown is no error object, that as a string.
    #[must_use]
    pub fn message(&self) -> Cow<'_, str> {
        match self.0.value.view() {
            View::Error(error) => error.message().to_string_lossy(),
            View::DomException(exception) => Cow::Borrowed(&exception.data().message),
            View::String(text) => text.to_string_lossy(),
            View::Object(_) => Cow::Borrowed("#<Object>"),
            View::Undefined => Cow::Borrowed("undefined"),
            _ => Cow::Owned(format!("{:?}", self.0.value)),
        }
    }

    /// An own property beside name and message: `cause`, `errors`, and what was put there.
    #[must_use]
    pub fn property(&self, key: &str) -> Option<View<'_>> {
        match self.0.value.view() {
            View::Error(error) => error.properties().get(key),
            View::Object(object) => object.get(key),
            _ => None,
        }
    }

    /// What caused it.
    #[must_use]
    pub fn cause(&self) -> Option<View<'_>> {
        self.property("cause")
    }

    /// It was thrown on the other side of a call. (Rule 63)
    #[must_use]
    pub fn is_remote(&self) -> bool {
        self.0.marks.remote
    }

    /// The way to the object was lost; a new connection may work. (Rule 63)
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.marks.retryable
    }

    /// A resource ran out; asking again later may work. (Rule 63)
    #[must_use]
    pub fn is_overloaded(&self) -> bool {
        self.0.marks.overloaded
    }

    /// The exception it was on the wire, if it came as one.
    #[must_use]
    pub fn exception(&self) -> Option<&Exception> {
        self.0.origin.as_ref()
    }
}

impl fmt::Display for JsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, message) = (self.name(), self.message());
        match message.is_empty() {
            true => f.write_str(&name),
            false => write!(f, "{name}: {message}"),
        }
    }
}

impl fmt::Debug for JsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a lost connection was lost by is not in its message, which is the runtime's.
        match &self.0.origin {
            Some(why) if self.0.marks.retryable => write!(f, "JsError({self} ({}))", why.reason()),
            _ => write!(f, "JsError({self})"),
        }
    }
}

impl std::error::Error for JsError {}

impl PartialEq for JsError {
    fn eq(&self, other: &Self) -> bool {
        self.0.value == other.0.value && self.0.marks == other.0.marks
    }
}

impl From<CloneError> for JsError {
    /// In the words of the runtime. (Rules 22 and 27)
    fn from(error: CloneError) -> Self {
        match error.name() {
            "DataCloneError" => Self::dom("DataCloneError", error.to_string()),
            name => Self::new(name, error.to_string()),
        }
    }
}

impl From<ConvertError> for JsError {
    fn from(error: ConvertError) -> Self {
        Self::type_error(error.to_string())
    }
}

impl From<std::io::Error> for JsError {
    /// As [`of`](Self::of).
    fn from(error: std::io::Error) -> Self {
        Self::of(&error)
    }
}

impl From<&str> for JsError {
    fn from(message: &str) -> Self {
        Self::error(message)
    }
}

impl From<String> for JsError {
    fn from(message: String) -> Self {
        Self::error(message)
    }
}
