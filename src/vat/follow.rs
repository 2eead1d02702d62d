//! Following: a capability leads along the promises that are resolved.

use super::graph::Graph;
use super::id::Cap;
use super::node::{Kind, State};
use super::stream::Stream;

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
            let to = self.first_of_stream(cap).unwrap_or(at);
            self.shorten(cap, to);
        }
        at
    }

    /// The first on the way from `cap` where streaming calls are counted that it may have sent, and may cut off or hear
    /// the failure of: it would be forgotten with the way.
    fn first_of_stream(&self, cap: Cap) -> Option<Cap> {
        let counts = |at: &Cap| {
            let stream = self.nodes.get(*at).and_then(|node| self.streams.get(node.stream?));
            stream.is_some_and(Stream::is_of_concern)
        };
        std::iter::successors(self.resolved(cap), |at| self.resolved(*at)).find(counts)
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

    /// Makes a promise point straight to what stands further on its way.
    fn shorten(&mut self, cap: Cap, end: Cap) {
        if self.resolved(cap) == Some(end) {
            return;
        }
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
