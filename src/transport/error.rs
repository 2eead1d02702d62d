//! A transport error says which rule broke, and whose fault it is.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::peer::Peer;

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
        /// The bytes of its frame.
        bytes: usize,
        /// The bytes allowed ([`Limits`](super::Limits)).
        limit: usize,
    },
    /// A message cannot be put into a frame. It is dropped; the connection goes on.
    Unencodable(String),
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
    #[cfg(all(feature = "tokio", unix))]
    pub(super) fn at(doing: &'static str, address: &impl fmt::Display, source: io::Error) -> Self {
        Self::io(doing, &Peer::Named(address.to_string()), source)
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Oversized { .. } | Self::Unencodable(_) | Self::Closed => Fault::Us,
            Self::BadAddress { .. } => Fault::Us,
            Self::PeerGone(_) | Self::Io { .. } => Fault::Way,
        }
    }

    /// Whether the connection goes on: the error concerns one message alone.
    #[must_use]
    pub const fn is_message_alone(&self) -> bool {
        matches!(self, Self::Oversized { .. } | Self::Unencodable(_))
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oversized { bytes, limit } => {
                write!(f, "a message of {bytes} bytes is over the limit of {limit} bytes")
            }
            Self::Unencodable(why) => write!(f, "a message cannot be sent: {why}"),
            Self::Closed => f.write_str("the connection was closed on this side"),
            Self::PeerGone(peer) => write!(f, "{peer} is gone"),
            Self::BadAddress { address, why } => write!(f, "bad address `{address}`: {why}"),
            Self::Io { doing, peer, source } => write!(f, "{doing} {peer} failed: {source}"),
        }
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(&**source),
            _ => None,
        }
    }
}
