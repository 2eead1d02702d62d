//! A same-thread link joins two vats of one thread; messages cross by move.

use std::cell::RefCell;
use std::rc::Rc;

use super::link::{Lane, Link};
use super::peer::Peer;

/// One end of a link between two vats of one thread. Made by [`same_thread`].
///
/// What is sent waits for its reader without limit: both ends belong to this process, and how far a
/// sender may run ahead is decided by the flow control above.
pub type SameThread = Link<Rc<RefCell<Lane>>>;

/// A link between two vats of one thread: its two ends.
#[must_use]
pub fn same_thread() -> (SameThread, SameThread) {
    let left = Rc::new(RefCell::new(Lane::new()));
    let right = Rc::new(RefCell::new(Lane::new()));
    (
        Link::new(Peer::SameThread, Rc::clone(&left), Rc::clone(&right)),
        Link::new(Peer::SameThread, right, left),
    )
}
