//! Exceptions of the protocol and errors of the `capnp` crate, one as the other.

use crate::wire::{Exception, ExceptionKind};

/// An exception as the `capnp` crate says it.
#[must_use]
pub fn error(exception: &Exception) -> capnp::Error {
    let kind = match exception.kind() {
        ExceptionKind::Overloaded => capnp::ErrorKind::Overloaded,
        ExceptionKind::Disconnected => capnp::ErrorKind::Disconnected,
        ExceptionKind::Unimplemented => capnp::ErrorKind::Unimplemented,
        ExceptionKind::Failed => capnp::ErrorKind::Failed,
    };
    capnp::Error { kind, extra: exception.reason().to_owned() }
}

/// An error of the `capnp` crate as an exception.
#[must_use]
pub fn exception(error: capnp::Error) -> Exception {
    let kind = match error.kind {
        capnp::ErrorKind::Overloaded => ExceptionKind::Overloaded,
        capnp::ErrorKind::Disconnected => ExceptionKind::Disconnected,
        capnp::ErrorKind::Unimplemented => ExceptionKind::Unimplemented,
        capnp::ErrorKind::Failed => return Exception::failed(error.extra),
        _ => return Exception::failed(error.to_string()),
    };
    Exception::new(kind, error.extra)
}
