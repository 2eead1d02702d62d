//! A head error says which rule of HTTP a head broke.

use std::fmt;

/// Why bytes are no head of an HTTP/1 message that we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadError {
    /// It does not end within [`HeadLimits::bytes_max`](super::HeadLimits::bytes_max).
    TooLong {
        /// The bytes allowed.
        limit: usize,
    },
    /// It has more lines than [`HeadLimits::lines_max`](super::HeadLimits::lines_max).
    TooManyLines {
        /// The lines allowed.
        limit: usize,
    },
    /// A line ends in a line feed with no carriage return before it.
    BareLineFeed,
    /// A carriage return stands within a line.
    BareCarriageReturn,
    /// A byte that no line may contain: a control character.
    ControlByte(u8),
    /// The first line of a request is not `METHOD TARGET VERSION`.
    NotARequest,
    /// The first line of a response is not `VERSION STATUS REASON`.
    NotAResponse,
    /// The version is neither `HTTP/1.0` nor `HTTP/1.1`.
    WrongVersion,
    /// The stream ended within the head.
    Truncated,
}

impl HeadError {
    /// The status of the response that says so.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Self::TooLong { .. } | Self::TooManyLines { .. } => {
                "431 Request Header Fields Too Large"
            }
            Self::WrongVersion => "505 HTTP Version Not Supported",
            _ => "400 Bad Request",
        }
    }
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { limit } => {
                write!(f, "the HTTP head is over the limit of {limit} bytes")
            }
            Self::TooManyLines { limit } => {
                write!(f, "the HTTP head is over the limit of {limit} lines")
            }
            Self::BareLineFeed => f.write_str("a line of the HTTP head ends in a bare line feed"),
            Self::BareCarriageReturn => {
                f.write_str("a line of the HTTP head contains a bare carriage return")
            }
            Self::ControlByte(byte) => {
                write!(f, "expected an HTTP head, which contains no byte {byte:#04x}")
            }
            Self::NotARequest => f.write_str("the HTTP head does not begin with a request line"),
            Self::NotAResponse => f.write_str("the HTTP head does not begin with a status line"),
            Self::WrongVersion => f.write_str("the HTTP version is neither 1.0 nor 1.1"),
            Self::Truncated => f.write_str("the stream ended within the HTTP head"),
        }
    }
}

impl std::error::Error for HeadError {}
