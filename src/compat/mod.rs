//! The public API of the crate `capnp-rpc`, on this engine: a program moves over by changing its import.
//!
//! ```
//! use bowline::compat as capnp_rpc;
//! # let _: fn(capnp::Error) -> capnp::capability::Client = capnp_rpc::new_broken_cap;
//! ```
//!
//! in place of the dependency of that name, in each module that names it (or `use crate::capnp_rpc` there), is
//! all there is to it. Objects live in one vat of their
//! thread, [`rpc::ambient`](crate::rpc::ambient()), which every [`RpcSystem`] of the thread drives while
//! it is polled, and which the promises that are polled drive where there is none.
//!
//! # What corresponds to what
//!
//! | `capnp-rpc` 0.27.3 | here | what differs |
//! |---|---|---|
//! | `new_client`, `new_client_from_rc` | the same | calls arrive in the order they were made, polled or not; an object whose last client is dropped goes with the next turn of the vat, not inside of that drop |
//! | `new_broken_cap` | the same | |
//! | `new_future_client` | the same | the future runs without being asked for, and to its end |
//! | `CapabilityServerSet::{new, new_client, new_client_from_rc, get_local_server, get_local_server_of_resolved, gc}`, `Default` | the same | finds a server through promises, and after a peer sent it back |
//! | `auto_reconnect`, `lazy_auto_reconnect`, `SetTarget::{add_ref, set_target}`, `Clone` | the same | streaming calls work; a tail call is made as a call; `connect` may use the client it connects |
//! | `RpcSystem::{new, bootstrap, get_disconnector}`, `Future` | the same | errors of accepting are its outcome, nothing is printed; a later `accept` and `connect` get a new connection once the one before has ended |
//! | `Disconnector`, `Future` | the same | `Disconnector::new` takes a private type there and is not here: ask `get_disconnector` |
//! | `VatNetwork::{connect, accept, drive_until_shutdown}` | the same | |
//! | `Connection::{get_peer_vat_id, new_outgoing_message, receive_incoming_message, new_stream, shutdown}` | the same | foreign connections work by copying; a message that names one capability pointer twice cannot be copied and ends the connection; streams keep the engine's own window, and `new_stream` is for those who call it themselves |
//! | `OutgoingMessage::{get_body, get_body_as_reader, send, take, size_in_words}` | the same | |
//! | `IncomingMessage::get_body` | the same | |
//! | `FlowController::{send, wait_all_acked}` | the same | |
//! | `twoparty::VatNetwork::{new, set_window_size}`, `VatNetwork` | the same | connecting after a disconnect gives broken clients, no panic; many messages leave in one write, so buffers of the caller's own gain nothing |
//! | `twoparty::VatId` | the same | `get_peer_vat_id` says the other side, not ours |
//! | `ImbuedMessageBuilder::{new, get_root, set_root}` | the same | |
//! | errors of the far side | the same | `bad parameter`, where it says `remote exception: bad parameter` |
//! | errors of the engine | the same kinds | their texts are our own: `called a null capability`, where it says `Pipeline call on a request that returned no capabilities` |
//! | `pry!` | the same | |
//! | `rpc_capnp`, `rpc_twoparty_capnp` | the same | from our own text of the contract, with what C++ has added since (`ThirdPartyAnswer`). What is only for three vats has today's names: `await_from_third_party` for `accept_from_third_party`, `third_party_completion`, `third_party_to_await` and `third_party_to_contact` for `provision_id`, `recipient_id` and `third_party_cap_id`, and bytes for `Accept.embargo` |
//!
//! And of what it hands to the `capnp` crate: `ResultsHook::{tail_call, direct_tail_call,
//! allow_cancellation}`, `RequestHook::{tail_send, send_streaming}` do what they say or say that they
//! cannot, and none panics. A hook of another engine, a capability of `capnp-rpc` itself included, may be
//! passed and called.
//!
//! A promise that is polled drives the vat as far as it goes. Where both ends of a connection are on one
//! thread, a call and its return may so be over within one poll, before the executor has come to another task,
//! such as one that was about to drop the far system.
//!
//! # Habits that are kept
//!
//! - Nothing is delivered inside of `send`.
//! - A cancelled call is finished with `requireEarlyCancellationWorkaround`.
//! - A capability in the results of a call is known for what it is when the call returns, though its
//!   promise was dropped: `onlyPromisePipeline` is not used.
//! - A stream has a window of 64 KiB, or what `set_window_size` says.
//! - Objects and clients stay on their thread; [`rpc::Handle`](crate::rpc::Handle) takes a client to others.

mod bytes;
mod carried;
mod client;
mod copying;
mod drive;
mod flow;
mod frames;
mod line;
mod message;
mod network;
mod numbered;
mod reconnect;
mod set;
mod system;
pub mod twoparty;

pub use self::carried::{FlowController, IncomingMessage, OutgoingMessage};
pub use self::client::{new_broken_cap, new_client, new_client_from_rc, new_future_client};
pub use self::message::ImbuedMessageBuilder;
pub use self::network::{Connection, VatNetwork};
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
