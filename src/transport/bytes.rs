//! A byte stream is what frames travel over: bytes in, bytes out, both polled.
//!
//! The trait has the shape of `futures-io`, narrowed to what framing needs.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};

/// Both directions of a stream of bytes, which never blocks.
///
/// `Pending` keeps the waker of the call, for reading and for writing each on its own.
pub trait ByteStream: Unpin {
    /// Reads into `buffer`, which is not empty. 0 bytes: the peer ended its direction.
    ///
    /// Framing reads until `Pending`: a stream that knows from a short read that nothing is left
    /// should say so without asking the operating system again, as tokio's sockets do.
    ///
    /// # Errors
    ///
    /// Those of the stream; a temporary one must be retried inside.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Whether the last read took all there was, and still keeps its waker as if the next one had been
    /// `Pending`: there is no need to ask. No once the waker was woken, and where it is not known.
    fn is_dry(&self) -> bool {
        false
    }

    /// Writes a beginning of `slices`, not all of them empty, as if they were one. How many bytes
    /// were taken; never 0.
    ///
    /// # Errors
    ///
    /// Those of the stream; [`io::ErrorKind::BrokenPipe`] when the peer no longer reads.
    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;

    /// Hands on what the stream itself keeps back; for most there is nothing.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Ends our direction. The peer reads 0 bytes after the last one; reading goes on.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Whether dropping it ends our direction as closing it does, with all that was written before the end. What is
    /// dropped at once need not be closed then. No where it is not known, and where closing says goodbye, as TLS does.
    fn ends_when_dropped(&self) -> bool {
        false
    }
}

impl<S: ByteStream + ?Sized> ByteStream for Box<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        (**self).poll_read(cx, buffer)
    }

    fn is_dry(&self) -> bool {
        (**self).is_dry()
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        (**self).poll_write_vectored(cx, slices)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_close(cx)
    }

    fn ends_when_dropped(&self) -> bool {
        (**self).ends_when_dropped()
    }
}
