//! Timers wake tasks at a time; what time it is, is told by whoever runs the loop.

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::Instant;

/// Names a timer of a vat.
pub type TimerId = (Instant, u64);

/// The timers of a vat.
#[derive(Default)]
pub(super) struct Timers {
    wakers: BTreeMap<TimerId, Waker>,
    next: u64,
    now: Option<Instant>,
}

impl Timers {
    /// The time as of the last turn.
    pub(super) fn now(&self) -> Option<Instant> {
        self.now
    }

    /// When the next timer is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.wakers.keys().next().map(|(due, _)| *due)
    }

    pub(super) fn set(&mut self, due: Instant, waker: Waker) -> TimerId {
        let id = (due, self.next);
        self.next += 1;
        self.wakers.insert(id, waker);
        id
    }

    /// The waker of the timer, to be dropped by the caller.
    pub(super) fn cancel(&mut self, id: TimerId) -> Option<Waker> {
        self.wakers.remove(&id)
    }

    /// It is `now`: the wakers of all timers due, to be woken by the caller.
    #[inline]
    pub(super) fn advance(&mut self, now: Instant) -> Vec<Waker> {
        self.now = Some(now);
        if self.wakers.is_empty() {
            return Vec::new();
        }
        let mut due = Vec::new();
        while let Some(entry) = self.wakers.first_entry() {
            if entry.key().0 > now {
                break;
            }
            due.push(entry.remove());
        }
        due
    }
}
