//! A reader and a writer of `futures-io`, as one byte stream.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};

use crate::transport::ByteStream;

/// A reader and a writer, as one stream.
pub(super) struct Halves<T> {
    input: T,
    /// `None` once it is closed: dropping a writer is how the reader of a pipe learns of the end.
    output: Option<Box<dyn AsyncWrite + Unpin>>,
}

impl<T> Halves<T> {
    pub(super) fn new(input: T, output: impl AsyncWrite + Unpin + 'static) -> Self {
        Self { input, output: Some(Box::new(output)) }
    }
}

/// What was interrupted is tried again: the vat takes an error for the end.
fn persist<R>(mut poll: impl FnMut() -> Poll<io::Result<R>>) -> Poll<io::Result<R>> {
    loop {
        match ready!(poll()) {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            outcome => return Poll::Ready(outcome),
        }
    }
}

impl<T: AsyncRead + Unpin> ByteStream for Halves<T> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        persist(|| Pin::new(&mut self.input).poll_read(cx, buffer))
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Some(output) = &mut self.output else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        persist(|| Pin::new(&mut *output).poll_write_vectored(cx, slices))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(output) = &mut self.output else { return Poll::Ready(Ok(())) };
        persist(|| Pin::new(&mut *output).poll_flush(cx))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(output) = &mut self.output {
            let closed = ready!(persist(|| Pin::new(&mut *output).poll_close(cx)));
            self.output = None;
            closed?;
        }
        Poll::Ready(Ok(()))
    }
}
