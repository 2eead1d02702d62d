//! A reader of what is written in the same process: known from one sleep to the next, and woken outside of all borrows.

use std::mem;
use std::task::Waker;

/// Whoever reads one direction.
pub(super) enum Reader {
    /// Nobody read yet, or nobody does any more.
    Unknown,
    Awake(Waker),
    Asleep(Waker),
    /// Its waker is lent, to wake it.
    Lent,
}

impl Reader {
    /// It sleeps: whom is known if `waker` is its, else `new`, which is exchanged for it. False: whom to wake is not known.
    pub(super) fn sleep(&mut self, waker: &Waker, new: &mut Option<Waker>) -> bool {
        *self = match (mem::replace(self, Self::Unknown), new.take()) {
            (Self::Awake(known) | Self::Asleep(known), None) if known.will_wake(waker) => {
                Self::Asleep(known)
            }
            (unknown, None) => {
                *self = unknown;
                return false;
            }
            (Self::Awake(before) | Self::Asleep(before), Some(named)) => {
                *new = Some(before);
                Self::Asleep(named)
            }
            (_, Some(named)) => Self::Asleep(named),
        };
        true
    }

    pub(super) const fn is_asleep(&self) -> bool {
        matches!(self, Self::Asleep(_))
    }

    /// Its waker, lent to be woken, if it sleeps.
    pub(super) fn lend(&mut self) -> Option<Waker> {
        match mem::replace(self, Self::Lent) {
            Self::Asleep(waker) => Some(waker),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Puts a waker back that was lent; if another has come meanwhile, or nobody reads any more, it is handed back to be dropped.
    pub(super) fn keep(&mut self, waker: Waker) -> Option<Waker> {
        if !matches!(self, Self::Lent) {
            return Some(waker);
        }
        *self = Self::Awake(waker);
        None
    }

    /// Nobody reads any more: the waker, to be dropped.
    pub(super) fn leave(&mut self) -> Option<Waker> {
        match mem::replace(self, Self::Unknown) {
            Self::Awake(waker) | Self::Asleep(waker) => Some(waker),
            Self::Unknown | Self::Lent => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::task::Wake;

    struct Somebody;

    impl Wake for Somebody {
        fn wake(self: Arc<Self>) {}
    }

    /// A copy of another, as are the copies that are kept: where memory is watched an original is told from its copies.
    fn waker() -> Waker {
        let original = Waker::from(Arc::new(Somebody));
        original.clone()
    }

    fn asleep(waker: &Waker) -> Reader {
        let mut reader = Reader::Unknown;
        assert!(!reader.sleep(waker, &mut None), "whom to wake is not known");
        assert!(reader.sleep(waker, &mut Some(waker.clone())));
        assert!(reader.is_asleep());
        reader
    }

    #[test]
    fn a_reader_is_woken_once_a_sleep_and_known_in_the_next() {
        let waker = waker();
        let mut reader = asleep(&waker);
        let lent = reader.lend().expect("it sleeps");
        assert!(reader.lend().is_none(), "it is awake by now");
        assert!(reader.keep(lent).is_none());
        assert!(reader.sleep(&waker, &mut None), "it is known");
        assert!(reader.lend().is_some());
    }

    #[test]
    fn a_waker_that_comes_back_late_is_kept_by_nobody() {
        let [waker, other] = [(); 2].map(|()| waker());
        let mut reader = asleep(&waker);
        let lent = reader.lend().expect("it sleeps");
        assert!(reader.sleep(&other, &mut Some(other.clone())));
        assert!(reader.keep(lent).is_some(), "another reads now");
        let lent = reader.lend().expect("the other sleeps");
        assert!(reader.leave().is_none());
        assert!(reader.keep(lent).is_some(), "nobody reads any more");
    }
}
