//! The signal wakes a vat: any thread may say that something of it is ready.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use smallvec::SmallVec;

/// What is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// A task in this slot wants to be polled.
    Task(u32),
    /// The transport of the link in this slot may have a message.
    Receive(u32),
    /// The transport of the link in this slot may go on writing.
    Flush(u32),
}

/// What is ready, and who is to be woken for it.
#[derive(Default)]
pub(super) struct Signal {
    list: Mutex<List>,
    /// Set while something may be ready; saves taking the lock to find nothing. Written under the
    /// lock alone.
    raised: AtomicBool,
}

#[derive(Default)]
struct List {
    ready: Vec<Ready>,
    /// The driver, and now and then a promise.
    sleepers: SmallVec<[Waker; 2]>,
}

impl Signal {
    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that `ready` is ready, and wakes whoever drives the vat.
    fn raise_for(&self, ready: Ready) {
        let mut list = self.list();
        if list.ready.last() != Some(&ready) {
            list.ready.push(ready);
        }
        self.raised.store(true, Ordering::Release);
        let sleepers = std::mem::take(&mut list.sleepers);
        drop(list);
        sleepers.into_iter().for_each(Waker::wake);
    }

    /// Says that the vat has work, and wakes whoever drives it.
    pub(super) fn raise(&self) {
        let mut list = self.list();
        self.raised.store(true, Ordering::Release);
        let sleepers = std::mem::take(&mut list.sleepers);
        drop(list);
        sleepers.into_iter().for_each(Waker::wake);
    }

    /// As [`raise`](Self::raise), from the vat's own thread. Only that thread takes what was raised,
    /// so what it sees raised still is: no write to shared memory is needed.
    #[inline]
    pub(super) fn raise_here(&self) {
        if !self.is_raised() {
            self.raise();
        }
    }

    /// Whether something was raised since the last `take`.
    #[inline]
    pub(super) fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Acquire)
    }

    /// Moves what is ready to the end of `into`.
    pub(super) fn take(&self, into: &mut Vec<Ready>) {
        if self.is_raised() {
            let mut list = self.list();
            self.raised.store(false, Ordering::Release);
            into.append(&mut list.ready);
        }
    }

    /// Has `waker` woken by the next raise. False: something was raised already.
    pub(super) fn sleep(&self, waker: &Waker) -> bool {
        let mut list = self.list();
        if !list.sleepers.iter().any(|known| known.will_wake(waker)) {
            list.sleepers.push(waker.clone());
        }
        !self.raised.load(Ordering::Acquire)
    }
}

/// A waker that raises one thing.
pub(super) struct Raise {
    pub(super) ready: Ready,
    pub(super) signal: Arc<Signal>,
}

impl Wake for Raise {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.signal.raise_for(self.ready);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raise_before_the_sleep_is_not_missed() {
        let signal = Arc::new(Signal::default());
        let waker = Waker::from(Arc::new(Raise { ready: Ready::Task(7), signal: signal.clone() }));
        waker.wake_by_ref();
        assert!(!signal.sleep(Waker::noop()));
        let mut ready = Vec::new();
        signal.take(&mut ready);
        assert_eq!(ready, [Ready::Task(7)]);
        assert!(signal.sleep(Waker::noop()));
    }
}
