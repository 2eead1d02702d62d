//! A stream is bytes that follow a value once it has arrived, as fast as whoever reads them takes them.
//!
//! [`ReadableStream`] is the end that is read, [`WritableStream`] the end that is written; [`identity`] and
//! [`fixed_length`] make both. Either can be sent in a value, and is then used where the value went.
//!
//! Nothing is held without bound: who writes waits while a window of bytes is not read, however many vats are
//! in between.
//!
//! On the wire a stream is a ByteStream. One to be read there is pushed ahead of the value ([`Outgoing`],
//! [`Pusher`]); one to be written there is in the value itself ([`receive`]).

#[cfg(all(feature = "http", unix))]
mod bare;
mod canceler;
mod drain;
mod encoding;
mod error;
mod external;
mod handover;
mod pipe;
mod pump;
mod push;
mod pusher;
mod readable;
mod reason;
mod received;
mod remote;
mod served;
mod signal;
mod source;
mod tee;
mod traits;
mod trigger;
mod writable;

#[cfg(all(feature = "http", unix))]
pub(super) use bare::{byte_stream, writing_to};
pub use encoding::Encoding;
pub use error::StreamError;
pub(super) use external::{Named, read};
pub use external::{Outgoing, receive};
pub use pump::{fixed_length, identity};
pub use push::Feed;
pub use pusher::Pusher;
pub use readable::ReadableStream;
pub use writable::WritableStream;
