//! A transport, or a stream of bytes, that is recorded as it is used.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use super::recorder::{Recorder, Session};
use super::side::Side;
use crate::transport::{ByteStream, Peer, Transport, TransportError};
use crate::wire::Message;

/// A transport whose messages are recorded, in both directions.
///
/// What is sent is recorded as it is handed over, what comes as it is received. It is the transport in all
/// else. Each message is encoded once more for the record, those of in-process links too.
pub struct Recorded<T> {
    inner: T,
    session: Session,
    ours: Side,
}

impl<T: Transport> Recorded<T> {
    /// Records what passes through `inner`. We are shown on the side `ours`, under the name given; the other side
    /// is named as the transport names its peer.
    pub fn new(inner: T, recorder: &Recorder, ours: Side, name: impl Into<String>) -> Self {
        let peer = inner.peer().to_string();
        let session = match ours {
            Side::Left => recorder.open(name, peer),
            Side::Right => recorder.open(peer, name),
        };
        Self { inner, session, ours }
    }
}

impl<T: Transport> Transport for Recorded<T> {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>> {
        let mut polled = self.inner.poll_receive(cx);
        match &mut polled {
            Poll::Ready(Ok(Some(message))) => self.session.message(self.ours.other(), message),
            Poll::Ready(_) => self.session.end(self.ours.other()),
            Poll::Pending => {}
        }
        polled
    }

    fn send(&mut self, mut message: Message) -> Result<(), TransportError> {
        let mut frame = Vec::new();
        message.append_copy_to(&mut frame);
        self.inner.send(message)?;
        self.session.frame(self.ours, frame);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let polled = self.inner.poll_close(cx);
        if polled.is_ready() {
            self.session.end(self.ours);
        }
        polled
    }

    fn queued_bytes(&self) -> usize {
        self.inner.queued_bytes()
    }

    fn peer(&self) -> &Peer {
        self.inner.peer()
    }
}

/// A stream whose bytes are recorded, in both directions, and pass as they are.
pub struct Tapped<S> {
    inner: S,
    session: Session,
    peer: Side,
}

impl<S: ByteStream> Tapped<S> {
    /// Records what passes through `inner`, of which the far end is shown on the side `peer`.
    pub const fn new(inner: S, session: Session, peer: Side) -> Self {
        Self { inner, session, peer }
    }
}

impl<S: ByteStream> ByteStream for Tapped<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let polled = self.inner.poll_read(cx, buffer);
        match &polled {
            Poll::Ready(Ok(0) | Err(_)) => self.session.end(self.peer),
            Poll::Ready(Ok(count)) => {
                self.session.bytes(self.peer, buffer.get(..*count).unwrap_or(buffer));
            }
            Poll::Pending => {}
        }
        polled
    }

    fn is_dry(&self) -> bool {
        self.inner.is_dry()
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = self.inner.poll_write_vectored(cx, slices);
        if let Poll::Ready(Ok(count)) = &polled {
            let mut left = *count;
            for slice in slices {
                let written = slice.get(..left).unwrap_or(slice);
                self.session.bytes(self.peer.other(), written);
                left -= written.len();
            }
        }
        polled
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.inner.poll_close(cx);
        if polled.is_ready() {
            self.session.end(self.peer.other());
        }
        polled
    }
}
