//! bowline: objects on one side call objects on the other, before the answers to earlier calls have
//! come back, and what is given out is given back.
#![forbid(unsafe_code)]

pub mod conn;
pub mod schema;
pub mod transport;
pub mod wire;
