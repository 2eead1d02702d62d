//! A source is what a readable stream takes its bytes from.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_io::AsyncRead;

use crate::worker::value::Value;

use super::error::StreamError;

/// How many bytes are read, or sent in one call, at a time: what other engines send, too. (64 KiB)
pub(super) const CHUNK: usize = 64 << 10;

/// Where bytes come from. Dropping it is reading no further.
pub(super) trait Source: Send + 'static {
    /// The next bytes, never none; or the end. Not polled again after the end or an error.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamError>>>;

    /// How many bytes there still are, if that is known.
    fn length(&self) -> Option<u64> {
        None
    }

    /// From now on somebody reads: what comes may be there before it is asked for.
    fn claimed(&mut self) {}

    /// It will be read no further, for this reason.
    fn cancel(self: Box<Self>, reason: Value) {
        drop(reason);
    }
}

/// Bytes that are there.
pub(super) struct Whole(pub(super) Bytes);

impl Source for Whole {
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamError>>> {
        let bytes = std::mem::take(&mut self.0);
        Poll::Ready((!bytes.is_empty()).then_some(Ok(bytes)))
    }

    fn length(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }
}

/// What a stream of the `futures` family yields.
pub(super) struct FromStream<S>(pub(super) Pin<Box<S>>);

impl<S, B, E> Source for FromStream<S>
where
    S: Stream<Item = Result<B, E>> + Send + 'static,
    B: Into<Bytes>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamError>>> {
        loop {
            let next = ready!(self.0.as_mut().poll_next(cx));
            match next.map(|next| next.map(Into::into).map_err(StreamError::inner)) {
                Some(Ok(bytes)) if bytes.is_empty() => {}
                next => return Poll::Ready(next),
            }
        }
    }
}

/// The room bytes are read into. What was filled is handed on without copying where little room is lost.
pub(super) struct Room(Vec<u8>);

impl Room {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn spare(&mut self) -> &mut [u8] {
        self.0.resize(CHUNK, 0);
        &mut self.0
    }

    /// The first `filled` bytes.
    pub(super) fn take(&mut self, filled: usize) -> Bytes {
        if filled < CHUNK / 2 {
            return Bytes::copy_from_slice(self.0.get(..filled).unwrap_or_default());
        }
        let mut full = std::mem::take(&mut self.0);
        full.truncate(filled);
        full.into()
    }
}

/// What a reader yields.
pub(super) struct FromRead<R> {
    read: Pin<Box<R>>,
    room: Room,
}

impl<R> FromRead<R> {
    pub(super) fn new(read: R) -> Self {
        Self { read: Box::pin(read), room: Room::new() }
    }
}

impl<R: AsyncRead + Send + 'static> Source for FromRead<R> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamError>>> {
        match ready!(self.read.as_mut().poll_read(cx, self.room.spare())) {
            Ok(0) => Poll::Ready(None),
            Ok(filled) => Poll::Ready(Some(Ok(self.room.take(filled)))),
            Err(why) => Poll::Ready(Some(Err(StreamError::inner(why)))),
        }
    }
}

/// The same for tokio's readers.
#[cfg(feature = "tokio")]
pub(super) struct FromTokioRead<R> {
    read: Pin<Box<R>>,
    room: Room,
}

#[cfg(feature = "tokio")]
impl<R> FromTokioRead<R> {
    pub(super) fn new(read: R) -> Self {
        Self { read: Box::pin(read), room: Room::new() }
    }
}

#[cfg(feature = "tokio")]
impl<R: tokio::io::AsyncRead + Send + 'static> Source for FromTokioRead<R> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamError>>> {
        let mut into = tokio::io::ReadBuf::new(self.room.spare());
        let read = ready!(self.read.as_mut().poll_read(cx, &mut into));
        let filled = into.filled().len();
        match read {
            Ok(()) if filled == 0 => Poll::Ready(None),
            Ok(()) => Poll::Ready(Some(Ok(self.room.take(filled)))),
            Err(why) => Poll::Ready(Some(Err(StreamError::inner(why)))),
        }
    }
}
