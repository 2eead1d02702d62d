//! Streams where Rust's own traits are expected.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use futures_sink::Sink;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::worker::value::Value;

use super::error::StreamError;
use super::readable::ReadableStream;
use super::source::CHUNK;
use super::writable::WritableStream;

impl Stream for ReadableStream {
    type Item = Result<Bytes, StreamError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_bytes(cx)
    }
}

impl AsyncRead for ReadableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_into(cx, into).map_err(io::Error::from)
    }
}

#[cfg(feature = "tokio")]
impl tokio::io::AsyncRead for ReadableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = ready!(self.poll_into(cx, into.initialize_unfilled()))?;
        into.advance(filled);
        Poll::Ready(Ok(()))
    }
}

impl Sink<Bytes> for WritableStream {
    type Error = StreamError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.poll_room(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, bytes: Bytes) -> Result<(), StreamError> {
        self.put(bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.poll_flushed(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.poll_ended(cx)
    }
}

impl WritableStream {
    fn poll_copy(&mut self, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_room(cx))?;
        let taken = from.len().min(CHUNK);
        self.put(Bytes::copy_from_slice(from.get(..taken).unwrap_or_default()))?;
        Poll::Ready(Ok(taken))
    }
}

impl AsyncWrite for WritableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_copy(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flushed(cx).map_err(io::Error::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_ended(cx).map_err(io::Error::from)
    }
}

#[cfg(feature = "tokio")]
impl tokio::io::AsyncWrite for WritableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_copy(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flushed(cx).map_err(io::Error::from)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_ended(cx).map_err(io::Error::from)
    }
}

/// A stream inside a Rust type goes along with it: serializing the type takes the stream out of it.
macro_rules! inside_types {
    ($($stream:ident),*) => {$(
        impl Serialize for $stream {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let given = self.give().map_err(S::Error::custom)?;
                Value::from(given).serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $stream {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = Value::deserialize(deserializer)?;
                Self::take(&value).map_err(D::Error::custom)
            }
        }
    )*};
}

inside_types!(ReadableStream, WritableStream);
