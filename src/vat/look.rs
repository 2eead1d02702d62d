//! Looking: what a capability has come to be.

use super::call::Origin;
use super::graph::Graph;
use super::id::{CallId, Cap, TargetId};
use super::node::{Kind, State};

impl Graph {
    /// What a promise was resolved to, as far as is known. The caller gets one reference of it.
    /// `None`: it is not resolved, or no promise.
    pub fn resolution(&mut self, cap: Cap) -> Option<Cap> {
        let end = self.follow(cap);
        self.settle();
        if end == cap {
            return None;
        }
        self.retain(end);
        Some(end)
    }

    /// Whether calls on it may yet take another way than now.
    #[must_use]
    pub fn is_pending(&mut self, cap: Cap) -> bool {
        let end = self.follow(cap);
        self.settle();
        let state = self.nodes.get(end).and_then(|node| node.kind.state());
        matches!(state, Some(State::Pending | State::Embargoed(_)))
    }

    /// The object behind it, if it is one of this vat, as far as promises have been resolved.
    pub fn target_of(&mut self, cap: Cap) -> Option<TargetId> {
        let end = self.follow(cap);
        self.settle();
        match &self.nodes.get(end)?.kind {
            Kind::Target(target) => Some(*target),
            Kind::Streamed(streamed) => Some(streamed.target),
            _ => None,
        }
    }

    /// As [`target_of`](Self::target_of), if the object takes calls now: no stream holds it.
    #[inline]
    pub fn ready_target(&mut self, cap: Cap) -> Option<TargetId> {
        let end = match &self.nodes.get(cap)?.kind {
            Kind::Target(target) => return Some(*target),
            Kind::Promise(_) => self.follow(cap),
            _ => return None,
        };
        self.settle();
        match &self.nodes.get(end)?.kind {
            Kind::Target(target) => Some(*target),
            _ => None,
        }
    }

    /// Whether capabilities in the results of a call were asked for before them, or may be by who is not
    /// asked first: a peer, another thread, a call this one answers. Who made the call here and holds
    /// nothing but its promise sees the results before it asks for what is in them.
    #[must_use]
    pub fn may_be_pipelined(&self, call: CallId) -> bool {
        self.calls.get(call).is_some_and(|call| {
            call.origin != Origin::Waiting || call.pipeline_refs > 1 || !call.pipelines.is_empty()
        })
    }

    /// One more reference of what may be gone; whether it is still there.
    pub fn upgrade(&mut self, cap: Cap) -> bool {
        let there = self.nodes.get(cap).is_some();
        self.retain(cap);
        there
    }

    /// A number for what a capability has come to be: the same for two that are the same here, as
    /// long as both are held.
    pub fn place_of(&mut self, cap: Cap) -> u32 {
        let end = self.follow(cap);
        self.settle();
        end.index()
    }
}
