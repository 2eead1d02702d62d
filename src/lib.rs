//! bowline: objects on one side call objects on the other, before the answers to earlier calls have
//! come back, and what is given out is given back.
#![forbid(unsafe_code)]

pub mod conn;
pub mod rpc;
pub mod runtime;
pub mod transport;
pub mod vat;
pub mod wire;
