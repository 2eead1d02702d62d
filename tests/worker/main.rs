//! The Workers face.

mod describe;
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
mod v8;
