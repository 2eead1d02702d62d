//! A byte stream as hyper reads and writes it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};

use crate::transport::ByteStream;

/// How much is read at a time: hyper's buffers take what was read and not the stream's own.
const READ: usize = 16 << 10;

/// A byte stream under hyper.
pub(super) struct Io<S> {
    stream: S,
    read: Box<[u8]>,
}

impl<S: ByteStream> Io<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, read: vec![0; READ].into() }
    }
}

impl<S: ByteStream> Read for Io<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, read } = self.get_mut();
        let space = read.split_at_mut(into.remaining().min(READ)).0;
        if space.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let count = ready!(stream.poll_read(cx, space))?;
        into.put_slice(space.get(..count).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: ByteStream> Write for Io<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if slices.iter().all(|slice| slice.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        self.get_mut().stream.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream.poll_close(cx)
    }
}
