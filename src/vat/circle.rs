//! Circles: promises that wait for each other are found out, and are errors. (C-P6)

use crate::wire::Exception;

use super::call::Place;
use super::graph::Graph;
use super::id::{CallId, Cap, LinkId};
use super::node::{Kind, Promise, Source, State};

/// How far what a promise waits for is followed to find it waits for itself. Each resolution walks
/// that far, and a peer can make the way as long as it has calls in flight; what waits in a larger
/// circle waits for ever, and costs nothing.
const WAITS_MAX: usize = 256;

/// How often in a row a promise of a peer may come to be another promise of that peer. Three vats,
/// or two over two connections, can tie promises into a circle none of them sees: each sees
/// promise after promise, for ever. (C-M8)
const HOPS_MAX: u16 = 256;

impl Graph {
    /// `to`, or something broken if that is, or waits for, the promise itself.
    pub(super) fn unless_circle(&mut self, promise: Cap, to: Cap) -> Cap {
        if !self.leads_to(to, promise) {
            return to;
        }
        let why = Exception::failed("a promise was resolved to itself, or to what waits for it");
        // Around a circle, the disembargoes of two vats may each wait behind an embargo of the other.
        for at in self.way_from(to).take_while(|at| *at != promise).collect::<Vec<_>>() {
            self.lift(at, Some(why.clone()));
        }
        self.unref(to);
        self.broken(why)
    }

    pub(super) fn leads_to(&mut self, from: Cap, goal: Cap) -> bool {
        // Chains of promises are followed to their ends, however long: no way leads around for ever.
        let from = self.follow(from);
        self.way_from(from).any(|at| at == goal)
    }

    /// What `from` waits for, and what that waits for: through what promises came to be, embargoes
    /// before it, and calls that wait to be delivered.
    fn way_from(&self, from: Cap) -> impl Iterator<Item = Cap> {
        std::iter::successors(Some(from), |at| self.waits_for(*at)).take(WAITS_MAX)
    }

    fn waits_for(&self, cap: Cap) -> Option<Cap> {
        match &self.nodes.get(cap)?.kind {
            Kind::Promise(Promise {
                state: State::Resolved(to) | State::Embargoed(to), ..
            }) => Some(*to),
            Kind::Promise(Promise { source: Source::Pipeline(call, _), .. }) => {
                self.waits_at(*call)
            }
            _ => None,
        }
    }

    /// Where a call waits to be delivered.
    fn waits_at(&self, call: CallId) -> Option<Cap> {
        let redirected = |at: &CallId| match self.calls.get(*at)?.place {
            Place::Redirected(next) => Some(next),
            _ => None,
        };
        let end = std::iter::successors(Some(call), redirected).take(WAITS_MAX).last()?;
        match self.calls.get(end)?.place {
            Place::Queued(_, _, at) => Some(at),
            _ => None,
        }
    }

    /// A promise of a peer came to be `to`. False: it has done so too often in a row.
    pub(super) fn count_hop(&mut self, link: LinkId, promise: Cap, to: Cap) -> bool {
        let hops = match self.nodes.get(promise).map(|node| &node.kind) {
            Some(Kind::Promise(promise)) => promise.hops + 1,
            _ => return true,
        };
        match self.nodes.get_mut(to).map(|node| &mut node.kind) {
            Some(Kind::Promise(to)) if matches!(to.source, Source::Import(at, _) if at == link) => {
                to.hops = to.hops.max(hops);
                to.hops <= HOPS_MAX
            }
            _ => true,
        }
    }
}
