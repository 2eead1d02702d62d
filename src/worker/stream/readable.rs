//! A readable stream is the end of a stream that is read.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_io::AsyncRead;

use crate::worker::value::{External, ExternalKind, Resource, Value};

use super::encoding::Encoding;
use super::error::StreamError;
use super::source::{FromRead, FromStream, Source, Whole};

/// Bytes that arrive one after the other. Dropping it cancels the stream.
///
/// It is read as a [`Stream`] of [`Bytes`], as an [`AsyncRead`] (with the feature `tokio` as tokio's, too), or
/// with [`next`](Self::next) and [`read_all`](Self::read_all). Nothing is read ahead of who reads but what one
/// window holds.
///
/// Sent in a value it goes to the receiver: who sent it cannot use it any more. (Rule 59)
///
/// Cancel safe: a poll that is not repeated loses nothing, so that [`next`](Self::next) and a single `read` may
/// be dropped while they wait. What fills a buffer of its own over many reads (`read_exact`, `read_to_end`,
/// [`read_all`](Self::read_all)) loses with the future what is in that buffer.
///
/// ```
/// use bowline::worker::stream::ReadableStream;
/// use bowline::worker::value::Value;
///
/// let stream = ReadableStream::from("some bytes");
/// assert_eq!(stream.length(), Some(10));
/// let value = Value::from(stream);
/// let mut received = ReadableStream::take(&value)?;
/// assert!(ReadableStream::take(&value).is_err(), "it was taken");
/// # futures::executor::block_on(async {
/// assert_eq!(received.read_all(64).await?, "some bytes");
/// # Ok::<(), bowline::worker::stream::StreamError>(())
/// # })?;
/// # Ok::<(), bowline::worker::stream::StreamError>(())
/// ```
pub struct ReadableStream {
    encoding: Encoding,
    life: Mutex<Life>,
}

enum Life {
    Open(Open),
    /// Read to its end.
    Over,
    Failed(StreamError),
    GivenAway,
}

struct Open {
    source: Box<dyn Source>,
    /// What was taken from the source and not read yet.
    rest: Bytes,
}

impl Open {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamError>>> {
        match self.rest.is_empty() {
            true => self.source.poll_next(cx),
            false => Poll::Ready(Some(Ok(std::mem::take(&mut self.rest)))),
        }
    }
}

impl Source for Open {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamError>>> {
        Self::poll_next(self, cx)
    }

    fn length(&self) -> Option<u64> {
        Some(self.source.length()? + self.rest.len() as u64)
    }

    fn cancel(self: Box<Self>, reason: Value) {
        self.source.cancel(reason);
    }
}

impl ReadableStream {
    pub(super) fn of(source: Box<dyn Source>, encoding: Encoding) -> Self {
        Self::with(Life::Open(Open { source, rest: Bytes::new() }), encoding)
    }

    fn with(life: Life, encoding: Encoding) -> Self {
        Self { encoding, life: Mutex::new(life) }
    }

    /// What `read` yields. Errors reach who reads in the same process; over RPC, the stream is cut off.
    #[must_use]
    pub fn from_read(read: impl AsyncRead + Send + 'static) -> Self {
        Self::of(Box::new(FromRead::new(read)), Encoding::Identity)
    }

    /// What `read` yields, as tokio reads.
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn from_tokio_read(read: impl tokio::io::AsyncRead + Send + 'static) -> Self {
        Self::of(Box::new(super::source::FromTokioRead::new(read)), Encoding::Identity)
    }

