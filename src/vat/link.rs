//! A link is a connection as the vat holds it: its tables, and what stands in its export slots.

use std::collections::BTreeMap;

use crate::conn::{CallRef, Connection, LocalCap, make_room};
use crate::wire::{EmbargoId, Exception};

use super::id::Cap;

/// One connection of a vat.
pub(super) struct Link {
    pub(super) conn: Connection,
    /// What the peer gets when it asks for the bootstrap capability (C-B2). One reference.
    pub(super) bootstrap: Option<Cap>,
    pub(super) exports: Slots,
    /// The promises behind embargoes that this connection will lift.
    pub(super) embargoes: BTreeMap<EmbargoId, Cap>,
    /// Questions kept unfinished, by how many promises under an embargo are named by a place in their
    /// results.
    pub(super) named: BTreeMap<CallRef, u32>,
    /// The peer's disembargoes under way here, by what it was told that their target is: that is
    /// what they go back to. One reference and one pin each.
    pub(super) returning: BTreeMap<EmbargoId, Cap>,
    /// Where disembargoes of the peer wait, or waited: should the connection end, they stand for nothing any more.
    pub(super) stalled: Vec<(EmbargoId, Cap)>,
    pub(super) attention: Attention,
    /// What is offered takes no more calls, for this reason.
    pub(super) shut: Option<Exception>,
}

/// Whether a link stands in the list of those with messages to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attention {
    Quiet,
    Listed,
    /// It has, but its transport has enough to write for now.
    Held,
}

/// A capability in an export slot.
#[derive(Debug)]
pub(super) struct Export {
    /// One reference.
    pub(super) cap: Cap,
    /// How many references of the slot the connection holds.
    pub(super) refs: u64,
    /// What the peer was told this promise resolved to, if that is the peer's own. One reference
    /// and one pin.
    pub(super) told: Option<Cap>,
}

/// Export slots: small and dense, because their numbers are the export ids on the wire.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Option<Export>>,
    free: Vec<u32>,
}

impl Slots {
    pub(super) fn insert(&mut self, export: Export) -> LocalCap {
        if let Some(index) = self.free.pop() {
            // In bounds: only slots that are there are listed as free.
            self.slots[index as usize] = Some(export);
            return LocalCap(index);
        }
        let len = self.slots.len();
        make_room(&mut self.slots, len + 1);
        self.slots.push(Some(export));
        LocalCap(u32::try_from(self.slots.len() - 1).expect("memory ends long before 2^32 slots"))
    }

    pub(super) fn get(&self, slot: LocalCap) -> Option<&Export> {
        self.slots.get(slot.0 as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: LocalCap) -> Option<&mut Export> {
        self.slots.get_mut(slot.0 as usize)?.as_mut()
    }

    pub(super) fn remove(&mut self, slot: LocalCap) -> Option<Export> {
        let export = self.slots.get_mut(slot.0 as usize)?.take()?;
        if self.free.is_empty() && slot.0 as usize + 1 == self.slots.len() {
            // As free as if it were listed, and most connections need no list.
            self.slots.pop();
        } else {
            self.free.push(slot.0);
        }
        Some(export)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (LocalCap, &Export)> {
        (0u32..).zip(&self.slots).filter_map(|(i, slot)| Some((LocalCap(i), slot.as_ref()?)))
    }
}

impl Link {
    pub(super) fn new(conn: Connection, bootstrap: Option<Cap>) -> Self {
        Self {
            conn,
            bootstrap,
            exports: Slots::default(),
            embargoes: BTreeMap::new(),
            named: BTreeMap::new(),
            returning: BTreeMap::new(),
            stalled: Vec::new(),
            attention: Attention::Quiet,
            shut: None,
        }
    }

    /// What the targets of the peer's disembargoes under way were told to be.
    pub(super) fn returning(&self) -> impl Iterator<Item = Cap> {
        self.returning.values().copied()
    }

    /// Nothing is to be taken from it for now.
    pub(super) fn is_held(&self) -> bool {
        self.attention == Attention::Held && !self.conn.is_closed()
    }
}
