//! A stream of which some was read ahead: what was read comes again first.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use crate::transport::bytes::ByteStream;
use crate::transport::framed::{Framed, FramedLimits};
use crate::transport::peer::Peer;

/// A byte stream behind bytes that were read from it already.
///
/// Framing copies what it reads, so it does not matter where in a word the head before it ended.
pub struct Ahead<S> {
    /// What was read; empty once all of it was read again.
    ahead: Vec<u8>,
    /// How much of it was read again.
    again: usize,
    stream: S,
}

impl<S: ByteStream> Ahead<S> {
    /// `ahead`, and then `stream`.
    pub const fn new(ahead: Vec<u8>, stream: S) -> Self {
        Self { ahead, again: 0, stream }
    }

    /// The stream below, which knows nothing of what was read ahead.
    pub const fn stream(&self) -> &S {
        &self.stream
    }

    /// Messages to and from `peer` over it.
    #[must_use]
    pub fn framed(self, peer: Peer, limits: FramedLimits) -> Framed<Self> {
        Framed::new(self, peer, limits)
    }
}

impl<S: ByteStream> ByteStream for Ahead<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let left = self.ahead.get(self.again..).unwrap_or_default();
        if left.is_empty() {
            return self.stream.poll_read(cx, buffer);
        }
        let count = left.len().min(buffer.len());
        let (now, _later) = left.split_at(count);
        buffer.split_at_mut(count).0.copy_from_slice(now);
        self.again += count;
        if self.again == self.ahead.len() {
            (self.ahead, self.again) = (Vec::new(), 0);
        }
        Poll::Ready(Ok(count))
    }

    fn is_dry(&self) -> bool {
        self.ahead.is_empty() && self.stream.is_dry()
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.poll_write_vectored(cx, slices)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_close(cx)
    }
}
