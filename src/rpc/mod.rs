//! The object API: clients call targets, and promises lead to what will be in their replies.
//!
//! Floor 5. A [`Client`] is the address of a [`Target`]; a [`Request`] is built on it and sent; the
//! [`Promise`] it leaves gives the [`Reply`], and before that the way to the capabilities in it.

mod bridge;
mod caps;
mod client;
mod connect;
mod error;
mod hook;
mod message;
mod promise;
mod request;
mod target;

pub use client::{Client, Resolver};
pub use connect::Link;
pub use error::{error, exception};
pub use message::Reply;
pub use promise::{Pipeline, Promise};
pub use request::Request;
pub use target::{Call, Response, Target, host};
