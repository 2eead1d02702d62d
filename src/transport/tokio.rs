//! Streams of tokio, as byte streams.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::bytes::ByteStream;

/// One stream of tokio that reads and writes: a socket, a TLS session, a duplex.
pub struct Tokio<T>(pub T);

/// A reader and a writer of tokio that make one stream between them: the two ends of two pipes.
///
/// Closing drops the writer, for that is how the reader of a pipe learns of the end.
pub struct Joined<R, W> {
    reader: R,
    writer: Option<W>,
}

impl<R, W> Joined<R, W> {
    /// Reads from `reader`, writes to `writer`.
    pub const fn new(reader: R, writer: W) -> Self {
        Self { reader, writer: Some(writer) }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> ByteStream for Tokio<T> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        poll_read(&mut self.0, cx, buffer)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        poll_write(&mut self.0, cx, slices)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> ByteStream for Joined<R, W> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        poll_read(&mut self.reader, cx, buffer)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.writer {
            Some(writer) => poll_write(writer, cx, slices),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.writer {
            Some(writer) => Pin::new(writer).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(writer) = &mut self.writer {
            let closed = ready!(Pin::new(writer).poll_shutdown(cx));
            self.writer = None;
            closed?;
        }
        Poll::Ready(Ok(()))
    }
}

fn poll_read<R: AsyncRead + Unpin>(
    reader: &mut R,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    let mut buffer = ReadBuf::new(buffer);
    ready!(Pin::new(reader).poll_read(cx, &mut buffer))?;
    Poll::Ready(Ok(buffer.filled().len()))
}

/// So many bytes make a write of their own: no socket takes them and more.
const ALONE_MIN: usize = 256 << 10;

/// Writes what is large alone. Of a short write of one slice, unlike one of several, tokio's sockets
/// remember that there is no more room, and the next is no call of the operating system.
fn poll_write<W: AsyncWrite + Unpin>(
    writer: &mut W,
    cx: &mut Context<'_>,
    slices: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    match alone(slices) {
        Some(first) => Pin::new(writer).poll_write(cx, first),
        None => Pin::new(writer).poll_write_vectored(cx, slices),
    }
}

/// What is to be written alone: a short write of it says that there is no more room.
pub(super) fn alone<'a>(slices: &'a [IoSlice<'_>]) -> Option<&'a [u8]> {
    match slices {
        [first, rest @ ..] if rest.is_empty() || first.len() >= ALONE_MIN => Some(first),
        _ => None,
    }
}
