//! Why a stream did not go on.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::wire::{Exception, ExceptionKind};
use crate::worker::value::{ErrorClass, Value};

/// A stream ended before its end, or may not be used like that. What it says is what a Worker would read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StreamError {
    /// Whoever wrote it is gone and did not say that it was all. Why is not told over RPC.
    Premature,
    /// Whoever read it reads no further, for this reason. Told to whoever writes.
    Cancelled(Value),
    /// Whoever wrote it gave up, for this reason. Told to whoever reads in the same process.
    Aborted(Value),
    /// It was written to, or ended, behind its end.
    Closed,
    /// More bytes were written than its length.
    TooMany,
    /// It was ended before its length.
    TooFew,
    /// It was given away: sent in a value, teed or piped. (Rule 59)
    GivenAway {
        /// `ReadableStream` or `WritableStream`.
        what: &'static str,
    },
    /// A call of it failed.
    Failed(Exception),
    /// What it is made of failed.
    Inner(Arc<dyn Error + Send + Sync>),
    /// More than was asked for: [`ReadableStream::read_all`](super::ReadableStream::read_all).
    TooLarge {
        /// The limit, in bytes.
        max: usize,
    },
}

impl StreamError {
    /// What failed that the stream is made of.
    pub fn inner(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Inner(why.into().into())
    }

    /// The class of the error in JavaScript.
    #[must_use]
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Closed | Self::TooMany | Self::TooFew | Self::GivenAway { .. } => {
                ErrorClass::TypeError
            }
            _ => ErrorClass::Error,
        }
    }

    /// What a writer on the other side of a call gets.
    #[must_use]
    pub fn exception(&self) -> Exception {
        match self {
            Self::Failed(why) => why.clone(),
            Self::Cancelled(_) | Self::Aborted(_) | Self::Premature => {
                Exception::disconnected(format!("jsg.{}: {self}", self.class().name()))
            }
            _ => Exception::failed(format!("jsg.{}: {self}", self.class().name())),
        }
    }

    fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Premature => io::ErrorKind::UnexpectedEof,
            Self::Cancelled(_) | Self::Closed => io::ErrorKind::BrokenPipe,
            Self::Aborted(_) => io::ErrorKind::ConnectionAborted,
            Self::TooMany | Self::TooFew | Self::GivenAway { .. } => io::ErrorKind::InvalidInput,
            Self::Failed(why) if why.kind() == ExceptionKind::Disconnected => {
                io::ErrorKind::ConnectionReset
            }
            Self::Failed(_) | Self::Inner(_) | Self::TooLarge { .. } => io::ErrorKind::Other,
        }
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Premature => {
                f.write_str("ReadableStream received over RPC disconnected prematurely.")
            }
            Self::Cancelled(reason) if reason.is_undefined() => {
                f.write_str("The stream was cancelled by its reader.")
            }
            Self::Cancelled(reason) => {
                write!(f, "The stream was cancelled by its reader: {reason:?}")
            }
            Self::Aborted(reason) if reason.is_undefined() => {
                f.write_str("This WritableStream was aborted.")
            }
            Self::Aborted(reason) => write!(f, "This WritableStream was aborted: {reason:?}"),
            Self::Closed => f.write_str("This WritableStream has been closed."),
            Self::TooMany => {
                f.write_str("Attempt to write too many bytes through a FixedLengthStream.")
            }
            Self::TooFew => {
                f.write_str("FixedLengthStream did not see all expected bytes before close().")
            }
            Self::GivenAway { what: "WritableStream" } => {
                f.write_str("This WritableStream is currently locked to a writer.")
            }
            Self::GivenAway { what } => {
                write!(f, "This {what} is currently locked to a reader.")
            }
            Self::Failed(why) => f.write_str(why.reason()),
            Self::Inner(why) => why.fmt(f),
            Self::TooLarge { max } => write!(f, "The stream is longer than {max} bytes."),
        }
    }
}

impl Error for StreamError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Inner(why) = self { Some(&**why) } else { None }
    }
}

impl From<Exception> for StreamError {
    fn from(why: Exception) -> Self {
        Self::Failed(why)
    }
}

impl From<StreamError> for io::Error {
    fn from(why: StreamError) -> Self {
        match why {
            StreamError::Inner(inner) => match inner.downcast_ref::<Self>() {
                Some(known) => Self::new(known.kind(), StreamError::Inner(inner)),
                None => Self::other(StreamError::Inner(inner)),
            },
            _ => Self::new(why.kind(), why),
        }
    }
}
