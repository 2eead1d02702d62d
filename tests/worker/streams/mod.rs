//! Streams and signals.

mod hostile;
mod local;
mod recorded;
mod scene;
mod signals;
mod size;
mod source;
mod wire;
