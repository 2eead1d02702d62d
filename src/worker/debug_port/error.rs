//! Why props cannot be sent, or not be read.

use std::fmt;

use crate::worker::value::{CloneError, DecodeError};

/// Props are data: an object of what needs nothing of the process it is from.
#[derive(Debug)]
#[non_exhaustive]
pub enum PropsError {
    /// They cannot be serialized.
    Clone(CloneError),
    /// They contain stubs or streams, which do not outlive a call.
    NotData,
    /// Their bytes are no value.
    Decode(DecodeError),
    /// Their text is no JSON.
    Json(String),
    /// They are no object, and have properties all the same.
    NotAnObject,
    /// They contain a capability of the peer's runtime, which nobody else can use.
    Capability,
    /// Their message cannot be read.
    Malformed(capnp::Error),
}

impl fmt::Display for PropsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clone(why) => write!(f, "props cannot be sent: {why}"),
            Self::NotData => f.write_str("props cannot be sent: they contain stubs or streams"),
            Self::Decode(why) => write!(f, "props cannot be read: {why}"),
            Self::Json(why) => write!(f, "props cannot be read: {why}"),
            Self::NotAnObject => {
                f.write_str("props cannot be read: properties of what is no object")
            }
            Self::Capability => {
                f.write_str("props cannot be read: they contain a capability of another runtime")
            }
            Self::Malformed(why) => write!(f, "props cannot be read: {why}"),
        }
    }
}

impl std::error::Error for PropsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Clone(why) => Some(why),
            Self::Decode(why) => Some(why),
            Self::Malformed(why) => Some(why),
            _ => None,
        }
    }
}

impl From<capnp::Error> for PropsError {
    fn from(why: capnp::Error) -> Self {
        Self::Malformed(why)
    }
}

impl From<capnp::NotInSchema> for PropsError {
    fn from(why: capnp::NotInSchema) -> Self {
        Self::Malformed(why.into())
    }
}
