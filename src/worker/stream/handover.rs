//! How a stream gets from who pushes it to who takes it: as it is where both are in one process, else in calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::wire::{Content, Path, Unsealed};
use crate::worker::panicked::guarded;
use crate::worker::value::Value;

use super::canceler::{Stop, Wanted};
use super::error::StreamError;
use super::source::Source;

/// A source on its way.
pub(super) struct Handover {
    state: Mutex<State>,
    stop: Arc<Stop>,
}

struct State {
    stand: Stand,
    feeding: Option<Waker>,
    /// Whoever waits for bytes of a source that was taken.
    reading: Option<Waker>,
}

enum Stand {
    /// Nobody knows yet where it goes.
    Here(Box<dyn Source>),
    /// It goes where only bytes go: it is to be fed there.
    Sealed(Box<dyn Source>),
    /// Somebody in this process took it.
    Taken(Box<dyn Source>),
    /// They are taking bytes from it.
    Read,
    /// Nobody took it, and nobody is left who could: whoever was to feed it cancels it.
    Left(Box<dyn Source>),
    /// It is fed, or over, or given up.
    Gone,
}

impl Handover {
    pub(super) fn new(source: Box<dyn Source>, stop: Arc<Stop>) -> Arc<Self> {
        let state = State { stand: Stand::Here(source), feeding: None, reading: None };
        Arc::new(Self { state: Mutex::new(state), stop })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides where it goes, unless that was decided before.
    fn settle(&self, to: impl FnOnce(Box<dyn Source>) -> Stand) {
        let mut state = self.lock();
        let before = std::mem::replace(&mut state.stand, Stand::Gone);
        state.stand = match before {
            Stand::Here(source) => to(source),
            before => before,
        };
        let feeding = state.feeding.take();
        drop(state);
        feeding.into_iter().for_each(Waker::wake);
    }

    /// The source for whoever took the push in this process.
    fn take(self: &Arc<Self>) -> Option<Direct> {
        let mut taken = None;
        self.settle(|source| {
            taken = Some(Direct(Arc::clone(self)));
            Stand::Taken(source)
        });
        taken
    }

    /// The source, if it is to be fed; nothing once that will not be.
    pub(super) fn poll_feed(&self, cx: &Context<'_>) -> Poll<Option<Box<dyn Source>>> {
        let mut state = self.lock();
        match std::mem::replace(&mut state.stand, Stand::Gone) {
            Stand::Sealed(source) => Poll::Ready(Some(source)),
            Stand::Gone => Poll::Ready(None),
            Stand::Left(source) => {
                drop(state);
                source.cancel(Value::UNDEFINED);
                Poll::Ready(None)
            }
            stays => {
                state.stand = stays;
                state.feeding = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// It goes nowhere, or no further.
    pub(super) fn give_up(&self, reason: Value) {
        if let Some(source) = self.end() {
            source.cancel(reason);
        }
    }

    /// The source, which nobody else gets; nothing if there is none, or somebody takes bytes from it just now.
    fn end(&self) -> Option<Box<dyn Source>> {
        let mut state = self.lock();
        let before = std::mem::replace(&mut state.stand, Stand::Gone);
        let waiting = [state.feeding.take(), state.reading.take()];
        drop(state);
        waiting.into_iter().flatten().for_each(Waker::wake);
        match before {
            Stand::Here(source)
            | Stand::Sealed(source)
            | Stand::Taken(source)
            | Stand::Left(source) => Some(source),
            Stand::Read | Stand::Gone => None,
        }
    }

    /// Has whoever took it look whether it is still wanted.
    pub(super) fn wake_reader(&self) {
        let reading = self.lock().reading.take();
        reading.into_iter().for_each(Waker::wake);
    }

    /// Has the source in hand while no lock is held.
    fn read(&self, cx: &Context<'_>) -> Option<Box<dyn Source>> {
        let mut state = self.lock();
        match std::mem::replace(&mut state.stand, Stand::Gone) {
            Stand::Taken(source) => {
                state.stand = Stand::Read;
                if !state.reading.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
                    state.reading = Some(cx.waker().clone());
                }
                Some(source)
            }
            other => {
                state.stand = other;
                None
            }
        }
    }

    /// Puts it back; it may have been given up meanwhile.
    fn put_back(&self, source: Box<dyn Source>) {
        let mut state = self.lock();
        if matches!(state.stand, Stand::Read) {
            state.stand = Stand::Taken(source);
            return;
        }
        drop(state);
        let reason = match self.stop.wanted() {
            Wanted::Cancelled(reason) => reason,
            Wanted::Read | Wanted::Unheld => Value::UNDEFINED,
        };
        source.cancel(reason);
    }
}

/// The params of a push that are not built.
pub(super) struct Push {
    length: Option<u64>,
    handover: Arc<Sent>,
}

/// A push that was sent; with the last of it, the source is let go.
struct Sent(Arc<Handover>);

impl Drop for Sent {
    /// A message is dropped where no foreign code may run, and a source is foreign: it is left to whoever feeds it.
    fn drop(&mut self) {
        self.0.settle(Stand::Left);
    }
}

impl Push {
    pub(super) fn content(handover: &Arc<Handover>, length: Option<u64>) -> Content {
        let handover = Arc::new(Sent(Arc::clone(handover)));
        Content::moved(Box::new(Self { length, handover }))
    }

    /// The source itself; or the length of what will be fed.
    pub(super) fn take(self) -> Result<Direct, Option<u64>> {
        self.handover.0.take().ok_or(self.length)
    }
}

/// A struct of one word of data.
const LENGTH_ONLY: u64 = 1 << 32;

impl Unsealed for Push {
    fn seal(&self) -> Vec<u64> {
        self.handover.0.settle(Stand::Sealed);
        let length_plus_one = self.length.and_then(|length| length.checked_add(1)).unwrap_or(0);
        vec![LENGTH_ONLY, length_plus_one]
    }

    fn cap_at(&self, _: &Path) -> Option<Option<u32>> {
        Some(None)
    }

    fn words(&self) -> usize {
        2
    }

    fn share(&self) -> Box<dyn Unsealed> {
        Box::new(Self { length: self.length, handover: Arc::clone(&self.handover) })
    }
}

/// A source that was handed over. It is as if its bytes had come in calls: why it failed is not told, and it ends
/// with the session it came in.
pub(super) struct Direct(Arc<Handover>);

impl Source for Direct {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamError>>> {
        let Self(handover) = self;
        let cut_off = Poll::Ready(Some(Err(StreamError::Premature)));
        if matches!(handover.stop.wanted(), Wanted::Unheld) {
            handover.give_up(Value::UNDEFINED);
        }
        let Some(mut source) = handover.read(cx) else { return cut_off };
        let polled = guarded(|| source.poll_next(cx));
        let Some(next) = polled else {
            // Its panic is not its reader's.
            drop_guarded(source);
            handover.end();
            return cut_off;
        };
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            handover.end();
            drop_guarded(source);
        } else {
            handover.put_back(source);
        }
        next.map(|next| Some(next?.map_err(|_| StreamError::Premature)))
    }

    fn length(&self) -> Option<u64> {
        match &self.0.lock().stand {
            Stand::Taken(source) => source.length(),
            _ => None,
        }
    }

    fn cancel(self: Box<Self>, reason: Value) {
        let _ = guarded(|| self.0.give_up(reason));
    }
}

fn drop_guarded<T>(foreign: T) {
    let _ = guarded(|| drop(foreign));
}

impl Drop for Direct {
    fn drop(&mut self) {
        drop_guarded(self.0.end());
    }
}