    /// What `stream` yields.
    #[must_use]
    pub fn from_stream<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes> + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        Self::of(Box::new(FromStream(Box::pin(stream))), Encoding::Identity)
    }

    /// Says how the bytes are compressed, which the receiver is told. They are passed on as they are.
    #[must_use]
    pub fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// How the bytes are compressed.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// How many bytes there still are, if that is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match &*self.life.lock().unwrap_or_else(PoisonError::into_inner) {
            Life::Open(open) => open.length(),
            Life::Over => Some(0),
            Life::Failed(_) | Life::GivenAway => None,
        }
    }

    /// Takes the stream out of a shared reference: it goes to whoever calls this.
    ///
    /// # Errors
    ///
    /// [`StreamError::GivenAway`]: it was taken before.
    pub fn give(&self) -> Result<Self, StreamError> {
        let mut life = self.life.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *life, Life::GivenAway) {
            Life::GivenAway => Err(given_away()),
            given => Ok(Self::with(given, self.encoding)),
        }
    }

    /// Takes the stream out of a value.
    ///
    /// # Errors
    ///
    /// The value is no ReadableStream ([`StreamError::Inner`]), or it was taken before.
    pub fn take(value: &Value) -> Result<Self, StreamError> {
        match value.as_external().and_then(External::get::<Self>) {
            Some(stream) => stream.give(),
            None => Err(StreamError::inner(format!("expected a ReadableStream, found {value:?}"))),
        }
    }

    /// The next bytes; nothing at the end. Cancel safe.
    pub async fn next(&mut self) -> Option<Result<Bytes, StreamError>> {
        poll_fn(|cx| self.poll_bytes(cx)).await
    }

    /// Everything there still is. Cancel safe as long as it is not over: what was read is lost with the future.
    ///
    /// # Errors
    ///
    /// The stream fails, or has more than `max` bytes.
    pub async fn read_all(&mut self, max: usize) -> Result<Bytes, StreamError> {
        let mut all = Vec::new();
        while let Some(bytes) = self.next().await {
            let bytes = bytes?;
            if bytes.len() > max - all.len() {
                return Err(StreamError::TooLarge { max });
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all.into())
    }

    /// Reads no further, and tells whoever writes why.
    pub fn cancel(self, reason: impl Into<Value>) {
        if let Ok(source) = self.into_source() {
            source.cancel(reason.into());
        }
    }

    /// What it is made of.
    pub(super) fn into_source(self) -> Result<Box<dyn Source>, StreamError> {
        match self.life.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Life::Open(Open { source, rest }) if rest.is_empty() => Ok(source),
            Life::Open(open) => Ok(Box::new(open)),
            Life::Over => Ok(Box::new(Whole(Bytes::new()))),
            Life::Failed(why) => Err(why),
            Life::GivenAway => Err(given_away()),
        }
    }

    /// The next bytes; nothing at the end.
    pub(super) fn poll_bytes(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, StreamError>>> {
        let life = self.life.get_mut().unwrap_or_else(PoisonError::into_inner);
        let next = match life {
            Life::Open(open) => ready!(open.poll_next(cx)),
            Life::Over => None,
            Life::Failed(why) => Some(Err(why.clone())),
            Life::GivenAway => Some(Err(given_away())),
        };
        match &next {
            Some(Ok(_)) => {}
            Some(Err(why)) => *life = Life::Failed(why.clone()),
            None => *life = Life::Over,
        }
        Poll::Ready(next)
    }

    /// Fills `into` with what is there; nothing at the end.
    pub(super) fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<Result<usize, StreamError>> {
        if into.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let Some(bytes) = ready!(self.poll_bytes(cx)) else { return Poll::Ready(Ok(0)) };
        let mut bytes = bytes?;
        let first = bytes.split_to(bytes.len().min(into.len()));
        if let Some(into) = into.get_mut(..first.len()) {
            into.copy_from_slice(&first);
        }
        if let Life::Open(open) = self.life.get_mut().unwrap_or_else(PoisonError::into_inner) {
            open.rest = bytes;
        }
        Poll::Ready(Ok(first.len()))
    }
}

fn given_away() -> StreamError {
    StreamError::GivenAway { what: "ReadableStream" }
}

impl Resource for ReadableStream {
    fn kind(&self) -> ExternalKind {
        ExternalKind::ReadableStream
    }
}

impl From<ReadableStream> for Value {
    fn from(stream: ReadableStream) -> Self {
        Self::external(External::new(stream))
    }
}

impl From<Bytes> for ReadableStream {
    fn from(bytes: Bytes) -> Self {
        Self::of(Box::new(Whole(bytes)), Encoding::Identity)
    }
}

impl From<Vec<u8>> for ReadableStream {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for ReadableStream {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for ReadableStream {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl fmt::Debug for ReadableStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadableStream {}")
    }
}
