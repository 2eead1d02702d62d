//! How bytes fail to be a value.

use std::fmt;

/// The bytes a peer sent are no value. Always the fault of who wrote them. (C-V5)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Where reading stopped, in bytes.
    pub at: usize,
    /// The rule that is broken.
    pub broken: Broken,
}

/// What reading gives. Errors are rare, so they are kept small, and what is read stays in registers.
pub(super) type Read<T> = Result<T, Box<Broken>>;

/// A rule of the format, or a limit, that bytes break.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Broken {
    /// There is no header, or a version we do not read. (C-V4)
    Version {
        /// As the header says; none if there is no header.
        version: Option<u32>,
    },
    /// The bytes end within a value.
    Truncated,
    /// Bytes follow the value.
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A tag that is none, or stands where it may not.
    Tag {
        /// The tag.
        tag: u8,
    },
    /// A tag for what does not travel between Workers: shared memory, transferred buffers, WebAssembly.
    Unsupported {
        /// The tag.
        tag: u8,
    },
    /// A number of too many bits.
    Varint,
    /// A reference back to an object that has not come.
    Reference {
        /// The number of the object.
        id: u32,
        /// How many had come.
        known: u32,
    },
    /// The end of an object tells another number of entries or items than there were.
    Count {
        /// As told.
        told: u32,
        /// As counted.
        counted: u32,
    },
    /// A property's key that is no string and no array index, or comes twice.
    Key,
    /// A zero below zero.
    BigInt,
    /// A string of UTF-16 with half a unit, or longer than JavaScript has them.
    Text,
    /// Flags JavaScript does not have, or a wrapper of no primitive.
    RegExp,
    /// An ArrayBuffer larger than its own maximum.
    Buffer,
    /// A view beyond its buffer, not on whole items, of an unknown kind, or longer than it says.
    View,
    /// An error without a message, or with an unknown part.
    Error,
    /// An object of the runtime whose parts are not what they should be.
    Host {
        /// Its number.
        tag: u32,
    },
    /// An object of the runtime with a number we do not know.
    HostTag {
        /// The number.
        tag: u32,
    },
    /// There is no external left for an object that needs one, or it is one of another kind.
    External {
        /// The number of the object's class.
        tag: u32,
    },
    /// Externals were sent that nothing refers to.
    UnusedExternals {
        /// How many.
        count: usize,
    },
    /// More bytes than [`Limits::bytes_max`](super::Limits::bytes_max).
    TooLarge {
        /// As many.
        bytes: u64,
    },
    /// Objects nested deeper than [`Limits::depth_max`](super::Limits::depth_max).
    TooDeep {
        /// The limit.
        max: u16,
    },
    /// The value would take more memory than [`Limits::memory_max`](super::Limits::memory_max).
    TooMuchMemory {
        /// The limit.
        max: u64,
    },
}

impl DecodeError {
    /// What JavaScript's runtime says of it; ours has more to say when it is displayed.
    #[must_use]
    pub const fn rule_text(&self) -> &'static str {
        match self.broken {
            Broken::Version { .. } => {
                "Unable to deserialize cloned data due to invalid or unsupported version."
            }
            Broken::UnusedExternals { .. } => {
                "deserialization did not consume all of the externals"
            }
            Broken::External { .. } => "external table slot type doesn't match serialization tag",
            _ => "Unable to deserialize cloned data.",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { version: Some(version) } => {
                write!(f, "the format has version {version}, and 13 to 16 are read")
            }
            Self::Version { version: None } => f.write_str("there is no header"),
            Self::Truncated => f.write_str("the bytes end within a value"),
            Self::TrailingBytes { count } => write!(f, "{count} bytes follow the value"),
            Self::Tag { tag } => write!(f, "the tag {:?} may not stand here", char::from(*tag)),
            Self::Unsupported { tag } => {
                write!(f, "what the tag {:?} stands for does not travel", char::from(*tag))
            }
            Self::Varint => f.write_str("a number has too many bits"),
            Self::Reference { id, known } => {
                write!(f, "a reference to object {id}, when {known} had come")
            }
            Self::Count { told, counted } => {
                write!(f, "an object is said to have {told} entries, and has {counted}")
            }
            Self::Key => f.write_str("a key is no string and no array index, or comes twice"),
            Self::BigInt => f.write_str("a zero below zero"),
            Self::Text => f.write_str("a string has half a unit, or is too long"),
            Self::RegExp => f.write_str("flags JavaScript does not have"),
            Self::Buffer => f.write_str("a buffer is larger than its own maximum"),
            Self::View => f.write_str("a view does not fit its buffer"),
            Self::Error => f.write_str("an error has no message, or an unknown part"),
            Self::Host { tag } => write!(f, "the parts of host object {tag} are not its parts"),
            Self::HostTag { tag } => write!(f, "host object {tag} is unknown"),
            Self::External { tag } => {
                write!(f, "host object {tag} has no external, or one of another kind")
            }
            Self::UnusedExternals { count } => write!(f, "nothing refers to {count} externals"),
            Self::TooLarge { bytes } => write!(f, "{bytes} bytes are over the limit"),
            Self::TooDeep { max } => write!(f, "objects are nested deeper than {max}"),
            Self::TooMuchMemory { max } => {
                write!(f, "it would take more than {max} bytes of memory")
            }
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the peer sent bytes that are no value: {}, at byte {}", self.broken, self.at)
    }
}

impl std::error::Error for DecodeError {}
