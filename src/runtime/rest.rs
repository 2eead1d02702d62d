//! Rest: no call is under way on any connection, and nobody is engaged in what outlasts a call.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::vat::LinkId;

use super::local::Local;

/// What the vat waits for before it is at rest.
#[derive(Default)]
struct Rest {
    engaged: Cell<usize>,
    waiting: RefCell<Vec<Waker>>,
}

/// Something is under way in a vat that no call tells of, such as a stream: the vat is not at rest while this lives.
pub struct Engaged {
    here: Local,
    rest: Rc<Rest>,
}

impl Local {
    /// The vat is not at rest until this is dropped.
    #[must_use]
    pub fn engage(&self) -> Engaged {
        let rest = self.slot::<Rest>();
        rest.engaged.set(rest.engaged.get() + 1);
        Engaged { here: self.clone(), rest }
    }

    /// What is under way: calls on connections, in either direction, and what is engaged in.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.slot::<Rest>().engaged.get() + self.with(|graph| graph.calls_under_way())
    }

    /// Ready when nothing is under way; else `waker` is woken when nothing is.
    pub fn poll_rest(&self, waker: &Waker) -> Poll<()> {
        if self.under_way() == 0 {
            return Poll::Ready(());
        }
        // Wakers are foreign code: cloned before the borrow.
        let new = waker.clone();
        let rest = self.slot::<Rest>();
        let mut waiting = rest.waiting.borrow_mut();
        if !waiting.iter().any(|known| known.will_wake(&new)) {
            waiting.push(new);
        }
        self.inner().waits_for_rest.set(true);
        Poll::Pending
    }

    /// Wakes those who wait for rest, where there is.
    #[inline]
    pub(super) fn tell_rest(&self) {
        if self.inner().waits_for_rest.get() && self.under_way() == 0 {
            self.inner().waits_for_rest.set(false);
            let waiting = self.slot::<Rest>().waiting.take();
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// Once the connection is over and its last words are written, it is kept until its peer has ended its own
    /// direction, or the grace: a socket that is closed before may take what the peer has not read along.
    pub fn linger(&self, link: LinkId) {
        self.inner().links.borrow_mut().linger(link);
    }

    /// Whether a connection and its transport are forgotten; if not, `waker` is woken then.
    pub fn poll_forgotten(&self, link: LinkId, waker: &Waker) -> Poll<()> {
        if self.with(|graph| graph.connection(link).is_none()) || self.mailbox().is_closed() {
            return Poll::Ready(());
        }
        self.watch_closed(link, waker);
        Poll::Pending
    }
}

impl Drop for Engaged {
    fn drop(&mut self) {
        self.rest.engaged.set(self.rest.engaged.get().saturating_sub(1));
        // The end of a turn looks whether all is at rest.
        self.here.stir();
    }
}
