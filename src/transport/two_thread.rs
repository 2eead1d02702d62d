//! A two-thread link joins two vats of one process that live on different threads; messages cross
//! by move, under a lock that is held for the exchange of two queues.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use super::contract::Transport;
use super::error::TransportError;
use super::link::{Lane, Link};
use super::peer::Peer;
use crate::wire::Message;

/// One end of a link between two threads; it may be sent to its thread. Made by [`two_thread`].
///
/// The other side is woken only when it sleeps. What is sent waits without limit, as with
/// [`SameThread`](super::SameThread).
pub struct TwoThread(Link<Arc<Mutex<Lane>>>);

/// A link between two vats on different threads: its two ends.
#[must_use]
pub fn two_thread() -> (TwoThread, TwoThread) {
    let left = Arc::new(Mutex::new(Lane::new()));
    let right = Arc::new(Mutex::new(Lane::new()));
    (
        TwoThread(Link::new(Peer::TwoThread, Arc::clone(&left), Arc::clone(&right))),
        TwoThread(Link::new(Peer::TwoThread, right, left)),
    )
}

/// A message may cross to another thread; this fails to build if one day it may not.
const _: fn() = || {
    const fn sendable<T: Send>() {}
    sendable::<TwoThread>();
};

impl Transport for TwoThread {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>> {
        self.0.poll_receive(cx)
    }

    fn send(&mut self, message: Message) -> Result<(), TransportError> {
        self.0.send(message)
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(self.0.flush())
    }

    fn poll_close(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(self.0.close())
    }

    fn queued_bytes(&self) -> usize {
        0
    }

    fn peer(&self) -> &Peer {
        self.0.peer()
    }
}
