//! Embargoes: calls by a new way wait until a disembargo has followed the old one to its end.
//!
//! Each reference is an order of calls, and each node keeps the order of what comes to it: it hands
//! on at once, or queues. So order is lost only where a promise of a peer, which was called, comes to
//! be something of ours: what was sent is still under way. It is kept by one rule for both sides. A
//! disembargo is an item like a call, goes where calls go, and waits where they wait; where it leaves
//! the vat or reaches an object it is sent back, for then every call before it has gone ahead of
//! whatever its sender may send from now on.
//!
//! `rpc.capnp: Disembargo` asks for less and more: for calls and disembargoes to be forwarded strictly
//! to what the peer was told, even if that has been resolved since. That orders them for the peer, but
//! not for those here whose embargo is lifted by the same disembargo: their calls take the shorter
//! way, and overtake. Peers that do forward strictly are none the worse for it: to them, a call that
//! took a shorter way than they did was merely fast. (C-E9)

use crate::conn::{InTarget, OutTarget, PeerMisbehaved};
use crate::wire::{EmbargoId, Exception, ImportId};

use super::call::{Call, Place, Told};
use super::graph::Graph;
use super::id::{Cap, LinkId};
use super::node::{Item, Kind, State};

/// What no peer exports, lest one that looks takes it for something else.
const NOWHERE: ImportId = ImportId(u32::MAX);

/// Our embargoes.
impl Graph {
    /// The promise comes to be `to`, whose reference is taken, once the peer has sent back what
    /// was sent to it along `path`. Until then it keeps its name to the peer. (C-E2)
    pub(super) fn embargo(&mut self, promise: Cap, to: Cap, link: LinkId, path: OutTarget) {
        let Some(at) = self.links.get_mut(link) else { return self.unref(to) };
        let embargo = at.conn.disembargo(path);
        at.embargoes.insert(embargo, promise);
        self.retain(promise);
        self.stay_named(promise);
        if let Some(Kind::Promise(this)) = self.nodes.get_mut(promise).map(|node| &mut node.kind) {
            this.state = State::Embargoed(to);
        }
        self.touch(link);
    }

    pub(super) fn is_embargoed(&self, cap: Cap) -> bool {
        let state = self.nodes.get(cap).and_then(|node| node.kind.state());
        matches!(state, Some(State::Embargoed(_)))
    }

    /// The promise behind an embargo that is over, with the reference the link had of it.
    pub(super) fn embargoed_by(&mut self, link: LinkId, embargo: EmbargoId) -> Option<Cap> {
        self.links.get_mut(link)?.embargoes.remove(&embargo)
    }

    /// The embargo before a promise is over: lifted, or broken for good.
    pub(super) fn lift(&mut self, promise: Cap, broken: Option<Exception>) {
        let Some(node) = self.nodes.get_mut(promise) else { return };
        if let Kind::Promise(this) = &mut node.kind
            && let State::Embargoed(to) = this.state
        {
            this.state = State::Pending;
            let to = match broken {
                None => self.unless_circle(promise, to),
                Some(why) => {
                    self.unref(to);
                    self.broken(why)
                }
            };
            self.become_resolved(promise, to);
        }
    }
}

/// Embargoes of peers.
impl Graph {
    /// A disembargo of the peer sets out along `target`, behind the calls that came before it.
    pub(super) fn on_disembargo(&mut self, link: LinkId, target: &InTarget, embargo: EmbargoId) {
        if let Some(told) = self.told(link, target) {
            self.pin(told);
            let at = self.links.get_mut(link).map(|at| &mut at.returning);
            // A peer that uses an embargo id twice at a time gets them back in some order.
            let before = at.map_or(Some(told), |returning| returning.insert(embargo, told));
            if let Some(before) = before {
                self.unpin(before);
            }
        }
        let to = self.target(link, target);
        self.enqueue(to, Item::Disembargo(link, embargo));
        self.unref(to);
    }

    /// A disembargo of the peer waits at a promise.
    pub(super) fn stall(&mut self, link: LinkId, embargo: EmbargoId, at: Cap) {
        if let Some(link) = self.links.get_mut(link) {
            // Its waits before this one are over.
            link.stalled.retain(|(known, _)| *known != embargo);
            link.stalled.push((embargo, at));
        }
    }

    /// What of its own the peer was told that `target` is.
    fn told(&self, link: LinkId, target: &InTarget) -> Option<Cap> {
        match target {
            InTarget::Local(slot) => self.links.get(link)?.exports.get(*slot)?.told,
            InTarget::Answer { tag, path } => {
                let call = self.calls.get(self.calls.key_of(tag.0)?)?;
                let Call { place: Place::Kept(results, told), .. } = call else { return None };
                let index = results.content.cap_at(path).ok()?? as usize;
                let is_theirs = *told.get(index)? == Told::Theirs;
                results.caps.get(index).copied()?.filter(|_| is_theirs)
            }
        }
    }

    /// What a peer that was told that `told` is its own is to understand by it: what it was told, or
    /// what that came to be. Something broken, or in results the peer may have forgotten by now, has
    /// lost its name. Nearly all engines go by the id of the embargo alone.
    fn name_on(&mut self, link: LinkId, told: Cap) -> OutTarget {
        let end = self.follow(told);
        let name = self.address_on(link, told).or_else(|| self.address_on(link, end));
        name.unwrap_or(OutTarget::Import(NOWHERE))
    }

    /// Sends a peer's disembargo back: it is past the calls that came before it. It goes back to
    /// what the peer was told; one whose sender was told of nothing must have ended at `end` with
    /// its sender. (C-E3, C-E8)
    pub(super) fn loop_back(
        &mut self,
        from: LinkId,
        embargo: EmbargoId,
        end: Option<(LinkId, OutTarget)>,
    ) {
        let Some(at) = self.links.get_mut(from) else { return };
        let told = at.returning.remove(&embargo);
        at.stalled.retain(|(known, _)| *known != embargo);
        let target = match told {
            Some(told) => Some(self.name_on(from, told)),
            None => end.filter(|(link, _)| *link == from).map(|(_, target)| target),
        };
        if let Some(at) = self.links.get_mut(from) {
            match target {
                Some(target) => at.conn.disembargo_reply(target, embargo),
                None => {
                    at.conn.abort_misbehaved(PeerMisbehaved::DisembargoDoesNotLoopBack(embargo))
                }
            }
        }
        if let Some(told) = told {
            self.unpin(told);
        }
        self.touch(from);
    }
}
