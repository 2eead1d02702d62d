//! How a frame fails to be a message.

use std::fmt;

/// How a frame fails to be a message. Always the peer's fault, and the end of the connection. (C-F5)
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DecodeError {
    /// Segment 0 has no root pointer.
    Empty,
    /// The envelope is malformed or passes [`Limits::read`](crate::wire::Limits::read).
    Malformed(capnp::Error),
    /// A cap table is longer than [`Limits::caps_max`](crate::wire::Limits::caps_max).
    TooManyCaps(u32),
    /// A path has more operations than [`Limits::path_fields_max`](crate::wire::Limits::path_fields_max).
    PathTooLong(u32),
    /// An exception has more details than [`Limits::details_max`](crate::wire::Limits::details_max).
    TooManyDetails(u32),
}

/// Two are the same if they say the same.
impl PartialEq for DecodeError {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Empty, Self::Empty) => true,
            (Self::Malformed(one), Self::Malformed(other)) => {
                one.kind == other.kind && one.extra == other.extra
            }
            (Self::TooManyCaps(one), Self::TooManyCaps(other))
            | (Self::PathTooLong(one), Self::PathTooLong(other))
            | (Self::TooManyDetails(one), Self::TooManyDetails(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for DecodeError {}

impl From<capnp::Error> for DecodeError {
    fn from(error: capnp::Error) -> Self {
        Self::Malformed(error)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the peer sent an empty message"),
            Self::Malformed(error) => write!(f, "the peer sent a malformed message: {error}"),
            Self::TooManyCaps(count) => {
                write!(f, "the peer sent a cap table of {count}, over the limit")
            }
            Self::PathTooLong(count) => {
                write!(f, "the peer sent a path of {count} operations, over the limit")
            }
            Self::TooManyDetails(count) => {
                write!(f, "the peer sent an exception with {count} details, over the limit")
            }
        }
    }
}

impl std::error::Error for DecodeError {}
