//! A driver's round: after each turn of its own vat it sees to the vats of its thread for which a message was written in
//! it, as long as their drivers sleep. An answer may be there before anybody was woken for the question.

use std::time::{Duration, Instant};

use super::local::Local;
use super::turn::Turn;
use super::visits;

/// How many visits follow one turn. Vats that write to one another all the time are left to their own drivers
/// after these.
const VISITS_PER_TURN: usize = 8;

/// How far the time of a vat may be from that of the driver that sees to it: no further than timers are late anyhow. A vat
/// that was not driven for longer is told the time by its own driver first; its clock may be another.
const TIME_OFF_MAX: Duration = Duration::from_millis(1);

/// The rest of the round, which is left to their own drivers when this is dropped.
pub(super) struct Round;

impl Round {
    /// Takes a turn for each vat that waits for one.
    pub(super) fn go(&self, now: Instant) {
        for _ in 0..VISITS_PER_TURN {
            let Some(place) = visits::next() else { return };
            if let Some(local) = Local::at(place)
                && !local.is_seen_to(now)
            {
                local.inner().near.wake_driver();
            }
        }
        self.leave();
    }

    /// Wakes the drivers of those that still wait for a turn.
    fn leave(&self) {
        while let Some(place) = visits::next() {
            Local::at(place).inspect(|local| local.inner().near.wake_driver());
        }
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Local {
    /// A turn on behalf of the driver, which sleeps. False: it is needed, for this or for what is left to do.
    fn is_seen_to(&self, now: Instant) -> bool {
        let inner = self.inner();
        if self.is_in_use() || self.mailbox().is_closed() || !inner.near.is_driver_asleep() {
            return false;
        }
        let Some(now) = self.now().and_then(|known| common(known, now)) else { return false };
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
