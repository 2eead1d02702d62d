//! A probe is a peer written by hand: it says whatever it is told to, true or false, and shows what comes back.
//!
//! [`Peer`] is the bare peer, over any stream of bytes; [`say`] has short ways to make what it says. With
//! the feature `tokio`, [`Probe`] walks the clauses of `SPEC.md` against any server of Cap'n Proto RPC.

mod peer;
pub mod say;
#[cfg(feature = "tokio")]
mod verdict;

#[cfg(feature = "tokio")]
mod clauses;
#[cfg(feature = "tokio")]
mod scene;
#[cfg(feature = "tokio")]
mod through;
#[cfg(feature = "tokio")]
mod walk;

pub use peer::{Heard, Peer};
#[cfg(feature = "tokio")]
pub use scene::Method;
#[cfg(feature = "tokio")]
pub use verdict::Verdict;
#[cfg(feature = "tokio")]
pub use walk::{Line, Options, Probe, clauses};
