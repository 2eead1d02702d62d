//! A transport carries messages to one peer and back, in order, and never waits for anything itself.
//!
//! Floor 2'. Everything is polled by its owner; see [`Transport`] for the contract. In-process links
//! ([`same_thread`], [`two_thread`]) move messages as they are. Everything else is a [`ByteStream`]:
//! memory pipes, pipes of the operating system, child processes and sockets.

mod address;
mod bytes;
#[cfg(all(feature = "tokio", unix))]
mod child;
mod contract;
mod error;
mod framed;
pub mod http;
mod link;
mod memory;
mod outgoing;
mod peer;
#[cfg(all(feature = "tokio", unix))]
mod pipe;
mod reader;
mod same_thread;
#[cfg(all(feature = "tokio", unix))]
mod seats;
mod share;
#[cfg(all(feature = "tokio", unix))]
mod socket;
#[cfg(feature = "tokio")]
mod tokio;
mod trickle;
mod two_thread;
#[cfg(all(feature = "tokio", unix))]
mod unix;

pub use self::address::Address;
pub use self::bytes::ByteStream;
#[cfg(all(feature = "tokio", unix))]
pub use self::child::Child;
pub use self::contract::Transport;
pub use self::error::{Fault, TransportError};
pub use self::framed::{Framed, FramedLimits};
pub use self::memory::{MemoryPipe, MemoryPipeSync, memory_pipe, memory_pipe_sync};
pub use self::peer::Peer;
#[cfg(all(feature = "tokio", unix))]
pub use self::pipe::{OsPipe, os_pipe, stdio};
pub use self::same_thread::{SameThread, same_thread};
#[cfg(all(feature = "tokio", unix))]
pub use self::socket::{Listener, Socket};
#[cfg(feature = "tokio")]
pub use self::tokio::{Joined, Tokio};
pub use self::trickle::Trickle;
pub use self::two_thread::{TwoThread, two_thread};
