//! Seats: how many of those who came to a listener are there at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The seats of a listener.
pub(super) struct Seats(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    count: usize,
    /// Whoever has the next wait for a seat.
    waiter: Option<Waker>,
}

/// Taken by one who came, for as long as their stream is there.
pub(super) struct Seat(Arc<Mutex<Taken>>);

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seats {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        lock(&self.0).count
    }

    /// Ready while fewer than `most` are taken.
    pub(super) fn poll_free(&self, most: usize, cx: &mut Context<'_>) -> Poll<()> {
        if self.taken() < most {
            return Poll::Ready(());
        }
        // Foreign code, which runs outside of the lock; what is free by now is seen below.
        let waker = cx.waker().clone();
        let before = lock(&self.0).waiter.replace(waker);
        drop(before);
        if self.taken() < most { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Takes one.
    pub(super) fn take(&self) -> Seat {
        lock(&self.0).count += 1;
        Seat(Arc::clone(&self.0))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = lock(&self.0);
        // It was counted when it was taken.
        taken.count -= 1;
        let waiter = taken.waiter.take();
        drop(taken);
        waiter.into_iter().for_each(Waker::wake);
    }
}
