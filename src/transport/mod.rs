//! A transport carries messages to one peer and back, in order, and never waits for anything itself.
//!
//! Floor 2'. Everything is polled by its owner; see [`Transport`] for the contract. In-process links
//! ([`same_thread`], [`two_thread`]) move messages as they are.

mod contract;
mod error;
mod link;
mod peer;
mod same_thread;
mod two_thread;

pub use contract::Transport;
pub use error::{Fault, TransportError};
pub use peer::Peer;
pub use same_thread::{SameThread, same_thread};
pub use two_thread::{TwoThread, two_thread};
