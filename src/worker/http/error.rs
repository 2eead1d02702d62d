//! Why a body ended before its end.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::worker::error::JsError;
use crate::worker::stream::StreamError;

/// Why there is no more of a body, though it is not complete. Cheap to clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BodyError {
    /// Whoever wrote it stopped without saying that it is complete.
    CutOff,
    /// It has more bytes than were asked for.
    TooLong {
        /// The bytes asked for.
        limit: usize,
    },
    /// Its bytes are no UTF-8, and a text was asked for.
    NotText,
    /// Whoever makes it failed, or the connection it comes over.
    Source(Arc<dyn Error + Send + Sync>),
}

impl BodyError {
    /// An error of whoever makes the body.
    #[must_use]
    pub fn of(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Source(Arc::from(error.into()))
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff => f.write_str("the body was cut off before its end"),
            Self::TooLong { limit } => write!(f, "the body has more than {limit} bytes"),
            Self::NotText => f.write_str("the body is no UTF-8"),
            Self::Source(why) => write!(f, "the body failed: {why}"),
        }
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Source(why) => Some(&**why),
            _ => None,
        }
    }
}

impl From<BodyError> for JsError {
    /// An `Error`; but what was an error of JavaScript stays the one it was.
    fn from(why: BodyError) -> Self {
        if let BodyError::Source(why) = &why {
            if let Some(thrown) = why.downcast_ref::<Self>() {
                return thrown.clone();
            }
            if let Some(why) = why.downcast_ref::<StreamError>() {
                return why.clone().into();
            }
        }
        Self::error(why.to_string())
    }
}
