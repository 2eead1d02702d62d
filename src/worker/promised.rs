//! Typed calls: promises of Rust types, on which one can call on when the type is an interface.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, ready};

use serde::de::DeserializeOwned;

use super::error::JsError;
use super::promise::RpcPromise;
use super::property::RpcProperty;
use super::received::Received;
use super::stub::RpcStub;
use super::value::from_value;

/// A typed stub, made by [`rpc_interface`](super::rpc_interface): a handle of an object, with the methods of
/// an interface. It dereferences to the [`RpcStub`] it is.
pub trait RpcInterface: From<RpcStub> + Deref<Target = RpcStub> {}

/// The outcome of a call of an interface's method. Awaiting it gives the result as a `T`.
///
/// When `T` is an interface itself, its methods can be called on the promise before it has come to be anything, and
/// `&*promise` is a stub of what will come, which can be passed on. (Rule 12)
///
/// A property is read when it is awaited, or something on it called. (Rule 3) Dropping a promise cancels the call, unless something is pipelined on it. Cancel safe.
#[must_use = "dropping a promise cancels its call"]
pub struct Promised<T> {
    method: &'static str,
    source: Source,
    /// A stub of what will come, once somebody asked for it.
    ahead: OnceLock<T>,
}

enum Source {
    Call(RpcPromise),
    /// It is read when somebody wants to know. (Rule 3)
    Property(RpcProperty, OnceLock<RpcPromise>),
}

impl Source {
    fn promise(&self) -> &RpcPromise {
        match self {
            Self::Call(promise) => promise,
            Self::Property(property, read) => read.get_or_init(|| property.read()),
        }
    }

    fn into_promise(self) -> RpcPromise {
        match self {
            Self::Call(promise) => promise,
            Self::Property(property, read) => read.into_inner().unwrap_or_else(|| property.read()),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Received, JsError>> {
        match self {
            Self::Call(promise) => Pin::new(promise).poll(cx),
            Self::Property(property, read) => {
                let mut promise = read.take().unwrap_or_else(|| property.read());
                let outcome = Pin::new(&mut promise).poll(cx);
                *self = Self::Call(promise);
                outcome
            }
        }
    }
}

impl<T> Promised<T> {
    pub(super) fn called(method: &'static str, promise: RpcPromise) -> Self {
        Self { method, source: Source::Call(promise), ahead: OnceLock::new() }
    }

    pub(super) fn property(name: &'static str, property: RpcProperty) -> Self {
        let source = Source::Property(property, OnceLock::new());
        Self { method: name, source, ahead: OnceLock::new() }
    }

    /// Lets the call run to its end though nobody waits for it.
    pub fn detach(self) {
        self.source.into_promise().detach();
    }

    /// The same without the type: what comes may be anything, and can be disposed as a whole.
    pub fn untyped(self) -> RpcPromise {
        self.source.into_promise()
    }
}

/// What is ahead is nothing that is pinned.
impl<T> Unpin for Promised<T> {}

impl<T: DeserializeOwned> Future for Promised<T> {
    type Output = Result<T, JsError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let received = ready!(self.source.poll(cx))?;
        Poll::Ready(
            from_value(&received)
                .map_err(|why| JsError::type_error(format!("{}: the result: {why}", self.method))),
        )
    }
}

impl<T: RpcInterface> Deref for Promised<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.ahead.get_or_init(|| self.source.promise().stub().into())
    }
}

impl<T> std::fmt::Debug for Promised<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Promised({})", self.method)
    }
}
