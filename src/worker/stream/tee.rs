//! A tee lets one stream be read twice.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use bytes::Bytes;

use crate::worker::value::Value;

use super::error::StreamError;
use super::pipe::ROOM;
use super::readable::ReadableStream;
use super::source::Source;

struct Tee {
    state: Mutex<State>,
    waiting: Arc<Waiting>,
}

/// Who waits on each side. Whatever happens, both look: the one that asked the source last may never ask again.
#[derive(Default)]
struct Waiting(Mutex<[Option<Waker>; 2]>);

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let wakers = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Waiting {
    fn wait(&self, side: Side, waker: &Waker) {
        let mut wakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [left, right] = &mut *wakers;
        let known = match side {
            Side::Left => left,
            Side::Right => right,
        };
        let before = known.replace(waker.clone());
        drop(wakers);
        drop(before);
    }
}

struct State {
    /// `None` once it ended or failed, or nobody reads.
    source: Option<Box<dyn Source>>,
    end: Option<StreamError>,
    branches: [Half; 2],
}

#[derive(Default)]
struct Half {
    queue: VecDeque<Bytes>,
    queued: usize,
    life: Life,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Life {
    #[default]
    Read,
    Gone,
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

impl State {
    fn half(&mut self, side: Side) -> &mut Half {
        let [left, right] = &mut self.branches;
        match side {
            Side::Left => left,
            Side::Right => right,
        }
    }

    /// The next bytes for one side.
    fn poll(&mut self, side: Side, cx: &mut Context<'_>) -> Next {
        if let Some(bytes) = self.half(side).queue.pop_front() {
            self.half(side).queued -= bytes.len();
            return Poll::Ready(Some(Ok(bytes)));
        }
        if self.half(side.other()).queued > ROOM {
            return Poll::Pending;
        }
        let next = match &mut self.source {
            Some(source) => ready!(source.poll_next(cx)),
            None => return Poll::Ready(self.end.clone().map(Err)),
        };
        let other = self.half(side.other());
        match &next {
            Some(Ok(bytes)) if other.life == Life::Read => {
                other.queued += bytes.len();
                other.queue.push_back(bytes.clone());
            }
            Some(Ok(_)) => {}
            Some(Err(why)) => {
                self.end = Some(why.clone());
                self.source = None;
            }
            None => self.source = None,
        }
        Poll::Ready(next)
    }
}

type Next = Poll<Option<Result<Bytes, StreamError>>>;

/// One of the two.
struct Branch {
    tee: Arc<Tee>,
    side: Side,
}

impl Branch {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.tee.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This branch is read no further. The source is given if that was the last.
    fn leave(&self) -> Option<Box<dyn Source>> {
        let mut state = self.lock();
        let half =
            std::mem::replace(state.half(self.side), Half { life: Life::Gone, ..Half::default() });
        let last = state.half(self.side.other()).life == Life::Gone;
        let source = state.source.take_if(|_| last);
        drop(state);
        drop(half);
        self.tee.waiting.wake_by_ref();
        source
    }
}

impl Source for Branch {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Next {
        self.tee.waiting.wait(self.side, cx.waker());
        let both = Waker::from(Arc::clone(&self.tee.waiting));
        let next = self.lock().poll(self.side, &mut Context::from_waker(&both));
        if next.is_ready() {
            // The other may have waited for these bytes, or for this side to catch up.
            self.tee.waiting.wake_by_ref();
        }
        next
    }

    fn length(&self) -> Option<u64> {
        let mut state = self.lock();
        let queued = state.half(self.side).queued as u64;
        let left = match &state.source {
            Some(source) => source.length()?,
            None => 0,
        };
        Some(queued + left)
    }

    fn cancel(self: Box<Self>, reason: Value) {
        if let Some(source) = self.leave() {
            source.cancel(reason);
        }
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        drop(self.leave());
    }
}

impl ReadableStream {
    /// Two streams with the same bytes, for instance to read one and to send the other. (Rule 59)
    ///
    /// The one that is read faster waits for the other, which is at most 64 KiB behind: nothing is buffered
    /// without bound, so both are to be read, or dropped.
    ///
    /// # Errors
    ///
    /// It was given away, or failed.
    pub fn tee(self) -> Result<(Self, Self), StreamError> {
        let encoding = self.encoding();
        let source = Some(self.into_source()?);
        let state = State { source, end: None, branches: Default::default() };
        let tee = Arc::new(Tee { state: Mutex::new(state), waiting: Arc::default() });
        let branch = |side| Self::of(Box::new(Branch { tee: Arc::clone(&tee), side }), encoding);
        Ok((branch(Side::Left), branch(Side::Right)))
    }
}
