//! A writable stream is the end of a stream that is written.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_io::AsyncWrite;
use futures_sink::Sink;

use crate::worker::value::{External, ExternalKind, Resource, Value};

use super::drain::{Drain, ToSink, ToWrite};
use super::encoding::Encoding;
use super::error::StreamError;

/// Where bytes go, one after the other, to whoever reads them. Dropped before it was closed, the stream is cut
/// off.
///
/// It is written as a [`Sink`] of [`Bytes`], as an [`AsyncWrite`] (with the feature `tokio` as tokio's, too),
/// or with [`write`](Self::write) and [`close`](Self::close). What it takes before whoever reads is ready is
/// bounded: who writes waits.
///
/// Sent in a value it goes to the receiver: who sent it cannot use it any more. (Rule 59)
///
/// Cancel safe, [`write`](Self::write) excepted: a single `write` of [`AsyncWrite`], a `feed` of [`Sink`], a
/// flush and a close that are dropped while they wait have written nothing, and can be done again. What writes
/// more than once (`write_all`, `send`) may have written some of it. The first error is the error of all that is done later.
pub struct WritableStream {
    encoding: Encoding,
    life: Mutex<Life>,
}

enum Life {
    Open(Box<dyn Drain>),
    /// The end is being written.
    Ending(Box<dyn Drain>),
    Ended,
    Failed(StreamError),
    GivenAway,
}

impl WritableStream {
    pub(super) fn of(drain: Box<dyn Drain>, encoding: Encoding) -> Self {
        Self { encoding, life: Mutex::new(Life::Open(drain)) }
    }

    /// What is written goes to `write`, which is closed at the end.
    #[must_use]
    pub fn to_write(write: impl AsyncWrite + Send + 'static) -> Self {
        Self::of(Box::new(ToWrite::new(write)), Encoding::Identity)
    }

    /// What is written goes to `write`, as tokio writes, which is shut down at the end.
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn to_tokio_write(write: impl tokio::io::AsyncWrite + Send + 'static) -> Self {
        Self::of(Box::new(super::drain::ToTokioWrite::new(write)), Encoding::Identity)
    }

