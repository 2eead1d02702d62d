//! Streams and signals.

pub(crate) mod calls;
mod hostile;
mod local;
mod scene;
mod signals;
#[cfg(feature = "tokio")]
mod size;
mod source;
mod wire;
