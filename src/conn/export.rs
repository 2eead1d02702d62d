//! An export is a capability of the vat that the peer, or a queued message, holds references of.

use std::fmt;

use super::error::PeerMisbehaved;
use super::event::LocalCap;
use super::table::ChosenTable;
use crate::wire::ExportId;

/// Slots below this lie in an array. The vat chooses them small and dense.
const DENSE_MAX: u32 = 1 << 20;

/// Whether a Resolve is owed for an export. (C-P1)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promised {
    /// It was never sent as a promise.
    No,
    /// It was sent as a promise, and `resolve` not called since.
    Open,
    /// Its Resolve is queued or sent.
    Resolved,
}

/// An export's entry. It goes when neither the peer nor the queue holds a reference.
#[derive(Debug)]
pub(super) struct Export {
    /// References in queued messages, which are far fewer than 2^32 (`Config::queued_words_max`).
    queued: u32,
    /// References the peer holds: sent and not released.
    remote: u64,
    /// References sent since the peer last held none; the vat gets them back all at once.
    sent: u64,
    promised: Promised,
}

/// References to give back to the vat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) struct GivenBack {
    pub(super) cap: LocalCap,
    pub(super) refs: u64,
}

/// All exports.
#[derive(Debug)]
pub(super) struct Exports {
    table: ChosenTable<Export>,
}

impl Default for Exports {
    fn default() -> Self {
        Self { table: ChosenTable::new(DENSE_MAX) }
    }
}

impl Exports {
    /// A message that carries a reference of `cap` was queued.
    pub(super) fn queue(&mut self, cap: LocalCap, promise: bool) {
        if self.table.get(cap.0).is_none() {
            let fresh = Export { queued: 0, remote: 0, sent: 0, promised: Promised::No };
            self.table.insert(cap.0, fresh);
        }
        if let Some(export) = self.table.get_mut(cap.0) {
            export.queued += 1;
            if promise {
                export.promised = Promised::Open;
            }
        }
    }

    /// A queued reference left.
    pub(super) fn send(&mut self, cap: LocalCap) -> ExportId {
        if let Some(export) = self.table.get_mut(cap.0) {
            export.queued -= 1;
            export.remote += 1;
            export.sent += 1;
        }
        ExportId(cap.0)
    }

    /// A queued reference will not leave.
    pub(super) fn unqueue(&mut self, cap: LocalCap) -> GivenBack {
        if let Some(export) = self.table.get_mut(cap.0) {
            export.queued -= 1;
            if export.queued == 0 && export.remote == 0 {
                self.table.remove(cap.0);
            }
        }
        GivenBack { cap, refs: 1 }
    }

    /// The peer holds `count` references less. (C-L2, C-L3)
    pub(super) fn release(
        &mut self,
        id: ExportId,
        count: u32,
    ) -> Result<Option<GivenBack>, PeerMisbehaved> {
        let export = self.table.get_mut(id.0).filter(|export| export.remote > 0);
        let export = export.ok_or(PeerMisbehaved::ReleaseOfUnknown(id))?;
        let Some(left) = export.remote.checked_sub(u64::from(count)) else {
            let held = export.remote;
            return Err(PeerMisbehaved::ReleaseTooMany { export: id, held, dropped: count });
        };
        export.remote = left;
        if left > 0 {
            return Ok(None);
        }
        let refs = std::mem::take(&mut export.sent);
        if export.queued == 0 {
            self.table.remove(id.0);
        }
        Ok(Some(GivenBack { cap: LocalCap(id.0), refs }))
    }

    /// The capability the peer may name `id`: it holds a reference.
    pub(super) fn find(&self, id: ExportId) -> Option<LocalCap> {
        self.table.get(id.0).filter(|export| export.remote > 0).map(|_| LocalCap(id.0))
    }

    /// A Resolve for `cap` is about to be queued; false if none is owed. (C-P7)
    pub(super) fn resolve(&mut self, cap: LocalCap) -> bool {
        let Some(export) = self.table.get_mut(cap.0) else { return false };
        let owed = export.promised == Promised::Open;
        if owed {
            export.promised = Promised::Resolved;
        }
        owed
    }

    pub(super) fn contains(&self, cap: LocalCap) -> bool {
        self.table.get(cap.0).is_some()
    }

    pub(super) const fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (LocalCap, &Export)> {
        self.table.iter().map(|(slot, export)| (LocalCap(slot), export))
    }

    /// All references of all exports, sent or queued.
    pub(super) fn into_refs(self) -> impl Iterator<Item = GivenBack> {
        self.table.into_entries().map(|(slot, export)| GivenBack {
            cap: LocalCap(slot),
            refs: export.sent + u64::from(export.queued),
        })
    }
}

impl Export {
    pub(super) const fn queued(&self) -> u64 {
        self.queued as u64
    }

    /// What does not hold, if anything.
    pub(super) fn broken_rule(&self) -> Option<&'static str> {
        if self.remote == 0 && self.queued == 0 {
            Some("is held by nobody")
        } else if self.sent < self.remote || (self.remote == 0 && self.sent > 0) {
            Some("counts other references than were sent")
        } else {
            None
        }
    }
}

impl fmt::Display for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} held, {} queued", self.remote, self.queued)?;
        match self.promised {
            Promised::No => Ok(()),
            Promised::Open => f.write_str(", promise"),
            Promised::Resolved => f.write_str(", resolved"),
        }
    }
}
