//! The body of a request or response.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_channel::oneshot;
use futures_core::Stream;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::error::BodyError;
use crate::worker::stream::{ReadableStream, WritableStream, fixed_length, identity};

/// The bytes of a request or response: all here, or still to come. A stream is read as fast as it is
/// taken, and never held as a whole.
///
/// It is an [`http_body::Body`]. Trailers are dropped: Workers have none.
#[derive(Default)]
pub struct Body {
    kind: Kind,
    /// Told, by being dropped, that nobody reads any more.
    reading: Vec<oneshot::Sender<()>>,
}

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Whole(Bytes),
    Stream(Foreign),
}

type Foreign = Pin<Box<dyn HttpBody<Data = Bytes, Error = BodyError> + Send>>;

impl Body {
    /// No bytes.
    #[must_use]
    pub const fn empty() -> Self {
        Self::of(Kind::Empty)
    }

    /// A body that is written to what this gives. Closing that says that the body is complete; dropping
    /// it cuts the body off.
    #[must_use]
    pub fn pipe() -> (WritableStream, Self) {
        Self::pipe_of(None)
    }

    /// A body of so many bytes that is written to what this gives.
    pub(super) fn pipe_of(length: Option<u64>) -> (WritableStream, Self) {
        let (write, read) = length.map_or_else(identity, fixed_length);
        (write, read.into())
    }

    /// Has `reading` dropped when nobody reads any more.
    pub(super) fn read_while(mut self, reading: oneshot::Sender<()>) -> Self {
        self.reading.push(reading);
        self
    }

    const fn of(kind: Kind) -> Self {
        Self { kind, reading: Vec::new() }
    }

    /// Another body.
    pub fn stream<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: std::error::Error + Send + Sync,
    {
        if body.is_end_stream() {
            return Self::empty();
        }
        Self::of(Kind::Stream(Box::pin(Told(Box::pin(body)))))
    }

    /// The next bytes. `None`: that was all.
    ///
    /// # Errors
    ///
    /// There is no more, though it is not complete.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, BodyError>> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            let frame = match &mut self.kind {
                Kind::Empty => return Poll::Ready(None),
                Kind::Whole(bytes) => {
                    let bytes = std::mem::take(bytes);
                    self.kind = Kind::Empty;
                    return Poll::Ready((!bytes.is_empty()).then_some(Ok(bytes)));
                }
                Kind::Stream(stream) => ready!(stream.as_mut().poll_frame(cx)),
            };
            match frame {
                None => return Poll::Ready(None),
                Some(Err(why)) => return Poll::Ready(Some(Err(why))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) if !bytes.is_empty() => return Poll::Ready(Some(Ok(bytes))),
                    _ => {}
                },
            }
        }
    }

    /// All of it, if that is no more than `limit` bytes.
    ///
    /// # Errors
    ///
    /// It is more ([`BodyError::TooLong`]), or it failed.
    pub async fn bytes(mut self, limit: usize) -> Result<Bytes, BodyError> {
        if let Kind::Whole(bytes) = &mut self.kind
            && bytes.len() <= limit
        {
            return Ok(std::mem::take(bytes));
        }
        let mut all = BytesMut::new();
        while let Some(chunk) = self.chunk().await {
            let chunk = chunk?;
            if chunk.len() > limit - all.len() {
                return Err(BodyError::TooLong { limit });
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// All of it as a text, if that is no more than `limit` bytes.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), and [`BodyError::NotText`].
    pub async fn text(self, limit: usize) -> Result<String, BodyError> {
        let bytes = self.bytes(limit).await?;
        String::from_utf8(bytes.into()).map_err(|_| BodyError::NotText)
    }

    /// How many bytes it has, if that is known before they are read.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.size_hint().exact()
    }
}

/// A body of somebody else, whose errors are told as ours.
struct Told<B>(Pin<Box<B>>);

impl<B> HttpBody for Told<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(self.0.as_mut().poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(BodyError::of)))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let chunk = ready!(self.poll_chunk(cx));
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(stream) => stream.size_hint(),
        }
    }
}

impl From<ReadableStream> for Body {
    /// What is read of it, as it comes.
    fn from(stream: ReadableStream) -> Self {
        match stream.length() {
            Some(0) => Self::empty(),
            _ => Self::of(Kind::Stream(Box::pin(OfStream(stream)))),
        }
    }
}

impl From<Body> for ReadableStream {
    /// To be sent in a value, or read as other streams are.
    fn from(body: Body) -> Self {
        Self::from_stream(Chunks(body))
    }
}

/// A stream as a body.
struct OfStream(ReadableStream);

impl HttpBody for OfStream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let chunk = ready!(Pin::new(&mut self.0).poll_next(cx));
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data).map_err(BodyError::of)))
    }

    fn size_hint(&self) -> SizeHint {
        self.0.length().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Body {
    /// As a stream; `tell` hears if it fails before its end.
    pub(super) fn watched(self, tell: oneshot::Sender<BodyError>) -> ReadableStream {
        ReadableStream::from_stream(Watched { body: self, tell: Some(tell) })
    }
}

struct Watched {
    body: Body,
    tell: Option<oneshot::Sender<BodyError>>,
}

impl Stream for Watched {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = ready!(self.body.poll_chunk(cx));
        if let Some(Err(why)) = &chunk
            && let Some(tell) = self.tell.take()
        {
            // Nobody may be left to be told.
            let _ = tell.send(why.clone());
        }
        Poll::Ready(chunk)
    }
}

/// A body as a stream.
struct Chunks(Body);

impl Stream for Chunks {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_chunk(cx)
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::of(Kind::Whole(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::of(Kind::Whole(bytes.into()))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::of(Kind::Whole(text.into()))
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self::of(Kind::Whole(Bytes::from_static(text.as_bytes())))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.length() {
            Some(bytes) => write!(f, "Body({bytes} bytes)"),
            None => f.write_str("Body(a stream)"),
        }
    }
}
