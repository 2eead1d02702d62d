//! The owner of a vat: it makes one, on this thread or on one of its own, and ends it.

use std::task::Waker;
use std::time::Instant;

use super::driver::{Clock, Driver, Timeless};
use super::links::Entry;
use super::local::Local;
use super::quiet::drop_quietly;
use super::turn::Turn;

/// A vat of this thread. Dropping it ends the vat: its objects are dropped, its connections closed,
/// and what still waits for it fails with `disconnected`.
#[derive(Debug)]
pub struct Vat {
    local: Local,
}

impl Vat {
    /// A vat on the current thread. Run it with one of [`driver`](Self::driver) (any executor that
    /// polls futures), `tokio_driver` (with the feature `tokio`) or [`turn`](Self::turn) (no
    /// executor at all); without any, the promises that are polled drive it.
    #[must_use]
    pub fn local() -> Self {
        Self { local: Local::new() }
    }

    /// The vat as its thread sees it.
    #[must_use]
    pub fn here(&self) -> &Local {
        &self.local
    }

    /// The future that runs the vat, with a clock.
    pub fn driver<C: Clock>(&self, clock: C) -> Driver<C> {
        Driver::new(self.local.clone(), clock)
    }

    /// The future that runs the vat, without a clock: timers stand still.
    pub fn timeless_driver(&self) -> Driver<Timeless> {
        self.driver(Timeless)
    }

    /// One turn, for those who have no executor.
    pub fn turn(&self, now: Instant) -> Turn {
        self.local.turn(Some(now))
    }
}

impl Drop for Vat {
    fn drop(&mut self) {
        let inner = self.local.inner();
        self.local.leave();
        // What waits in the lobby holds its objects, which hold the vat: in the graph it holds nothing.
        self.local.enter_lobby();
        drop_quietly(inner.mailbox.close());
        let tasks = inner.tasks.borrow_mut().clear();
        drop_quietly(tasks);
        let links = inner.links.borrow_mut().clear();
        let (transports, waiting): (Vec<_>, Vec<_>) = links.into_iter().map(Entry::end).unzip();
        drop_quietly(transports);
        let objects = inner.targets.borrow_mut().remove_all();
        drop_quietly(objects);
        drop_quietly(self.local.take_slots());
        drop_quietly(inner.released.take());
        waiting.into_iter().flatten().for_each(Waker::wake);
        self.local.wake_all();
        inner.mailbox.signal.raise();
    }
}
