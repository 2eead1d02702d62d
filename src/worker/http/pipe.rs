//! A pipe is a body that somebody is still writing.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::error::BodyError;

/// How many bytes wait for their reader before the writer waits.
const QUEUED_MAX: usize = 64 << 10;

/// What lies between a writer and a reader.
#[derive(Default)]
struct Between {
    chunks: VecDeque<Bytes>,
    queued: usize,
    /// How it ended, when all was written.
    end: Option<Result<(), BodyError>>,
    reader_gone: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    watcher: Option<Waker>,
}

#[derive(Default)]
struct Shared(Mutex<Between>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Between> {
        // No step panics half way, so what a poisoned lock holds is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what lies between, and wakes whom that concerns once it is let go of.
    fn change<R>(&self, step: impl FnOnce(&mut Between) -> (R, Option<Waker>)) -> R {
        let (result, waker) = step(&mut self.lock());
        if let Some(waker) = waker {
            waker.wake();
        }
        result
    }
}

/// Writes a body. Dropping it before [`end`](Self::end) cuts the body off.
pub struct BodyWriter(Arc<Shared>);

/// Reads what a [`BodyWriter`] writes.
pub(super) struct BodyReader(Arc<Shared>);

pub(super) fn pipe() -> (BodyWriter, BodyReader) {
    let shared = Arc::new(Shared::default());
    (BodyWriter(Arc::clone(&shared)), BodyReader(shared))
}

impl BodyWriter {
    /// Writes the next bytes, when there is room: what was written and not read is at most 64 KiB and the
    /// largest chunk. Cancel safe: `bytes` are written if this is ready, else not.
    ///
    /// # Errors
    ///
    /// [`BodyError::CutOff`]: nobody reads any more.
    pub async fn write(&mut self, bytes: impl Into<Bytes>) -> Result<(), BodyError> {
        let mut bytes = Some(bytes.into());
        poll_fn(|cx| {
            let ready = self.poll_ready(cx);
            if let (Poll::Ready(Ok(())), Some(bytes)) =
                (&ready, bytes.take_if(|_| ready.is_ready()))
            {
                self.put(bytes);
            }
            ready
        })
        .await
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        let mut between = self.0.lock();
        if between.reader_gone {
            return Poll::Ready(Err(BodyError::CutOff));
        }
        if between.queued >= QUEUED_MAX {
            between.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn put(&self, bytes: Bytes) {
        self.0.change(|between| {
            between.queued += bytes.len();
            between.chunks.push_back(bytes);
            ((), between.reader.take())
        });
    }

    /// That was all: the body is complete.
    pub fn end(self) {
        self.finish(Ok(()));
    }

    /// The reader gets this error behind what was written.
    pub fn fail(self, why: BodyError) {
        self.finish(Err(why));
    }

    /// Tells when nobody reads any more.
    pub(super) fn reading(&self) -> Reading {
        Reading(Arc::clone(&self.0))
    }

    fn finish(&self, end: Result<(), BodyError>) {
        self.0.change(|between| {
            between.end.get_or_insert(end);
            ((), between.reader.take())
        });
    }
}

impl Drop for BodyWriter {
    fn drop(&mut self) {
        self.finish(Err(BodyError::CutOff));
    }
}

impl BodyReader {
    pub(super) fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        let mut between = self.0.lock();
        let Some(chunk) = between.chunks.pop_front() else {
            return match &between.end {
                Some(Ok(())) => Poll::Ready(None),
                Some(Err(why)) => Poll::Ready(Some(Err(why.clone()))),
                None => {
                    between.reader = Some(cx.waker().clone());
                    Poll::Pending
                }
            };
        };
        between.queued -= chunk.len();
        let writer = between.writer.take();
        drop(between);
        if let Some(writer) = writer {
            writer.wake();
        }
        Poll::Ready(Some(Ok(chunk)))
    }
}

impl Drop for BodyReader {
    fn drop(&mut self) {
        let unread = self.0.change(|between| {
            between.reader_gone = true;
            between.queued = 0;
            let unread = std::mem::take(&mut between.chunks);
            ((unread, between.watcher.take()), between.writer.take())
        });
        if let (_unread, Some(watcher)) = unread {
            watcher.wake();
        }
    }
}

/// Knows whether somebody still reads.
pub(super) struct Reading(Arc<Shared>);

impl Reading {
    /// Ready when nobody reads any more.
    pub(super) async fn over(self) {
        poll_fn(|cx| {
            let mut between = self.0.lock();
            if between.reader_gone {
                return Poll::Ready(());
            }
            between.watcher = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
