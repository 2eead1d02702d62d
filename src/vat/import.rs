//! Importing: the node of what a peer sends, and on which side it lives.

use smallvec::SmallVec;

use crate::conn::{InCap, InPayload, Tag};
use crate::wire::ImportId;

use super::graph::Graph;
use super::id::{Cap, LinkId};
use super::node::{Kind, Node, Source};
use super::payload::Payload;

/// A capability received, and whether it lives on our side of the connection it came over.
pub(super) struct Received {
    pub(super) cap: Option<Cap>,
    pub(super) home: Home,
}

/// On which side of a connection a capability lives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    Ours,
    Theirs,
}

impl Graph {
    #[inline]
    pub(super) fn import_payload(
        &mut self,
        link: LinkId,
        payload: InPayload,
    ) -> (Payload, SmallVec<[Home; 4]>) {
        let mut homes = SmallVec::new();
        let InPayload { content, caps: sent } = payload;
        if sent.is_empty() {
            return (Payload { content, caps: Vec::new() }, homes);
        }
        let mut caps = Vec::with_capacity(sent.len());
        for cap in sent {
            let received = self.import(link, cap);
            caps.push(received.cap);
            homes.push(received.home);
        }
        (Payload { content, caps }, homes)
    }

    /// The node of a capability the peer sent, with one reference.
    pub(super) fn import(&mut self, link: LinkId, cap: InCap) -> Received {
        let (cap, home) = match cap {
            InCap::None => (None, Home::Theirs),
            InCap::Import { import, tag } => {
                let settled = || Node::new(Kind::Import(link, import));
                (Some(self.imported(link, import, tag, settled)), Home::Theirs)
            }
            InCap::ImportPromise { import, tag } => {
                let promise = || Node::promise(Source::Import(link, import));
                (Some(self.imported(link, import, tag, promise)), Home::Theirs)
            }
            InCap::Local(slot) => {
                let cap = self.links.get(link).and_then(|at| at.exports.get(slot)).map(|e| e.cap);
                if let Some(cap) = cap {
                    self.retain(cap);
                }
                (cap, Home::Ours)
            }
            InCap::Answer { tag, path } => {
                (self.calls.key_of(tag.0).map(|call| self.pipeline(call, &path)), Home::Ours)
            }
            InCap::Broken(why) => (Some(self.broken(why)), Home::Theirs),
        };
        Received { cap, home }
    }

    fn imported(
        &mut self,
        link: LinkId,
        import: ImportId,
        tag: Option<Tag>,
        node: impl FnOnce() -> Node,
    ) -> Cap {
        let tag = tag.or_else(|| self.links.get(link)?.conn.import_tag(import));
        if let Some(cap) = tag.and_then(|tag| self.nodes.key_of(tag.0)) {
            self.retain(cap);
            return cap;
        }
        let cap = self.nodes.insert(node());
        if let Some(at) = self.links.get_mut(link) {
            at.conn.tag_import(import, Tag(cap.number()));
        }
        cap
    }
}
