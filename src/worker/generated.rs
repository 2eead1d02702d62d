//! What the code calls that the attributes of this floor generate. Nothing here is for others to name.

use std::future::Future;

use serde::de::Deserialize;
use serde::ser::Serialize;

use super::args::Args;
use super::error::JsError;
pub use super::given::Return;
use super::into_return::IntoReturn;
use super::promise::RpcPromise;
use super::promised::Promised;
use super::target::{Answer, Call};
use super::value::{ConvertError, Value, View, from_value, to_value};

pub use std::rc::Rc;

pub use serde;

pub use super::into_return::hosted;
pub use super::promised::RpcInterface;
pub use super::stub::RpcStub;
pub use crate::__bowline_interface as interface;
pub use crate::runtime::Local;

/// What a fetch handler takes.
#[cfg(all(feature = "http", unix))]
pub type HttpRequest = http::Request<super::http::Body>;

/// What comes of it.
#[cfg(all(feature = "http", unix))]
pub type HttpAnswer = crate::runtime::LocalFuture<super::http::Fetched>;

#[cold]
fn misfit(method: &str, index: usize, why: &ConvertError) -> JsError {
    JsError::type_error(format!("{method}: argument {}: {why}", index + 1))
}

/// An argument of a method, as a Rust type.
pub fn argument<'de, T: Deserialize<'de>>(
    call: &'de Call,
    method: &str,
    index: usize,
) -> Result<T, JsError> {
    from_value(call.args().get(index)).map_err(|why| misfit(method, index, &why))
}

/// An argument that is bytes, of whichever kind.
pub fn bytes(call: &Call, method: &str, index: usize) -> Result<Vec<u8>, JsError> {
    match call.args().get(index).view() {
        View::ArrayBuffer(buffer) => Ok(buffer.bytes().to_vec()),
        View::BufferView(view) => Ok(view.as_slice().to_vec()),
        View::Blob(blob) => Ok(blob.data().bytes.to_vec()),
        _ => argument(call, method, index),
    }
}

/// All arguments from `index` on.
pub fn rest<'de, T: Deserialize<'de>>(
    call: &'de Call,
    method: &str,
    index: usize,
) -> Result<Vec<T>, JsError> {
    (index..call.args().len()).map(|index| argument(call, method, index)).collect()
}

/// The answer of a method that does not wait.
pub fn now(method: impl FnOnce() -> Result<Return, JsError>) -> Answer {
    Answer::Now(method())
}

/// The answer of a method that may wait.
pub fn later(method: impl Future<Output = Result<Return, JsError>> + 'static) -> Answer {
    Answer::Later(Box::pin(method))
}

/// What a method may fail with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a method that is called over RPC",
    label = "no error of JavaScript",
    note = "an error is anything that is `Into<JsError>`"
)]
pub trait Failure {
    /// What it is for the caller.
    fn thrown(self) -> JsError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<JsError>> Failure for E {
    fn thrown(self) -> JsError {
        self.into()
    }
}

/// What a method returned. A `Result` ends as what it is inside: the compiler prefers the function that is of
/// the type itself to the one of the trait.
pub struct Outcome<T>(pub T);

impl<T, E> Outcome<Result<T, E>> {
    /// What it is for the caller.
    pub fn end(self, here: &Local) -> Result<Return, JsError>
    where
        T: IntoReturn,
        E: Failure,
    {
        self.0.map_err(Failure::thrown)?.into_return(here)
    }
}

/// What a method returned that is no `Result`.
pub trait Plain: Sized {
    /// Its type.
    type Value;

    /// What it is for the caller.
    fn end(self, here: &Local) -> Result<Return, JsError>
    where
        Self::Value: IntoReturn;
}

impl<T> Plain for Outcome<T> {
    type Value = T;

    fn end(self, here: &Local) -> Result<Return, JsError>
    where
        T: IntoReturn,
    {
        self.0.into_return(here)
    }
}

/// A result that is a `Uint8Array`.
pub struct Bytes(pub Vec<u8>);

impl IntoReturn for Bytes {
    fn into_return(self, _: &Local) -> Result<Return, JsError> {
        Ok(Value::uint8_array(self.0).into())
    }
}

/// A call that is being put together.
pub struct Asking {
    method: &'static str,
    args: Result<Args, JsError>,
}

impl Asking {
    /// Of this method or property.
    pub fn new(method: &'static str) -> Self {
        Self { method, args: Ok(Args::new()) }
    }

    /// One more argument.
    pub fn with<T: Serialize + ?Sized>(self, argument: &T) -> Self {
        let Self { method, args } = self;
        let args = args.and_then(|args| match to_value(argument) {
            Ok(value) => Ok(args.with(value)),
            Err(why) => Err(misfit(method, args.len(), &why)),
        });
        Self { method, args }
    }

    /// One more argument, a `Uint8Array`.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let args = self.args.map(|args| args.with(Value::uint8_array(bytes.to_vec())));
        Self { args, ..self }
    }

    /// All that are left.
    pub fn rest<T: Serialize>(self, arguments: &[T]) -> Self {
        arguments.iter().fold(self, Self::with)
    }

    /// Makes the call.
    pub fn call<T>(self, stub: &RpcStub) -> Promised<T> {
        let promise = match self.args {
            Ok(args) => stub.call(self.method, args),
            Err(why) => RpcPromise::failed(why),
        };
        Promised::called(self.method, promise)
    }

    /// The property, to be read.
    pub fn read<T>(self, stub: &RpcStub) -> Promised<T> {
        Promised::property(self.method, stub.get(self.method))
    }
}

/// What every typed stub is.
#[macro_export]
#[doc(hidden)]
macro_rules! __bowline_interface {
    ($name:ident) => {
        impl $crate::worker::generated::RpcInterface for $name {}

        impl ::std::ops::Deref for $name {
            type Target = $crate::worker::generated::RpcStub;

            fn deref(&self) -> &$crate::worker::generated::RpcStub {
                &self.0
            }
        }

        impl ::std::convert::From<$crate::worker::generated::RpcStub> for $name {
            fn from(stub: $crate::worker::generated::RpcStub) -> Self {
                Self(stub)
            }
        }

        impl ::std::convert::From<$name> for $crate::worker::generated::RpcStub {
            fn from(stub: $name) -> Self {
                stub.0
            }
        }

        impl ::std::convert::From<$name> for $crate::worker::value::Value {
            fn from(stub: $name) -> Self {
                $crate::worker::value::Value::from(stub.0)
            }
        }

        impl ::std::convert::From<&$name> for $crate::worker::value::Value {
            fn from(stub: &$name) -> Self {
                $crate::worker::value::Value::from(&stub.0)
            }
        }

        impl ::std::convert::From<$name> for $crate::worker::generated::Return {
            fn from(stub: $name) -> Self {
                stub.0.into()
            }
        }

        impl ::std::convert::From<&$name> for $crate::worker::generated::Return {
            fn from(stub: &$name) -> Self {
                (&stub.0).into()
            }
        }

        impl $crate::worker::generated::serde::Serialize for $name {
            fn serialize<S: $crate::worker::generated::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                $crate::worker::generated::serde::Serialize::serialize(&self.0, serializer)
            }
        }

        impl<'de> $crate::worker::generated::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::worker::generated::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::worker::generated::serde::Deserialize::deserialize(deserializer).map(Self)
            }
        }
    };
}
