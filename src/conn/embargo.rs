//! An embargo holds calls back in the vat until a Disembargo has travelled the old path and back.
//! (C-E2)

use std::fmt;

use super::table::Slab;
use crate::wire::EmbargoId;

/// Where an embargo of ours stands. It ends when its Disembargo is back, or can never be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Embargo {
    /// Its Disembargo is queued.
    Queued,
    /// Its Disembargo is on its way.
    Sent,
}

/// All embargoes of ours.
#[derive(Debug, Default)]
pub(super) struct Embargoes(Slab<Embargo>);

impl Embargoes {
    pub(super) fn add(&mut self) -> EmbargoId {
        EmbargoId(self.0.insert(Embargo::Queued))
    }

    pub(super) fn send(&mut self, id: EmbargoId) {
        if let Some(embargo) = self.0.get_mut(id.0) {
            *embargo = Embargo::Sent;
        }
    }

    /// Its Disembargo is back, or was refused; false if none is on its way.
    pub(super) fn lift(&mut self, id: EmbargoId) -> bool {
        let sent = self.0.get(id.0) == Some(&Embargo::Sent);
        if sent {
            self.0.remove(id.0);
        }
        sent
    }

    /// It was never asked for.
    pub(super) fn forget(&mut self, id: EmbargoId) {
        self.0.remove(id.0);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (EmbargoId, &Embargo)> {
        self.0.iter().map(|(id, embargo)| (EmbargoId(id), embargo))
    }

    pub(super) fn into_ids(self) -> impl Iterator<Item = EmbargoId> {
        self.0.into_entries().map(|(id, _)| EmbargoId(id))
    }
}

impl fmt::Display for Embargo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
        })
    }
}
