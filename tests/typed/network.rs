//! Networks of the user's own: a two-party one whose connections say nothing of a transport inside.

use std::cell::Cell;
use std::rc::Rc;

use bowline::compat::rpc_twoparty_capnp::Side;
use bowline::compat::{Connection, FlowController, IncomingMessage, OutgoingMessage, VatNetwork};
use capnp::any_pointer;
use capnp::capability::Promise;
use capnp::message::{Builder, HeapAllocator};

/// What went over a connection.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) sent: Cell<usize>,
    pub(crate) received: Rc<Cell<usize>>,
    pub(crate) shut_down: Cell<usize>,
}

/// Hands everything on to another network, and counts.
pub(crate) struct Counting<N> {
    pub(crate) inner: N,
    pub(crate) seen: Rc<Seen>,
}

struct Counted<V> {
    inner: Box<dyn Connection<V>>,
    seen: Rc<Seen>,
}

impl<V: 'static, N: VatNetwork<V>> VatNetwork<V> for Counting<N> {
    fn connect(&mut self, host_id: V) -> Option<Box<dyn Connection<V>>> {
        let inner = self.inner.connect(host_id)?;
        Some(Box::new(Counted { inner, seen: Rc::clone(&self.seen) }))
    }

    fn accept(&mut self) -> Promise<Box<dyn Connection<V>>, capnp::Error> {
        let (accepted, seen) = (self.inner.accept(), Rc::clone(&self.seen));
        Promise::from_future(async move {
            Ok(Box::new(Counted { inner: accepted.await?, seen }) as Box<dyn Connection<V>>)
        })
    }

    fn drive_until_shutdown(&mut self) -> Promise<(), capnp::Error> {
        self.inner.drive_until_shutdown()
    }
}

impl<V> Connection<V> for Counted<V> {
    fn get_peer_vat_id(&self) -> V {
        self.inner.get_peer_vat_id()
    }

    fn new_outgoing_message(&mut self, first_segment_word_size: u32) -> Box<dyn OutgoingMessage> {
        self.seen.sent.set(self.seen.sent.get() + 1);
        self.inner.new_outgoing_message(first_segment_word_size)
    }

    fn receive_incoming_message(
        &mut self,
    ) -> Promise<Option<Box<dyn IncomingMessage>>, capnp::Error> {
        let (received, message) =
            (Rc::clone(&self.seen.received), self.inner.receive_incoming_message());
        Promise::from_future(async move {
            let message = message.await?;
            received.set(received.get() + usize::from(message.is_some()));
            Ok(message)
        })
    }

    fn new_stream(&mut self) -> (Box<dyn FlowController>, Promise<(), capnp::Error>) {
        self.inner.new_stream()
    }

    fn shutdown(&mut self, result: capnp::Result<()>) -> Promise<(), capnp::Error> {
        self.seen.shut_down.set(self.seen.shut_down.get() + 1);
        self.inner.shutdown(result)
    }
}

/// A network whose one connection hears nothing and cannot be shut down.
pub(crate) struct Stuck;

struct Dead;

impl VatNetwork<Side> for Stuck {
    fn connect(&mut self, _: Side) -> Option<Box<dyn Connection<Side>>> {
        Some(Box::new(Dead))
    }

    fn accept(&mut self) -> Promise<Box<dyn Connection<Side>>, capnp::Error> {
        Promise::err(capnp::Error::failed("nobody is let in".to_owned()))
    }

    fn drive_until_shutdown(&mut self) -> Promise<(), capnp::Error> {
        Promise::from_future(std::future::pending())
    }
}

impl Connection<Side> for Dead {
    fn get_peer_vat_id(&self) -> Side {
        Side::Server
    }

    fn new_outgoing_message(&mut self, _: u32) -> Box<dyn OutgoingMessage> {
        Box::new(Unsent(Builder::new_default()))
    }

    fn receive_incoming_message(
        &mut self,
    ) -> Promise<Option<Box<dyn IncomingMessage>>, capnp::Error> {
        Promise::from_future(std::future::pending())
    }

    fn shutdown(&mut self, _: capnp::Result<()>) -> Promise<(), capnp::Error> {
        Promise::err(capnp::Error::failed("it is stuck".to_owned()))
    }
}

struct Unsent(Builder<HeapAllocator>);

impl OutgoingMessage for Unsent {
    fn get_body(&mut self) -> capnp::Result<any_pointer::Builder<'_>> {
        self.0.get_root()
    }

    fn get_body_as_reader(&self) -> capnp::Result<any_pointer::Reader<'_>> {
        self.0.get_root_as_reader()
    }

    fn send(self: Box<Self>) -> (Promise<(), capnp::Error>, Rc<Builder<HeapAllocator>>) {
        (Promise::ok(()), Rc::new(self.0))
    }

    fn take(self: Box<Self>) -> Builder<HeapAllocator> {
        self.0
    }

    fn size_in_words(&self) -> usize {
        self.0.size_in_words()
    }
}
