//! Foreign code runs quietly: its panic ends only itself.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Polls foreign code; `None` if it panicked.
#[inline]
pub(super) fn poll_quietly<F: Future + ?Sized>(
    future: Pin<&mut F>,
    waker: &Waker,
) -> Option<Poll<F::Output>> {
    catch_unwind(AssertUnwindSafe(|| future.poll(&mut Context::from_waker(waker)))).ok()
}

/// Drops foreign code.
#[inline]
pub(super) fn drop_quietly<T>(foreign: T) {
    quietly(|| drop(foreign));
}

/// Does something that drops foreign code.
#[inline]
pub(super) fn quietly(drops: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(drops));
}
