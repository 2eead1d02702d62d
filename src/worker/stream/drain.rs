//! A drain is what a writable stream puts its bytes into.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_io::AsyncWrite;
use futures_sink::Sink;

use crate::worker::value::Value;

use super::error::StreamError;

/// Where bytes go. Dropped before it was ended, it is cut off. Not used again after an error.
pub(super) trait Drain: Send + 'static {
    /// Ready when what was written before has been taken, or there is room for more in spite of it.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>>;

    /// Takes the next bytes, at least one, after it was ready.
    ///
    /// # Errors
    ///
    /// They may not be written.
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError>;

    /// Ready when all that was written has arrived.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>>;

    /// That was all. Ready when it is ended; polled until then.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>>;

    /// There will be no more, for this reason, and what there was is not the whole.
    fn abort(self: Box<Self>, reason: Value) {
        drop(reason);
    }
}

/// A writer, and what it has not taken yet.
pub(super) struct ToWrite<W> {
    write: Pin<Box<W>>,
    rest: Bytes,
}

impl<W> ToWrite<W> {
    pub(super) fn new(write: W) -> Self {
        Self { write: Box::pin(write), rest: Bytes::new() }
    }
}

impl<W: AsyncWrite + Send + 'static> Drain for ToWrite<W> {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        while !self.rest.is_empty() {
            match ready!(self.write.as_mut().poll_write(cx, &self.rest)) {
                Ok(0) => return Poll::Ready(Err(wrote_nothing())),
                Ok(taken) => drop(self.rest.split_to(taken.min(self.rest.len()))),
                Err(why) => return Poll::Ready(Err(StreamError::inner(why))),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.rest = bytes;
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        ready!(self.poll_ready(cx))?;
        self.write.as_mut().poll_flush(cx).map_err(StreamError::inner)
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        ready!(self.poll_ready(cx))?;
        self.write.as_mut().poll_close(cx).map_err(StreamError::inner)
    }
}

/// The same for tokio's writers.
#[cfg(feature = "tokio")]
pub(super) struct ToTokioWrite<W> {
    write: Pin<Box<W>>,
    rest: Bytes,
}

#[cfg(feature = "tokio")]
impl<W> ToTokioWrite<W> {
    pub(super) fn new(write: W) -> Self {
        Self { write: Box::pin(write), rest: Bytes::new() }
    }
}

#[cfg(feature = "tokio")]
impl<W: tokio::io::AsyncWrite + Send + 'static> Drain for ToTokioWrite<W> {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        while !self.rest.is_empty() {
            match ready!(self.write.as_mut().poll_write(cx, &self.rest)) {
                Ok(0) => return Poll::Ready(Err(wrote_nothing())),
                Ok(taken) => drop(self.rest.split_to(taken.min(self.rest.len()))),
                Err(why) => return Poll::Ready(Err(StreamError::inner(why))),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.rest = bytes;
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        ready!(self.poll_ready(cx))?;
        self.write.as_mut().poll_flush(cx).map_err(StreamError::inner)
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        ready!(self.poll_ready(cx))?;
        self.write.as_mut().poll_shutdown(cx).map_err(StreamError::inner)
    }
}

fn wrote_nothing() -> StreamError {
    StreamError::inner(std::io::Error::from(std::io::ErrorKind::WriteZero))
}

/// A sink of the `futures` family.
pub(super) struct ToSink<S>(pub(super) Pin<Box<S>>);

impl<S, E> Drain for ToSink<S>
where
    S: Sink<Bytes, Error = E> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.0.as_mut().poll_ready(cx).map_err(StreamError::inner)
    }

    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.0.as_mut().start_send(bytes).map_err(StreamError::inner)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.0.as_mut().poll_flush(cx).map_err(StreamError::inner)
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.0.as_mut().poll_close(cx).map_err(StreamError::inner)
    }
}
