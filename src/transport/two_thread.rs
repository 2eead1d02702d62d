//! A two-thread link joins two vats of one process that live on different threads; messages cross
//! by move, under a lock that is held for the exchange of two queues.

use std::sync::{Arc, Mutex};

use super::link::{Lane, Link};
use super::peer::Peer;

/// One end of a link between two threads; it may be sent to its thread. Made by [`two_thread`].
///
/// The other side is woken only when it sleeps. What is sent waits without limit, as with
/// [`SameThread`](super::SameThread).
pub type TwoThread = Link<Arc<Mutex<Lane>>>;

/// A link between two vats on different threads: its two ends.
#[must_use]
pub fn two_thread() -> (TwoThread, TwoThread) {
    let left = Arc::new(Mutex::new(Lane::new()));
    let right = Arc::new(Mutex::new(Lane::new()));
    (
        Link::new(Peer::TwoThread, Arc::clone(&left), Arc::clone(&right)),
        Link::new(Peer::TwoThread, right, left),
    )
}

/// A message may cross to another thread; this fails to build if one day it may not.
const _: fn() = || {
    const fn sendable<T: Send>() {}
    sendable::<TwoThread>();
};
