//! A transport error says which rule broke, and whose fault it is.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::http::{ConnectHost, HeadError};
use super::peer::Peer;
use crate::wire::{DecodeError, FrameError};

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Ours: something was asked of the transport that it does not do.
    Us,
    /// The peer's: it broke the rules of the stream.
    Peer,
    /// Nobody's: the way between us is lost.
    Way,
}

/// Why a transport cannot do what was asked.
///
/// Clones are cheap: a failed transport repeats its error.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TransportError {
    /// A message is larger than we allow ourselves to send. It is dropped; the connection goes on.
    Oversized {
        /// The words of its segments.
        words: usize,
        /// The words allowed: `FramedLimits::outgoing_words_max`.
        limit: usize,
    },
    /// Our direction was closed before.
    Closed,
    /// The peer's end is gone, with messages still on their way to it.
    PeerGone(Peer),
    /// The text is not an address.
    BadAddress {
        /// The text.
        address: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The peer's bytes are no frames.
    Frame {
        /// The peer.
        peer: Peer,
        /// The rule it broke.
        error: FrameError,
    },
    /// The peer's frame is no message.
    Message {
        /// The peer.
        peer: Peer,
        /// The rule it broke.
        error: DecodeError,
    },
    /// The peer's bytes are no HTTP head that we take.
    Head {
        /// The peer.
        peer: Peer,
        /// The rule it broke.
        error: HeadError,
    },
    /// The peer speaks HTTP and does not grant a CONNECT.
    Refused {
        /// The peer.
        peer: Peer,
        /// The host that was asked for.
        host: ConnectHost,
        /// The status of its answer.
        status: u16,
        /// What it says to that.
        reason: String,
    },
    /// The operating system refused.
    Io {
        /// What was being done, as in `reading from`.
        doing: &'static str,
        /// With whom.
        peer: Peer,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
}

impl TransportError {
    pub(super) fn io(doing: &'static str, peer: &Peer, source: io::Error) -> Self {
        Self::Io { doing, peer: peer.clone(), source: Arc::new(source) }
    }

    #[cfg(all(feature = "tokio", unix))]
    pub(super) fn at(doing: &'static str, address: &impl fmt::Display, source: io::Error) -> Self {
        Self::io(doing, &Peer::Named(address.to_string()), source)
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Oversized { .. } | Self::Closed => Fault::Us,
            Self::BadAddress { .. } => Fault::Us,
            Self::Frame { .. } | Self::Message { .. } | Self::Head { .. } => Fault::Peer,
            Self::Refused { .. } => Fault::Us,
            Self::PeerGone(_) | Self::Io { .. } => Fault::Way,
        }
    }

    /// Whether the same may succeed a moment later, with nothing changed here: the system is out of file
    /// descriptors or of memory, which others give back.
    #[must_use]
    pub fn is_shortage(&self) -> bool {
        // ENOMEM, ENFILE, EMFILE; ENOBUFS on Linux and elsewhere.
        const SHORT: [i32; 5] = [12, 23, 24, 105, 55];
        let Self::Io { source, .. } = self else { return false };
        source.raw_os_error().is_some_and(|code| SHORT.contains(&code))
    }

    /// Whether the connection goes on: the error concerns one message alone.
    #[must_use]
    pub const fn is_message_alone(&self) -> bool {
        matches!(self, Self::Oversized { .. })
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oversized { words, limit } => {
                let (bytes, most) = (words * 8, limit * 8);
                write!(f, "a message of {bytes} bytes is over the limit of {most} bytes")
            }
            Self::Closed => f.write_str("the connection was closed on this side"),
            Self::PeerGone(peer) => write!(f, "{peer} is gone"),
            Self::BadAddress { address, why } => {
                write!(f, "bad address `{}`: {why}", address.escape_debug())
            }
            Self::Frame { peer, error } => write!(f, "{peer}: {error}"),
            Self::Message { peer, error } => write!(f, "{peer}: {error}"),
            Self::Head { peer, error } => write!(f, "{peer}: {error}"),
            Self::Refused { peer, host, status, reason } => {
                write!(f, "{peer} refused CONNECT {host}: {status} {reason}")
            }
            Self::Io { doing, peer, source } => write!(f, "{doing} {peer} failed: {source}"),
        }
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(&**source),
            Self::Frame { error, .. } => Some(error),
            Self::Message { error, .. } => Some(error),
            Self::Head { error, .. } => Some(error),
            _ => None,
        }
    }
}
