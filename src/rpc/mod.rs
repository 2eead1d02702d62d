//! The object API: clients call targets, and promises lead to what will be in their replies.
//!
//! Floor 5. A [`Client`] is the address of a [`Target`]; a [`Request`] is built on it and sent; the
//! [`Promise`] it leaves gives the [`Reply`], and before that the way to the capabilities in it.

mod ambient;
mod bootstrap;
mod bridge;
mod callee;
mod cap_cell;
mod caps;
mod client;
mod connect;
mod cyclic;
mod deadline;
mod error;
mod foreign;
mod handle;
mod hook;
mod identity;
mod lapse;
#[cfg(all(feature = "tokio", unix))]
mod listen;
mod membrane;
mod message;
mod near;
#[cfg(feature = "worker")]
mod offer;
mod promise;
mod raw;
mod received;
mod reconnect;
mod relay;
mod reply;
mod request;
mod resolver;
mod revocable;
mod send;
mod serve;
mod server_set;
mod shut_down;
mod stream;
mod target;
mod vigil;

pub use ambient::ambient;
#[cfg(feature = "worker")]
#[cfg(feature = "worker")]
#[cfg(feature = "worker")]
pub(crate) use caps::{clients, lend, payload};
pub use client::Client;
pub use connect::Link;
pub use cyclic::{This, serve_cyclic};
pub use deadline::Deadline;
pub use error::{error, exception};
pub use handle::{Handle, TypedPromise, TypedReply};
pub use identity::WeakClient;
pub use lapse::Lapse;
#[cfg(all(feature = "tokio", unix))]
pub use listen::listen;
pub use membrane::{Crossing, Direction, Membrane, Passage, Policy, Revocation, Verdict};
#[cfg(feature = "worker")]
pub(crate) use offer::{Offer, Offered};
#[cfg(feature = "worker")]
pub(crate) use promise::on;
pub use promise::{Pipeline, Promise};
pub use reconnect::{Reconnector, connecting_lazily, reconnecting};
pub use relay::{Relay, RelayEnd};
pub use reply::Reply;
pub use request::Request;
pub use resolver::Resolver;
pub use revocable::{Revoker, host_revocable, serve_revocable};
pub use serve::{serve, serve_shared};
pub use server_set::ServerSet;
pub use shut_down::{ShutDown, shut_down};
pub use stream::Written;
pub use target::{Call, Response, Target, host};
