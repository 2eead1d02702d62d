//! A same-thread link joins two vats of one thread; messages cross by move.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::contract::Transport;
use super::error::TransportError;
use super::link::{Lane, Link};
use super::peer::Peer;
use crate::wire::Message;

/// One end of a link between two vats of one thread. Made by [`same_thread`].
///
/// What is sent waits for its reader without limit: both ends belong to this process, and how far a
/// sender may run ahead is decided by the flow control above.
pub struct SameThread(Link<Rc<RefCell<Lane>>>);

/// A link between two vats of one thread: its two ends.
#[must_use]
pub fn same_thread() -> (SameThread, SameThread) {
    let left = Rc::new(RefCell::new(Lane::new()));
    let right = Rc::new(RefCell::new(Lane::new()));
    (
        SameThread(Link::new(Peer::SameThread, Rc::clone(&left), Rc::clone(&right))),
        SameThread(Link::new(Peer::SameThread, right, left)),
    )
}

impl Transport for SameThread {
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
