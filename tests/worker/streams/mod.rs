//! Streams and signals.

pub(crate) mod calls;
mod circles;
mod hostile;
mod local;
pub(crate) mod peer;
mod scene;
mod signals;
#[cfg(feature = "tokio")]
mod size;
pub(crate) mod source;
mod sources;
mod substreams;
mod traits;
#[cfg(feature = "tokio")]
mod undriven;
mod wire;
