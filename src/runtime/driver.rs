//! A driver is the future that runs a vat: poll it anywhere on the vat's thread.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use super::local::Local;
use super::round::Round;
use super::signal::Sleeper;
use super::turn::Turn;

/// How many turns one poll takes before others of the same executor have theirs.
const TURNS_PER_POLL: usize = 32;

/// Tells the time, and wakes at a time. Handed to a driver by whoever has a clock.
pub trait Clock: Unpin {
    /// What time it is.
    fn now(&self) -> Instant;

    /// Ready once it is `until`; otherwise wakes the task then.
    fn poll_sleep(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()>;

    /// Has the task polled again soon, after the others of the executor and, if that is in the
    /// clock's power, after the executor has looked for input.
    fn yield_now(&mut self, cx: &mut Context<'_>) {
        cx.waker().wake_by_ref();
    }

    /// The same time for others on the thread, where it can be told without this clock. A promise that is polled before
    /// the driver is then takes in what has come; otherwise that is left to the driver.
    fn teller(&self) -> Option<fn() -> Instant> {
        None
    }
}

/// No clock: timers stand still.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeless;

impl Clock for Timeless {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn poll_sleep(&mut self, _: Instant, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    fn teller(&self) -> Option<fn() -> Instant> {
        Some(Instant::now)
    }
}

/// Runs a vat until the vat is gone. While a vat has a driver, promises that are polled deliver
/// calls, and take in what the driver was woken for if they are polled before it; nothing is sent out of their turn.
///
/// Where a message goes to another vat of the same thread whose driver sleeps, the driver that wrote it takes that
/// vat's turn: nobody is woken for a question that is answered at once. What panics in such a turn is the other driver's to
/// hear, when it is polled next.
///
/// Cancel safe: dropping it stops nothing half-way; another driver or a promise goes on.
#[must_use = "a driver does nothing unless polled"]
pub struct Driver<C> {
    local: Local,
    clock: C,
}

impl Driver<Timeless> {
    /// As [`Vat::timeless_driver`](crate::runtime::Vat::timeless_driver), for those who do not own the vat.
    pub fn timeless(local: Local) -> Self {
        Self::new(local, Timeless)
    }
}

impl<C: Clock> Driver<C> {
    pub(super) fn new(local: Local, clock: C) -> Self {
        local.inner().drivers.set(local.inner().drivers.get() + 1);
        local.inner().teller.set(clock.teller());
        Self { local, clock }
    }
}

impl<C: Clock> Future for Driver<C> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { local, clock } = &mut *self;
        let (signal, watch) = (&local.inner().near, &local.inner().watch);
        if let Some(why) = local.inner().panicked.take() {
            resume_unwind(why);
        }
        let mut now = local.is_told(clock.now());
        if !signal.is_raised() && !local.inner().withheld.get() && watch.borrow_mut().goes_on(now) {
            clock.yield_now(cx);
            return Poll::Pending;
        }
        let watches = watch.borrow_mut().came(now);
        signal.wakes_up(cx.waker());
        let round = Round;
        for _ in 0..TURNS_PER_POLL {
            if local.mailbox().is_closed() {
                return Poll::Ready(());
            }
            let turn = local.turn_if_any(now);
            round.go(now);
            let Turn::Idle(due) = turn else {
                if local.inner().withheld.get() {
                    clock.yield_now(cx);
                    return Poll::Pending;
                }
                continue;
            };
            // What was visited may have answered.
            if signal.is_raised() || !signal.sleep(Sleeper::Driver, cx.waker()) {
                continue;
            }
            local.inner().sleeps_until.set(due);
            match due {
                Some(due) if clock.poll_sleep(due, cx).is_ready() => {
                    now = local.is_told(clock.now());
                }
                _ if watches => {
                    watch.borrow_mut().begin();
                    clock.yield_now(cx);
                    return Poll::Pending;
                }
                _ => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<C> Drop for Driver<C> {
    fn drop(&mut self) {
        self.local.inner().drivers.set(self.local.inner().drivers.get() - 1);
        self.local.inner().near.forget_driver();
        // Whoever polls a promise of this vat drives it from here on.
        self.local.mailbox().signal.raise();
    }
}
