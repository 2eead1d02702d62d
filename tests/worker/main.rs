//! The Workers face.

mod debug_port;
mod describe;
mod golden;
mod hostile;
mod identity;
mod node;
mod oracle;
mod random;
mod resource;
mod rules;
mod rust_types;
mod v8;
