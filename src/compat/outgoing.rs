//! A message on its way out, and what decides when a stream's next may follow.

use std::rc::Rc;

use capnp::any_pointer;
use capnp::capability::Promise;
use capnp::message::{Builder, HeapAllocator};

/// A message to be sent on a [`Connection`](super::Connection).
pub trait OutgoingMessage {
    /// The body, to be filled.
    ///
    /// # Errors
    ///
    /// Those of the `capnp` crate.
    fn get_body(&mut self) -> capnp::Result<any_pointer::Builder<'_>>;

    /// The body as it stands.
    ///
    /// # Errors
    ///
    /// Those of the `capnp` crate.
    fn get_body_as_reader(&self) -> capnp::Result<any_pointer::Reader<'_>>;

    /// Queues the message behind those sent before. The promise is ready once it was written;
    /// dropping it takes nothing back.
    fn send(self: Box<Self>) -> (Promise<(), capnp::Error>, Rc<Builder<HeapAllocator>>);

    /// Takes the message back out.
    fn take(self: Box<Self>) -> Builder<HeapAllocator>;

    /// Words of all segments, for flow control.
    fn size_in_words(&self) -> usize;
}

/// Limits how much one stream has under way.
pub trait FlowController {
    /// Sends a message of the stream at once. `ack` is ready when the peer has taken it; the promise
    /// returned, when the next may be sent.
    fn send(
        &mut self,
        message: Box<dyn OutgoingMessage>,
        ack: Promise<(), capnp::Error>,
    ) -> Promise<(), capnp::Error>;

    /// Ready when every message of the stream was acknowledged.
    fn wait_all_acked(&mut self) -> Promise<(), capnp::Error>;
}
