//! Streams and signals.

mod hostile;
mod local;
mod scene;
mod signals;
#[cfg(feature = "tokio")]
mod size;
mod source;
mod wire;
