//! What is waited for on somebody's behalf is waited for no longer than they are there.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures_channel::oneshot;

/// What `future` comes to; `None` if nobody is left to be told before. Cancel safe.
pub(super) async fn while_heard<T, F: Future>(
    tell: &mut oneshot::Sender<T>,
    future: F,
) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => tell.poll_canceled(cx).map(|()| None),
    })
    .await
}
