//! Following: a capability leads along the promises that are resolved.

use super::graph::Graph;
use super::id::Cap;
use super::node::{Kind, State};

impl Graph {
    /// What `cap` is resolved to by now; itself where it is not resolved. An embargo ends the way.
    #[inline]
    pub(super) fn follow(&mut self, cap: Cap) -> Cap {
        let mut at = cap;
        let mut hops = 0;
        while let Some(to) = self.resolved(at) {
            at = to;
            hops += 1;
        }
        if hops > 1 {
            self.shorten(cap, at);
        }
        at
    }

    /// As [`follow`](Self::follow), and shortens nothing.
    #[inline]
    pub(super) fn end_of(&self, cap: Cap) -> Cap {
        let mut at = cap;
        while let Some(to) = self.resolved(at) {
            at = to;
        }
        at
    }

    #[inline]
    pub(super) fn resolved(&self, cap: Cap) -> Option<Cap> {
        match self.nodes.get(cap)?.kind.state()? {
            State::Resolved(to) => Some(*to),
            _ => None,
        }
    }

    /// Makes a promise point straight to where its chain ends.
    fn shorten(&mut self, cap: Cap, end: Cap) {
        self.retain(end);
        if let Some(node) = self.nodes.get_mut(cap)
            && let Kind::Promise(promise) = &mut node.kind
            && let State::Resolved(to) = &mut promise.state
        {
            let before = std::mem::replace(to, end);
            self.unref(before);
        }
    }

    pub(super) fn is_broken(&mut self, cap: Cap) -> bool {
        let end = self.follow(cap);
        match self.nodes.get(end) {
            Some(node) => matches!(node.kind, Kind::Broken(_) | Kind::Null),
            None => true,
        }
    }
}
