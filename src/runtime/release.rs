//! Giving up: destructors only write down what they let go of, and the next turn gives it back.

use std::any::Any;

use crate::vat::{CallId, Cap, MembraneId, Payload, TargetId};

use super::local::Local;
use super::quiet::quietly;
use super::released::Release;

/// For how many there stays room in the list: one busy moment does not stay in memory.
const KEPT: usize = 256;

impl Local {
    /// Gives a reference back at the next turn.
    pub fn release(&self, cap: Cap) {
        self.give_up(Release::Cap(cap));
    }

    /// Gives back the references of a payload at the next turn.
    pub fn release_payload(&self, payload: Payload) {
        self.give_up(Release::Payload(Box::new(payload)));
    }

    /// Awaits the results of a call no more, from the next turn on.
    pub fn drop_result(&self, call: CallId) {
        self.give_up(Release::Result(call));
    }

    /// Pipelines on a call no more: at once where nothing else follows from it, else from the next
    /// turn on.
    #[inline]
    pub fn end_pipeline(&self, call: CallId) {
        let done = self
            .inner()
            .graph
            .try_borrow_mut()
            .is_ok_and(|mut graph| graph.try_drop_pipeline(call));
        if !done {
            self.drop_pipeline(call);
        }
    }

    /// Pipelines on a call no more, from the next turn on.
    pub fn drop_pipeline(&self, call: CallId) {
        self.give_up(Release::Pipeline(call));
    }

    /// Who held an object since it was [placed](Self::place) holds it no more, from the next turn on.
    #[inline]
    pub(super) fn vacate(&self, target: TargetId) {
        self.give_up(Release::Hold(target));
    }

    /// Drops something at the next turn.
    pub fn drop_later(&self, left: Box<dyn Any>) {
        self.give_up(Release::Litter(left));
    }

    /// Gives a membrane up at the next turn: what crossed it stays walled.
    pub fn release_membrane(&self, membrane: MembraneId) {
        self.give_up(Release::Membrane(membrane));
    }

    #[inline]
    fn give_up(&self, release: Release) {
        self.inner().released.borrow_mut().push(release);
        self.stir();
    }

    #[inline]
    pub(super) fn has_releases(&self) -> bool {
        !self.inner().released.borrow().is_empty()
    }

    #[inline]
    pub(super) fn drain_releases(&self) {
        if self.has_releases() {
            self.give_back();
        }
    }

    fn give_back(&self) {
        let mut released = std::mem::take(&mut *self.inner().released.borrow_mut());
        self.quietly(|graph| {
            let mut targets = self.inner().targets.borrow_mut();
            released.iter_mut().for_each(|release| release.give_back(graph, &mut targets));
        });
        quietly(|| released.clear());
        if released.capacity() > 2 * KEPT {
            released.shrink_to(KEPT);
        }
        let mut list = self.inner().released.borrow_mut();
        if list.is_empty() {
            *list = released;
        }
    }
}
