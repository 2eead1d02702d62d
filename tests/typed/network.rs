//! Networks of the user's own: a two-party one whose connections say nothing of a transport inside.

use std::cell::Cell;
use std::rc::Rc;

use bowline::compat::{Connection, FlowController, IncomingMessage, OutgoingMessage, VatNetwork};
use capnp::capability::Promise;

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
