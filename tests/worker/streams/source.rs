//! A source that counts what is taken from it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use bowline::worker::stream::ReadableStream;
use bytes::Bytes;
use futures::Stream;

/// What is known of a source.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    taken: Arc<AtomicU64>,
    dropped: Arc<AtomicBool>,
}

impl Seen {
    /// How many bytes were taken from it.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::SeqCst)
    }

    /// Whether it is read no further.
    pub(crate) fn is_dropped(&self) -> bool {
        self.dropped.load(Ordering::SeqCst)
    }
}

/// So many chunks of so many bytes; then what comes at the end.
struct Chunks {
    left: u64,
    chunk: Bytes,
    end: End,
    seen: Seen,
}

/// What comes behind the chunks.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Clean,
    Broken,
    Never,
}

impl Stream for Chunks {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left > 0 {
            self.left -= 1;
            self.seen.taken.fetch_add(self.chunk.len() as u64, Ordering::SeqCst);
            return Poll::Ready(Some(Ok(self.chunk.clone())));
        }
        match self.end {
            End::Clean => Poll::Ready(None),
            End::Broken => Poll::Ready(Some(Err(std::io::Error::other("the disk is gone")))),
            End::Never => Poll::Pending,
        }
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        self.seen.dropped.store(true, Ordering::SeqCst);
    }
}

/// A stream of `chunks` chunks of `size` bytes each, and what is seen of it.
pub(crate) fn chunks(chunks: u64, size: usize, end: End) -> (ReadableStream, Seen) {
    let seen = Seen::default();
    let chunk = Bytes::from(vec![7; size]);
    let stream = Chunks { left: chunks, chunk, end, seen: seen.clone() };
    (ReadableStream::from_stream(stream), seen)
}
