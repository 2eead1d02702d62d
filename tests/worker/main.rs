//! The Workers face.

mod calls;
#[cfg(feature = "wrangler")]
mod config;
mod describe;
mod directory;
mod disposal;
mod expression;
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
mod support;
mod v8;
