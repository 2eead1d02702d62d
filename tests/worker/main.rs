//! The Workers face.

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "shared with the object API's tests")]
mod support;

mod calls;
mod cast;
mod debug_port;
mod describe;
mod disposal;
mod golden;
mod hostile;
mod identity;
mod inspect;
mod node;
mod oracle;
mod random;
mod resource;
mod rules;
mod rust_types;
mod sessions;
mod streams;
mod v8;
