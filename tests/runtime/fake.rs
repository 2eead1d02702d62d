//! A transport that is no way to anybody, but for what a test says of it.

use std::task::{Context, Poll};

use bowline::transport::{Peer, Transport, TransportError};
use bowline::wire::Message;

/// What a fake does. Unless a test says otherwise the peer never says anything, and all that is sent to it is gone at once.
pub(crate) trait Way: Unpin {
    fn receive(&mut self, _: &mut Context<'_>) -> Poll<Message> {
        Poll::Pending
    }

    fn send(&mut self, _: Message) {}

    fn flush(&mut self) -> Poll<()> {
        Poll::Ready(())
    }

    fn close(&mut self) -> Poll<()> {
        self.flush()
    }

    fn ends_when_dropped(&self) -> bool {
        false
    }

    fn queued_bytes(&self) -> usize {
        0
    }
}

/// A way as a transport. Nothing on it ever fails.
pub(crate) struct Fake<W> {
    way: W,
    peer: Peer,
}

impl<W: Way> Fake<W> {
    pub(crate) fn new(way: W) -> Self {
        Self { way, peer: Peer::Named("a peer".into()) }
    }
}

impl<W: Way> Transport for Fake<W> {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>> {
        self.way.receive(cx).map(|message| Ok(Some(message)))
    }

    fn send(&mut self, message: Message) -> Result<(), TransportError> {
        self.way.send(message);
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.way.flush().map(Ok)
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.way.close().map(Ok)
    }

    fn ends_when_dropped(&self) -> bool {
        self.way.ends_when_dropped()
    }

    fn queued_bytes(&self) -> usize {
        self.way.queued_bytes()
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }
}
