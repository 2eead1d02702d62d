//! A pump moves bytes from where they come to where they go, as fast as they are taken there.

use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::worker::value::Value;

use super::drain::Drain;
use super::encoding::Encoding;
use super::error::StreamError;
use super::pipe::{ROOM, pipe};
use super::readable::ReadableStream;
use super::source::{CHUNK, Source};
use super::writable::WritableStream;

/// A source being emptied into a drain. Dropped early, it cancels the one and cuts off the other.
pub(super) struct Pump {
    source: Option<Box<dyn Source>>,
    drain: Option<Box<dyn Drain>>,
    /// What was read and not written yet.
    rest: Bytes,
}

/// Why a pump ended early.
pub(super) enum Stuck {
    /// There is no more to come.
    Source(StreamError),
    /// Nobody takes it.
    Drain(StreamError),
}

impl Pump {
    pub(super) fn new(source: Box<dyn Source>, drain: Box<dyn Drain>) -> Self {
        Self { source: Some(source), drain: Some(drain), rest: Bytes::new() }
    }

    /// Reads no further, for this reason, and cuts off.
    pub(super) fn stop(&mut self, reason: Value) {
        self.drain = None;
        if let Some(source) = self.source.take() {
            source.cancel(reason);
        }
    }

    /// Moves what can be moved; ready when the end has arrived, or something failed.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Stuck>> {
        let moved = ready!(self.poll_move(cx));
        match &moved {
            Ok(()) => {}
            Err(Stuck::Source(why)) => {
                self.source = None;
                if let Some(drain) = self.drain.take() {
                    drain.abort(reason_of(why));
                }
            }
            Err(Stuck::Drain(why)) => self.stop(reason_of(why)),
        }
        Poll::Ready(moved)
    }

    fn poll_move(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Stuck>> {
        let Some(drain) = &mut self.drain else { return Poll::Ready(Ok(())) };
        loop {
            ready!(drain.poll_ready(cx)).map_err(Stuck::Drain)?;
            if self.rest.is_empty() {
                let Some(source) = &mut self.source else { break };
                match ready!(source.poll_next(cx)) {
                    Some(bytes) => self.rest = bytes.map_err(Stuck::Source)?,
                    None => {
                        self.source = None;
                        break;
                    }
                }
            }
            let next = self.rest.split_to(self.rest.len().min(CHUNK));
            drain.write(next).map_err(Stuck::Drain)?;
        }
        drain.poll_end(cx).map_err(Stuck::Drain)
    }
}

/// What one side is told about the failure of the other.
fn reason_of(why: &StreamError) -> Value {
    match why {
        StreamError::Cancelled(reason) | StreamError::Aborted(reason) => reason.clone(),
        other => Value::error::<&str, Value>(other.class().name(), &*other.to_string(), []),
    }
}

impl ReadableStream {
    /// Moves everything to `to`, and closes it.
    ///
    /// # Errors
    ///
    /// Either failed; the other is cancelled or cut off then. Dropping the future does that to both.
    pub async fn pipe_to(self, to: WritableStream) -> Result<(), StreamError> {
        let mut pump = Pump::new(self.into_source()?, to.into_drain()?);
        let moved = std::future::poll_fn(|cx| pump.poll(cx)).await;
        moved.map_err(|(Stuck::Source(why) | Stuck::Drain(why))| why)
    }
}

/// The two ends of one stream: what is written to the one is read from the other. Who writes waits while 64 KiB
/// are not read.
#[must_use]
pub fn identity() -> (WritableStream, ReadableStream) {
    ends(None)
}

/// The two ends of a stream of exactly `length` bytes, which the receiver is told beforehand. Writing more, or
/// closing it before, fails.
#[must_use]
pub fn fixed_length(length: u64) -> (WritableStream, ReadableStream) {
    ends(Some(length))
}

fn ends(length: Option<u64>) -> (WritableStream, ReadableStream) {
    let (write, read) = pipe(length, ROOM);
    let encoding = Encoding::Identity;
    (WritableStream::of(Box::new(write), encoding), ReadableStream::of(Box::new(read), encoding))
}
