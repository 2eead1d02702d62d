//! A message is one thing a peer says: its envelope, and the content it carries.
//!
//! The messages of `rpc.capnp` as data, read from frames and written to bytes.

mod arrive;
mod data;
mod decode;
mod describe;
mod descriptor;
mod encode;
mod error;
mod plain;
mod summary;
mod template;

pub(crate) use arrive::ArrivalError;
pub use data::{
    Bootstrap, Call, CapDescriptor, Context, Disembargo, Finish, Foreign, Message, MessageTarget,
    Outcome, Payload, PromisedAnswer, Release, Resolution, Resolve, Return, SendResultsTo,
};
pub use describe::Description;
pub use encode::Encoded;
pub use error::DecodeError;