    /// What is written goes to `sink`, which is closed at the end.
    #[must_use]
    pub fn to_sink<S, E>(sink: S) -> Self
    where
        S: Sink<Bytes, Error = E> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        Self::of(Box::new(ToSink(Box::pin(sink))), Encoding::Identity)
    }

    /// Says how the bytes are compressed that are to be written here. They are passed on as they are.
    #[must_use]
    pub fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// How the bytes are compressed that are to be written here.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Takes the stream out of a shared reference: it goes to whoever calls this.
    ///
    /// # Errors
    ///
    /// [`StreamError::GivenAway`]: it was taken before; or it is closed, or failed.
    pub fn give(&self) -> Result<Self, StreamError> {
        let mut life = self.life.lock().unwrap_or_else(PoisonError::into_inner);
        why_unready(&life).map_or(Ok(()), Err)?;
        let life = Mutex::new(std::mem::replace(&mut *life, Life::GivenAway));
        Ok(Self { encoding: self.encoding, life })
    }

    /// Takes the stream out of a value.
    ///
    /// # Errors
    ///
    /// The value is no WritableStream ([`StreamError::Inner`]), or it was taken before.
    pub fn take(value: &Value) -> Result<Self, StreamError> {
        match value.as_external().and_then(External::get::<Self>) {
            Some(stream) => stream.give(),
            None => Err(StreamError::inner(format!("expected a WritableStream, found {value:?}"))),
        }
    }

    /// Writes bytes. Ready when they were taken, or there is room for more in spite of them.
    ///
    /// Not cancel safe: dropped early, they may have been written or not.
    ///
    /// # Errors
    ///
    /// The stream is closed, or failed: what was written before may be what failed.
    pub async fn write(&mut self, bytes: impl Into<Bytes>) -> Result<(), StreamError> {
        let bytes = bytes.into();
        poll_fn(|cx| self.poll_room(cx)).await?;
        self.put(bytes)?;
        poll_fn(|cx| self.poll_room(cx)).await
    }

    /// Says that this was all. Ready when the other side knows. Cancel safe.
    ///
    /// # Errors
    ///
    /// Something written before failed, or the stream is closed.
    pub async fn close(&mut self) -> Result<(), StreamError> {
        if let Some(why) = why_unready(self.life()).filter(|_| !self.is_ending()) {
            return Err(why);
        }
        poll_fn(|cx| self.poll_ended(cx)).await
    }

    /// Gives up: whoever reads in the same process is told why; over RPC, the stream is cut off.
    pub fn abort(self, reason: impl Into<Value>) {
        let life = self.life.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Life::Open(drain) | Life::Ending(drain) = life {
            drain.abort(reason.into());
        }
    }

    /// What it is made of.
    pub(super) fn into_drain(self) -> Result<Box<dyn Drain>, StreamError> {
        match self.life.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Life::Open(drain) => Ok(drain),
            other => Err(why_unready(&other).unwrap_or(StreamError::Closed)),
        }
    }

    fn life(&mut self) -> &mut Life {
        self.life.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_ending(&mut self) -> bool {
        matches!(self.life(), Life::Ending(_))
    }

    /// Notes what came of a step.
    fn step<T>(&mut self, outcome: Result<T, StreamError>) -> Result<T, StreamError> {
        if let Err(why) = &outcome {
            *self.life() = Life::Failed(why.clone());
        }
        outcome
    }

    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let ready = match self.life() {
            Life::Open(drain) => ready!(drain.poll_ready(cx)),
            other => return Poll::Ready(why_unready(other).map_or(Ok(()), Err)),
        };
        Poll::Ready(self.step(ready))
    }

    /// Writes, after there was room.
    pub(super) fn put(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        let written = match self.life() {
            Life::Open(_) if bytes.is_empty() => Ok(()),
            Life::Open(drain) => drain.write(bytes),
            other => return why_unready(other).map_or(Ok(()), Err),
        };
        self.step(written)
    }

    pub(super) fn poll_flushed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let flushed = match self.life() {
            Life::Open(drain) => ready!(drain.poll_flush(cx)),
            Life::Ended => return Poll::Ready(Ok(())),
            other => return Poll::Ready(why_unready(other).map_or(Ok(()), Err)),
        };
        Poll::Ready(self.step(flushed))
    }

    /// Ends the stream; nothing more to do if it is ended.
    pub(super) fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let life = self.life();
        if let Life::Open(_) = life
            && let Life::Open(drain) = std::mem::replace(life, Life::Ended)
        {
            *life = Life::Ending(drain);
        }
        let ended = match life {
            Life::Ending(drain) => ready!(drain.poll_end(cx)),
            Life::Ended => return Poll::Ready(Ok(())),
            other => return Poll::Ready(why_unready(other).map_or(Ok(()), Err)),
        };
        *life = Life::Ended;
        Poll::Ready(self.step(ended))
    }
}

/// Why it cannot be written; `None` if it can.
fn why_unready(life: &Life) -> Option<StreamError> {
    match life {
        Life::Open(_) => None,
        Life::Ending(_) | Life::Ended => Some(StreamError::Closed),
        Life::Failed(why) => Some(why.clone()),
        Life::GivenAway => Some(StreamError::GivenAway { what: "WritableStream" }),
    }
}

impl Resource for WritableStream {
    fn kind(&self) -> ExternalKind {
        ExternalKind::WritableStream
    }
}

impl From<WritableStream> for Value {
    fn from(stream: WritableStream) -> Self {
        Self::external(External::new(stream))
    }
}

impl fmt::Debug for WritableStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WritableStream {}")
    }
}
