//! What a method gives its caller: a value, and on what terms.

use super::stub::RpcStub;
use super::value::{BigInt, Str, Text, Value};

/// What becomes of the handles in a value that is returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Handles {
    /// They go to the caller, and are disposed here.
    #[default]
    Given,
    /// The caller gets duplicates.
    Lent,
}

/// What a call gives.
///
/// Whatever this module turns into a [`Value`] is turned into one of these as well; for a type of one's own there is
/// [`Return::new`].
pub struct Return {
    pub(super) given: Given,
    /// None of its own, for most. In a box: results are moved about.
    pub(super) terms: Option<Box<Terms>>,
}

/// What is returned.
pub(super) enum Given {
    Value(Value),
    /// A stub and nothing else. It comes to be a value when somebody wants to see one: most are only called.
    Stub(RpcStub),
}

/// How it is returned.
#[derive(Default)]
pub(super) struct Terms {
    pub(super) handles: Handles,
    pub(super) disposer: Option<Box<dyn FnOnce()>>,
}

impl Return {
    /// This value. The stubs in it are given away: their handles are disposed here. (Rule 46)
    #[must_use]
    pub fn new(value: impl Into<Value>) -> Self {
        Self { given: Given::Value(value.into()), terms: None }
    }

    /// This value, which stays the target's own: the caller gets duplicates of the stubs in it.
    #[must_use]
    pub fn lent(value: impl Into<Value>) -> Self {
        let mut lent = Self::new(value);
        lent.terms.get_or_insert_default().handles = Handles::Lent;
        lent
    }

    /// Has `disposer` run when the caller disposes the result. (Rule 50)
    #[must_use]
    pub fn on_dispose(mut self, disposer: impl FnOnce() + 'static) -> Self {
        self.terms.get_or_insert_default().disposer = Some(Box::new(disposer));
        self
    }

    pub(super) fn into_value(self) -> Value {
        self.given.into_value()
    }
}

impl Given {
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Value(value) => value,
            Self::Stub(stub) => stub.into(),
        }
    }
}

impl std::fmt::Debug for Return {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.given {
            Given::Value(value) => value.fmt(f),
            Given::Stub(stub) => stub.fmt(f),
        }
    }
}

impl From<RpcStub> for Return {
    /// The stub is given away.
    fn from(stub: RpcStub) -> Self {
        Self { given: Given::Stub(stub), terms: None }
    }
}

/// What is returned as a value: all but a stub that is given away.
macro_rules! from_what_is_a_value {
    ($($(#[$cfg:meta])* $type:ty),* $(,)?) => {$(
        $(#[$cfg])*
        impl From<$type> for Return {
            fn from(value: $type) -> Self {
                Self::new(value)
            }
        }
    )*};
}

from_what_is_a_value! {
    Value, &Value, (), bool, f64, f32, i8, u8, i16, u16, i32, u32, i64, u64, isize, usize, BigInt,
    Text, &str, String, &String, Str<'_>, &RpcStub,
    super::received::Received, super::abort::AbortSignal,
    super::stream::ReadableStream, super::stream::WritableStream,
    #[cfg(all(feature = "http", unix))] http::Request<super::http::Body>,
    #[cfg(all(feature = "http", unix))] http::Response<super::http::Body>,
    #[cfg(all(feature = "http", unix))] &http::HeaderMap,
}

impl<T: Into<Value>> From<Option<T>> for Return {
    /// Nothing is `undefined`.
    fn from(value: Option<T>) -> Self {
        Self::new(value)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Return {
    /// An array.
    fn from(items: Vec<T>) -> Self {
        Self::new(items)
    }
}
