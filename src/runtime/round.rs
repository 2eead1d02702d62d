//! A driver's round: after each turn of its own vat it sees to the vats of its thread for which a message was written in
//! it, as long as their drivers sleep. An answer may be there before anybody was woken for the question.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::local::Local;
use super::turn::Turn;
use super::visits;

/// How many visits follow one turn. Vats that write to one another all the time are left to their own drivers
/// after these.
const VISITS_PER_TURN: usize = 8;

/// How far the time that a vat was told by its own driver may be from that of the driver that sees to it: no further than
/// timers are late anyhow. A vat that was not told for longer is told by its own driver first; its clock may be another,
/// and may stand.
const TIME_OFF_MAX: Duration = Duration::from_millis(1);

/// The rest of the round, which is left to their own drivers when this is dropped.
pub(super) struct Round;

impl Round {
    /// Takes a turn for each vat that waits for one.
    pub(super) fn go(&self, now: Instant) {
        for _ in 0..VISITS_PER_TURN {
            match next() {
                Some(Some(local)) => local.see_to(now),
                Some(None) => {}
                None => return,
            }
        }
        self.leave();
    }

    /// Wakes the drivers of those that still wait for a turn.
    fn leave(&self) {
        while let Some(local) = next() {
            local.inspect(|local| local.inner().near.wake_driver());
        }
    }
}

/// The next vat to be seen to, if it is still there.
fn next() -> Option<Option<Local>> {
    let local = Local::at(visits::next()?);
    Some(local.inspect(|local| local.inner().near.is_come_to()))
}

impl Drop for Round {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Local {
    /// A turn on behalf of the driver, which sleeps; it is woken if it is needed. What panics in the turn of one vat ends its
    /// own driver, not that of another.
    fn see_to(&self, now: Instant) {
        let seen_to = catch_unwind(AssertUnwindSafe(|| self.is_seen_to(now)));
        let seen_to = seen_to.unwrap_or_else(|why| {
            self.inner().panicked.set(Some(why));
            false
        });
        if !seen_to {
            self.inner().near.wake_driver();
        }
    }

    /// False: the driver is needed, for this or for what is left to do.
    fn is_seen_to(&self, now: Instant) -> bool {
        let inner = self.inner();
        if self.is_in_use() || self.mailbox().is_closed() || !inner.near.is_driver_asleep() {
            return false;
        }
        let Some(common) = inner.told.get().and_then(|told| common(told, now)) else {
            return false;
        };
        // Never back, if it was seen to before.
        let now = self.now().map_or(common, |known| known.max(common));
        match self.turn_patiently(now) {
            Turn::Idle(due) if !inner.withheld.get() => {
                let until = inner.sleeps_until.get();
                due.is_none_or(|due| until.is_some_and(|until| until <= due))
            }
            _ => false,
        }
    }
}

/// The later of two times, if they are about the same.
fn common(known: Instant, now: Instant) -> Option<Instant> {
    let (earlier, later) = if now < known { (now, known) } else { (known, now) };
    (later - earlier < TIME_OFF_MAX).then_some(later)
}
