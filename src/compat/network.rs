//! Networks: how vats reach each other, as `capnp-rpc` says it.

use capnp::any_pointer;
use capnp::capability::Promise;

use crate::transport::Transport;

use super::flow::FixedWindow;
use super::outgoing::{FlowController, OutgoingMessage};

/// A message that came over a [`Connection`].
pub trait IncomingMessage {
    /// The body.
    ///
    /// # Errors
    ///
    /// Those of the `capnp` crate.
    fn get_body(&self) -> capnp::Result<any_pointer::Reader<'_>>;
}

/// A two-way connection with one peer.
pub trait Connection<VatId> {
    /// Who the peer is, as far as the network vouches for it.
    fn get_peer_vat_id(&self) -> VatId;

    /// A new message. `first_segment_word_size` is a hint; 0 leaves the size to the connection.
    fn new_outgoing_message(&mut self, first_segment_word_size: u32) -> Box<dyn OutgoingMessage>;

    /// The next message; `None` when the peer ended the stream in good order.
    fn receive_incoming_message(
        &mut self,
    ) -> Promise<Option<Box<dyn IncomingMessage>>, capnp::Error>;

    /// What limits how much a new stream has under way, and a promise to be polled beside it.
    fn new_stream(&mut self) -> (Box<dyn FlowController>, Promise<(), capnp::Error>) {
        FixedWindow::begin(FixedWindow::DEFAULT_BYTES)
    }

    /// Writes what was sent, and ends our direction. `result` says why the connection is over.
    fn shutdown(&mut self, result: capnp::Result<()>) -> Promise<(), capnp::Error>;

    /// The connection as a transport of this crate, where it has one inside: its messages then need
    /// no copy. Whoever has none leaves this as it is.
    #[doc(hidden)]
    fn native(&mut self) -> Option<Box<dyn Transport>> {
        None
    }
}

/// How a vat connects to others.
pub trait VatNetwork<VatId> {
    /// Connects to `host_id`; `None` if that is this vat itself.
    fn connect(&mut self, host_id: VatId) -> Option<Box<dyn Connection<VatId>>>;

    /// The next peer that connects to us.
    fn accept(&mut self) -> Promise<Box<dyn Connection<VatId>>, capnp::Error>;

    /// To be polled for as long as the network is used; ready when it has shut down.
    fn drive_until_shutdown(&mut self) -> Promise<(), capnp::Error>;
}
