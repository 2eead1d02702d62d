//! Tasks are the calls whose objects did not answer at once.

use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use crate::conn::make_room;
use crate::vat::CallId;

use super::dispatch::{Conclusion, LocalFuture};
use super::signal::{Raise, Ready, Signal};

/// What a call runs in its object; other work of a vat's thread has no call.
pub(super) enum Work {
    Call(CallId, LocalFuture<Conclusion>),
    Spawned(LocalFuture<()>),
}

enum Slot {
    Free,
    /// Its future is being polled.
    Polling,
    /// The vat ended while its future was being polled.
    Doomed,
    Parked(Work),
}

/// The tasks of a vat.
pub(super) struct Tasks {
    /// Wakers are counted without atomics: they are lent for each poll.
    slots: Vec<(Slot, Rc<Waker>)>,
    free: Vec<u32>,
    /// The slot of each call whose future waits, by the call's index.
    by_call: Vec<Option<u32>>,
    signal: Arc<Signal>,
}

impl Tasks {
    pub(super) fn new(signal: Arc<Signal>) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), by_call: Vec::new(), signal }
    }

    /// A slot to poll a future in, and its waker. A waker that outlives the task wakes the slot's
    /// next tenant, which takes no harm.
    #[inline]
    pub(super) fn reserve(&mut self) -> (u32, Rc<Waker>) {
        let index = self.free.pop().unwrap_or_else(|| {
            let index = u32::try_from(self.slots.len()).expect("memory ends before 2^32 tasks");
            let raise = Raise { ready: Ready::Task(index), signal: self.signal.clone() };
            make_room(&mut self.slots, index as usize + 1);
            self.slots.push((Slot::Free, Rc::new(Waker::from(Arc::new(raise)))));
            index
        });
        // In bounds: it was listed as free, or made just now.
        let (slot, waker) = &mut self.slots[index as usize];
        *slot = Slot::Polling;
        (index, waker.clone())
    }

    /// The future is not ready; a cancel of its call finds it here. Given back if the vat ended
    /// meanwhile, to be dropped.
    pub(super) fn park(&mut self, index: u32, work: Work) -> Option<Work> {
        let (slot, _) = self.slots.get_mut(index as usize)?;
        if matches!(slot, Slot::Doomed) {
            *slot = Slot::Free;
            self.free.push(index);
            return Some(work);
        }
        if let Work::Call(call, _) = &work {
            let at = call.index() as usize;
            if self.by_call.len() <= at {
                make_room(&mut self.by_call, at + 1);
                self.by_call.resize(at + 1, None);
            }
            // In bounds: it was made as long just now.
            self.by_call[at] = Some(index);
        }
        *slot = Slot::Parked(work);
        None
    }

    /// The future is done, and the slot free.
    #[inline]
    pub(super) fn end(&mut self, index: u32) {
        if let Some((slot, _)) = self.slots.get_mut(index as usize) {
            *slot = Slot::Free;
            self.free.push(index);
        }
    }

    /// Takes a parked task out to be polled. A cancel of its call does not find it meanwhile.
    pub(super) fn take(&mut self, index: u32) -> Option<(Work, Rc<Waker>)> {
        let (slot, waker) = self.slots.get_mut(index as usize)?;
        match std::mem::replace(slot, Slot::Polling) {
            Slot::Parked(work) => {
                if let Work::Call(call, _) = &work
                    && let Some(known) = self.by_call.get_mut(call.index() as usize)
                {
                    *known = None;
                }
                Some((work, waker.clone()))
            }
            other => {
                *slot = other;
                None
            }
        }
    }

    /// Takes a cancelled call's future, to be dropped by the caller. One that is being polled is not
    /// here: it is not parked again, as its call is over.
    pub(super) fn cancel(&mut self, call: CallId) -> Option<Work> {
        let index = self.by_call.get_mut(call.index() as usize)?.take()?;
        let (slot, _) = self.slots.get_mut(index as usize)?;
        match std::mem::replace(slot, Slot::Free) {
            Slot::Parked(work) => {
                self.free.push(index);
                Some(work)
            }
            other => {
                *slot = other;
                None
            }
        }
    }

    /// Takes everything, to be dropped by the caller.
    pub(super) fn clear(&mut self) -> Vec<Work> {
        self.by_call.clear();
        let slots = self.slots.iter_mut().map(|(slot, _)| std::mem::replace(slot, Slot::Doomed));
        slots
            .filter_map(|slot| if let Slot::Parked(work) = slot { Some(work) } else { None })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vat::{Graph, Payload, Request};
    use crate::wire::Exception;

    /// A call of `graph` that is forgotten again before the next is made.
    fn brief(graph: &mut Graph) -> CallId {
        let nobody = graph.broken(Exception::failed("nobody"));
        let call = graph.call(nobody, Request { interface: 0, method: 0, params: Payload::null() });
        graph.release(nobody);
        graph.drop_result(call);
        graph.drop_pipeline(call);
        assert!(graph.poll_output().is_none());
        call
    }

    #[test]
    fn a_call_that_ends_after_its_cancel_leaves_the_next_under_its_index_cancellable() {
        let mut graph = Graph::default();
        let (first, second) = (brief(&mut graph), brief(&mut graph));
        assert_eq!(first.index(), second.index());
        let mut tasks = Tasks::new(Arc::default());
        let (polled, _) = tasks.reserve();
        assert!(tasks.cancel(first).is_none(), "it is being polled");
        let (index, _) = tasks.reserve();
        assert!(tasks.park(index, Work::Call(second, Box::pin(std::future::pending()))).is_none());
        tasks.end(polled);
        assert!(tasks.cancel(second).is_some());
    }
}
