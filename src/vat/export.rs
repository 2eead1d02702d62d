//! Exporting: what a capability is called in front of a peer, and what stands behind its slot.

use crate::conn::{LocalCap, OutCap, OutPayload};
use crate::wire::{Content, Exception, ReadLimits};

use super::call::{Call, Place};
use super::graph::Graph;
use super::id::{Cap, LinkId};
use super::link::Export;
use super::node::{Kind, Source, State};
use super::payload::Payload;

/// What a capability is in front of one peer.
enum Face {
    Null,
    /// The peer's own, or on its way to be: named, not exported.
    Peers(OutCap),
    Hosted,
    Promise,
    Broken(Exception),
}

/// Content as it may leave this vat: with nothing of the message it came in beside it.
#[inline]
pub(super) fn outgoing(content: Content) -> Result<Content, Exception> {
    if !content.needs_scrub() {
        return Ok(content);
    }
    content.copy(&ReadLimits::default()).map_err(|error| Exception::failed(error.to_string()))
}

/// Slots that were exported as promises only to be broken right behind the message.
pub(super) type Broken = Vec<(LocalCap, Exception)>;

impl Graph {
    /// A payload as the peer of `link` will read it. Takes the references in it. The slots in the
    /// second part are to be broken behind the message that carries the payload.
    #[inline]
    pub(super) fn export_payload(
        &mut self,
        link: LinkId,
        payload: Payload,
    ) -> (OutPayload, Broken) {
        let mut broken = Vec::new();
        let Payload { content, caps: held } = payload;
        if held.is_empty() {
            return (OutPayload { content, caps: Vec::new() }, broken);
        }
        let mut caps = Vec::with_capacity(held.len());
        for cap in held {
            let out = match cap {
                None => OutCap::None,
                Some(cap) => {
                    let out = self.export(link, cap, &mut broken);
                    self.unref(cap);
                    out
                }
            };
            caps.push(out);
        }
        (OutPayload { content, caps }, broken)
    }

    /// How `cap` is named to the peer of `link`. Takes no reference.
    fn export(&mut self, link: LinkId, cap: Cap, broken: &mut Broken) -> OutCap {
        let end = self.follow(cap);
        match self.face(link, end) {
            Face::Null => OutCap::None,
            Face::Peers(out) => out,
            Face::Hosted => OutCap::Hosted(self.slot(link, end)),
            Face::Promise => OutCap::Promise(self.slot(link, end)),
            Face::Broken(why) => {
                // A slot of its own: the peer may hold the node as what it was before its
                // connection was lost, and a Resolve says something of promises alone.
                let promise = self.broken(why.clone());
                let slot = self.slot(link, promise);
                self.unref(promise);
                broken.push((slot, why));
                OutCap::Promise(slot)
            }
        }
    }

    /// Whether the peer of `link` is told that `cap` is its own.
    pub(super) fn is_of_peer(&self, link: LinkId, cap: Cap) -> bool {
        matches!(self.face(link, cap), Face::Peers(_))
    }

    fn face(&self, link: LinkId, cap: Cap) -> Face {
        let Some(node) = self.nodes.get(cap) else { return Face::Null };
        match &node.kind {
            Kind::Null => Face::Null,
            Kind::Broken(why) => Face::Broken(why.clone()),
            Kind::Import(home, import) if *home == link => Face::Peers(OutCap::Import(*import)),
            Kind::Target(_) | Kind::Streamed(_) | Kind::Wall(_) | Kind::Import(..) => Face::Hosted,
            Kind::Promise(promise) if matches!(promise.state, State::Resolved(_)) => Face::Promise,
            // Under an embargo, too: were it a promise of ours to that peer, neither vat would see
            // where embargoes of both wait for each other. (C-E10)
            Kind::Promise(promise) => match &promise.source {
                Source::Import(home, import) if *home == link => {
                    Face::Peers(OutCap::Import(*import))
                }
                Source::Answer(home, question, path) if *home == link => {
                    Face::Peers(OutCap::Answer(*question, path.clone()))
                }
                Source::Pipeline(call, path) => match self.calls.get(*call) {
                    Some(Call { place: Place::Remote(home, question), .. }) if *home == link => {
                        Face::Peers(OutCap::Answer(*question, path.clone()))
                    }
                    _ => Face::Promise,
                },
                _ => Face::Promise,
            },
        }
    }

    /// The slot of `cap` on `link`, with one more reference.
    fn slot(&mut self, link: LinkId, cap: Cap) -> LocalCap {
        let known = self.nodes.get(cap).and_then(|node| {
            node.exported.slots().iter().find(|(at, _)| *at == link).map(|(_, slot)| *slot)
        });
        let Some(at) = self.links.get_mut(link) else { return LocalCap(u32::MAX) };
        if let Some(slot) = known
            && let Some(export) = at.exports.get_mut(slot)
        {
            export.refs += 1;
            return slot;
        }
        let slot = at.exports.insert(Export { cap, refs: 1, told: None });
        self.retain(cap);
        if let Some(node) = self.nodes.get_mut(cap) {
            node.exported.push((link, slot));
        }
        slot
    }

    /// Gives back the slot references of a message that was not sent.
    pub(super) fn give_back(&mut self, link: LinkId, caps: Vec<OutCap>) {
        for cap in caps {
            if let OutCap::Hosted(slot) | OutCap::Promise(slot) = cap {
                self.give_back_slot(link, slot, 1);
            }
        }
    }

    pub(super) fn break_exports(&mut self, link: LinkId, broken: Broken) {
        if broken.is_empty() {
            return;
        }
        let Some(at) = self.links.get_mut(link) else { return };
        for (slot, why) in broken {
            at.conn.resolve(slot, Err(why));
        }
    }

    /// Tells every peer that holds the promise what it came to be.
    pub(super) fn tell_resolved(&mut self, promise: Cap) {
        let Some(node) = self.nodes.get(promise) else { return };
        let exported = node.exported.clone();
        for (link, slot) in exported.slots() {
            self.send_resolve(*link, *slot, promise);
            self.touch(*link);
        }
    }

    fn send_resolve(&mut self, link: LinkId, slot: LocalCap, promise: Cap) {
        let end = self.follow(promise);
        let to = match self.face(link, end) {
            Face::Broken(why) => Err(why),
            Face::Null => Ok(OutCap::None),
            Face::Peers(out) => Ok(out),
            Face::Hosted => Ok(OutCap::Hosted(self.slot(link, end))),
            Face::Promise => Ok(OutCap::Promise(self.slot(link, end))),
        };
        if let Ok(OutCap::Import(_) | OutCap::Answer(..)) = &to {
            self.pin(end);
            let export = self.links.get_mut(link).and_then(|at| at.exports.get_mut(slot));
            let before = match export {
                Some(export) => export.told.replace(end),
                None => Some(end),
            };
            if let Some(before) = before {
                self.unpin(before);
            }
        }
        if let Some(at) = self.links.get_mut(link) {
            at.conn.resolve(slot, to);
        }
    }
}
