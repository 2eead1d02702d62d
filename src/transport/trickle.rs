//! A trickle passes on a few bytes at a time, as a bad network may: whoever works through it does
//! not depend on where a stream happens to be cut.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use super::bytes::ByteStream;

/// A stream that reads and writes at most so many bytes a call, for tests.
pub struct Trickle<S> {
    stream: S,
    step: usize,
}

impl<S: ByteStream> Trickle<S> {
    /// `stream`, at most `step` bytes a call (at least 1).
    pub fn new(stream: S, step: usize) -> Self {
        Self { stream, step: step.max(1) }
    }
}

impl<S: ByteStream> ByteStream for Trickle<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let step = self.step.min(buffer.len());
        self.stream.poll_read(cx, buffer.split_at_mut(step).0)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Some(first) = slices.iter().find(|slice| !slice.is_empty()) else {
            return Poll::Ready(Ok(0));
        };
        let step = self.step.min(first.len());
        self.stream.poll_write_vectored(cx, &[IoSlice::new(first.split_at(step).0)])
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_close(cx)
    }
}
