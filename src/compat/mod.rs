//! The public API of the crate `capnp-rpc`, on this engine: a program moves over by changing its import.

mod bytes;
mod client;
mod copying;
mod drive;
mod flow;
mod frames;
mod line;
mod message;
mod network;
mod numbered;
mod outgoing;
mod reconnect;
mod set;
mod system;
pub mod twoparty;

pub use self::client::{new_broken_cap, new_client, new_client_from_rc, new_future_client};
pub use self::message::ImbuedMessageBuilder;
pub use self::network::{Connection, IncomingMessage, VatNetwork};
pub use self::outgoing::{FlowController, OutgoingMessage};
pub use self::reconnect::{SetTarget, auto_reconnect, lazy_auto_reconnect};
pub use self::set::CapabilityServerSet;
pub use self::system::{Disconnector, RpcSystem};
pub use crate::pry;
pub use crate::schema::{rpc_capnp, rpc_twoparty_capnp};

/// `?` for functions that return a [`Promise`](capnp::capability::Promise): an error is returned as a
/// promise that failed.
#[macro_export]
macro_rules! pry {
    ($expr:expr) => {
        match $expr {
            ::std::result::Result::Ok(value) => value,
            ::std::result::Result::Err(error) => {
                return ::capnp::capability::Promise::err(::std::convert::From::from(error));
            }
        }
    };
}
