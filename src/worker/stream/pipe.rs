//! A pipe is bytes between a writer and a reader of one process, on whatever threads they are.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::worker::value::Value;

use super::drain::Drain;
use super::error::StreamError;
use super::source::Source;

/// How many bytes a pipe holds before whoever writes waits (64 KiB): as many as a window of a connection.
/// It is exceeded by what one write brings.
pub(super) const ROOM: usize = 64 << 10;

struct Pipe(Mutex<State>);

struct State {
    queue: VecDeque<Bytes>,
    queued: usize,
    /// How much may be queued before who writes waits.
    room: usize,
    /// How much may still be written, if that is known.
    missing: Option<u64>,
    life: Life,
    reader: Option<Waker>,
    writers: Vec<Waker>,
}

enum Life {
    Open,
    /// All was written.
    Ended,
    /// The writer is gone, and it was not all.
    Cut(StreamError),
    /// The reader is gone.
    Cancelled(Value),
}

/// A pipe that takes exactly `length` bytes, if one is given, and makes its writer wait when more than `room`
/// are in it.
pub(super) fn pipe(length: Option<u64>, room: usize) -> (PipeWriter, PipeReader) {
    let pipe = Arc::new(Pipe(Mutex::new(State {
        queue: VecDeque::new(),
        queued: 0,
        room,
        missing: length,
        life: Life::Open,
        reader: None,
        writers: Vec::new(),
    })));
    (PipeWriter(Arc::clone(&pipe)), PipeReader(pipe))
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, then wakes whoever waits for that. No waker runs while the state is locked.
    fn change<R>(&self, f: impl FnOnce(&mut State) -> (R, Wake)) -> R {
        let mut state = self.lock();
        let (result, wake) = f(&mut state);
        let reader = state.reader.take_if(|_| matches!(wake, Wake::Reader));
        let writers = match wake {
            Wake::Writers => std::mem::take(&mut state.writers),
            Wake::Reader | Wake::Nobody => Vec::new(),
        };
        drop(state);
        reader.into_iter().chain(writers).for_each(Waker::wake);
        result
    }

    fn close(&self, to: Life) {
        let wake = if matches!(to, Life::Cancelled(_)) { Wake::Writers } else { Wake::Reader };
        let dropped = self.change(|state| match (&state.life, &to) {
            (Life::Open, _) | (Life::Ended, Life::Cancelled(_)) => {
                let queue = match to {
                    Life::Cancelled(_) => std::mem::take(&mut state.queue),
                    _ => VecDeque::new(),
                };
                state.life = to;
                (Some(queue), wake)
            }
            _ => (None, Wake::Nobody),
        });
        drop(dropped);
    }
}

enum Wake {
    Reader,
    Writers,
    Nobody,
}

impl State {
    fn why_closed(&self) -> Option<StreamError> {
        match &self.life {
            Life::Open => None,
            Life::Ended => Some(StreamError::Closed),
            Life::Cut(why) => Some(why.clone()),
            Life::Cancelled(reason) => Some(StreamError::Cancelled(reason.clone())),
        }
    }

    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        if let Some(why) = self.why_closed() {
            return Err(why);
        }
        if let Some(missing) = &mut self.missing {
            *missing = missing.checked_sub(bytes.len() as u64).ok_or(StreamError::TooMany)?;
        }
        self.queued += bytes.len();
        self.queue.push_back(bytes);
        Ok(())
    }

    fn end(&mut self) -> Result<(), StreamError> {
        match self.missing {
            _ if !matches!(self.life, Life::Open) => self.why_closed().map_or(Ok(()), Err),
            Some(1..) => Err(StreamError::TooFew),
            _ => {
                self.life = Life::Ended;
                Ok(())
            }
        }
    }
}

/// Where bytes are put into a pipe. Dropped before it was ended, the pipe is cut off.
pub(super) struct PipeWriter(Arc<Pipe>);

impl Drain for PipeWriter {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let mut state = self.0.lock();
        match &state.life {
            Life::Open if state.queued <= state.room => Poll::Ready(Ok(())),
            Life::Open => {
                // Clones are compared: a waker need not be told from them.
                let new = cx.waker().clone();
                if !state.writers.iter().any(|known| known.will_wake(&new)) {
                    state.writers.push(new);
                }
                Poll::Pending
            }
            _ => Poll::Ready(state.why_closed().map_or(Ok(()), Err)),
        }
    }

    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.0.change(|state| (state.write(bytes), Wake::Reader))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.poll_ready(cx)
    }

    fn poll_end(&mut self, _: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        Poll::Ready(self.0.change(|state| (state.end(), Wake::Reader)))
    }

    fn abort(self: Box<Self>, reason: Value) {
        self.0.close(Life::Cut(StreamError::Aborted(reason)));
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        // With all bytes there, nothing was cut off: the length said where the end is.
        let complete = self.0.lock().missing == Some(0);
        self.0.close(if complete { Life::Ended } else { Life::Cut(StreamError::Premature) });
    }
}

/// Where bytes are taken out of a pipe. Dropped, it cancels the pipe.
pub(super) struct PipeReader(Arc<Pipe>);

impl Source for PipeReader {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamError>>> {
        let waker = cx.waker();
        self.0.change(|state| match (state.queue.pop_front(), &state.life) {
            (Some(bytes), _) => {
                state.queued -= bytes.len();
                let wake = if state.queued <= state.room { Wake::Writers } else { Wake::Nobody };
                (Poll::Ready(Some(Ok(bytes))), wake)
            }
            (None, Life::Open) if state.missing != Some(0) => {
                if !state.reader.as_ref().is_some_and(|known| known.will_wake(waker)) {
                    state.reader = Some(waker.clone());
                }
                (Poll::Pending, Wake::Nobody)
            }
            (None, Life::Cut(why)) => (Poll::Ready(Some(Err(why.clone()))), Wake::Nobody),
            (None, Life::Open | Life::Ended | Life::Cancelled(_)) => {
                (Poll::Ready(None), Wake::Nobody)
            }
        })
    }

    fn length(&self) -> Option<u64> {
        let state = self.0.lock();
        Some(state.missing? + state.queued as u64)
    }

    fn claimed(&mut self) {
        self.0.change(|state| {
            state.room = ROOM;
            ((), Wake::Writers)
        });
    }

    fn cancel(self: Box<Self>, reason: Value) {
        self.0.close(Life::Cancelled(reason));
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        self.0.close(Life::Cancelled(Value::UNDEFINED));
    }
}
