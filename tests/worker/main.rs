//! The Workers face.

mod calls;
mod describe;
mod disposal;
mod golden;
mod hostile;
mod hygiene;
mod identity;
mod inspect;
mod macros;
mod node;
mod oracle;
mod random;
mod resource;
mod rules;
mod rust_types;
mod support;
mod v8;
