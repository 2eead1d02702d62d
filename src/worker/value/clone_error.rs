//! Why a value may not be sent, in the words of the runtime.

use std::fmt;

/// A value is not sent: the fault of whoever made it. (C-V8)
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloneError {
    /// It holds something that has no serialized form, such as a promise. (Rule 22)
    Unsupported {
        /// The name of its class in JavaScript.
        type_name: String,
    },
    /// It holds something that can be sent, but not in its present state: a stream that was given away.
    Unready {
        /// Why, as a sentence.
        why: String,
    },
    /// It is nested deeper than [`Limits::depth_max`](super::Limits::depth_max).
    TooDeep {
        /// The limit.
        max: u16,
    },
    /// It is larger than [`Limits::bytes_max`](super::Limits::bytes_max). (Rule 27)
    TooLarge {
        /// Its size, serialized.
        bytes: u64,
        /// The limit.
        max: u64,
    },
}

impl CloneError {
    /// The refusal of an object of class `type_name`. (Rule 22)
    #[must_use]
    pub fn unsupported(type_name: impl Into<String>) -> Self {
        Self::Unsupported { type_name: type_name.into() }
    }

    /// The `name` of the exception in JavaScript.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } | Self::Unready { .. } => "DataCloneError",
            Self::TooDeep { .. } => "RangeError",
            Self::TooLarge { .. } => "Error",
        }
    }
}

impl fmt::Display for CloneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported { type_name } => write!(
                f,
                "Could not serialize object of type \"{type_name}\". This type does not support serialization."
            ),
            Self::Unready { why } => f.write_str(why),
            Self::TooDeep { max } => {
                write!(
                    f,
                    "Serialized RPC arguments or return values are limited to {max} levels of nesting."
                )
            }
            Self::TooLarge { bytes, max } => {
                f.write_str("Serialized RPC arguments or return values are limited to ")?;
                match max % (1 << 20) {
                    0 => write!(f, "{}MiB", max >> 20)?,
                    _ => write!(f, "{max} bytes")?,
                }
                write!(f, ", but the size of this value was: {bytes} bytes.")
            }
        }
    }
}

impl std::error::Error for CloneError {}
