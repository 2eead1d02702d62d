//! An import is a capability of the peer that we hold references of, or owe a Release for.

use std::fmt;

use super::error::{PeerMisbehaved, Plenty};
use super::event::Tag;
use super::table::ChosenTable;
use crate::wire::ImportId;

/// Ids below this lie in an array, and more of them the more there are. Engines choose small ids first, so this is
/// the common case.
const DENSE_MAX: u32 = 1024;

/// How far a chain of promises resolved to promises is followed to find a circle. Longer ones are
/// left to the vat: following them here would cost the square of what the peer sends.
const CHAIN_MAX: usize = 64;

/// What the peer said an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// No promise.
    Settled,
    /// A promise; its Resolve is due.
    Open,
    /// A promise that was resolved, to this other import if to any.
    Resolved(Option<ImportId>),
}

/// An import's entry. It goes when we hold no reference and owe none.
#[derive(Debug)]
pub(super) struct Import {
    /// References we hold.
    held: u64,
    /// References the vat gave up that no Release or Return has given back yet.
    owed: u64,
    /// Means nothing before the vat set it.
    tag: Tag,
    is_tagged: bool,
    /// It was called.
    used: bool,
    promise: Promise,
    /// All queued messages that name it have smaller numbers.
    named_before: u64,
}

impl Import {
    /// What the vat keeps beside it, if it does.
    fn tag(&self) -> Option<Tag> {
        self.is_tagged.then_some(self.tag)
    }
}

/// All imports.
#[derive(Debug)]
pub(super) struct Imports {
    table: ChosenTable<Import>,
    /// Imports with references owed, in the order the vat gave them up.
    owing: Vec<ImportId>,
    max: u32,
}

impl Imports {
    pub(super) const fn new(max: u32) -> Self {
        Self { table: ChosenTable::new(DENSE_MAX), owing: Vec::new(), max }
    }

    fn entry(&mut self, id: ImportId) -> Result<&mut Import, PeerMisbehaved> {
        let max = self.max as usize;
        if self.table.get(id.0).is_none() && self.table.len() < max {
            let fresh = Import {
                held: 0,
                owed: 0,
                tag: Tag(0),
                is_tagged: false,
                used: false,
                promise: Promise::Settled,
                named_before: 0,
            };
            self.table.insert(id.0, fresh);
        }
        self.table.get_mut(id.0).ok_or(PeerMisbehaved::TooMany { what: Plenty::Imports, max })
    }

    /// The peer sent a reference. Says the tag, if the vat knows the import already.
    pub(super) fn count(
        &mut self,
        id: ImportId,
        promise: bool,
    ) -> Result<Option<Tag>, PeerMisbehaved> {
        let import = self.entry(id)?;
        if import.held == 0 {
            import.promise = Promise::Settled;
            import.used = false;
        }
        import.held += 1;
        if promise {
            import.promise = Promise::Open;
        }
        Ok(import.tag())
    }

    /// The peer sent a reference nobody here wants.
    pub(super) fn count_unwanted(&mut self, id: ImportId) -> Result<(), PeerMisbehaved> {
        let import = self.entry(id)?;
        import.owed += 1;
        if import.owed == 1 {
            self.owing.push(id);
        }
        Ok(())
    }

    /// The vat gives up all references counted so far. (C-L4)
    pub(super) fn release(&mut self, id: ImportId) {
        let Some(import) = self.table.get_mut(id.0) else { return };
        if import.held > 0 && import.owed == 0 {
            self.owing.push(id);
        }
        import.owed += std::mem::take(&mut import.held);
        import.is_tagged = false;
    }

    /// Gives back one owed reference of each of `ids` with the message that just left the queue, or
    /// none at all if one is not owed or is named by that message or one behind it, from number `first`
    /// on. (C-R4)
    #[inline]
    pub(super) fn settle_all(&mut self, ids: &[ImportId], first: u64) -> bool {
        for (done, id) in ids.iter().enumerate() {
            match self.table.get_mut(id.0) {
                Some(import) if import.owed > 0 && import.named_before <= first => import.owed -= 1,
                _ => {
                    for id in ids.iter().take(done) {
                        if let Some(import) = self.table.get_mut(id.0) {
                            import.owed += 1;
                        }
                    }
                    return false;
                }
            }
        }
        for id in ids {
            self.forget_if_done(*id);
        }
        true
    }

    /// Whether there may be references to give back.
    #[inline]
    pub(super) const fn owes(&self) -> bool {
        !self.owing.is_empty()
    }

    /// The next references to give back with a Release.
    #[inline]
    pub(super) fn next_release(&mut self) -> Option<(ImportId, u32)> {
        while let Some(id) = self.owing.last().copied() {
            let owed = self.table.get_mut(id.0).filter(|import| import.owed > 0);
            let Some(import) = owed else {
                self.owing.pop();
                continue;
            };
            let count = u32::try_from(import.owed).unwrap_or(u32::MAX);
            import.owed -= u64::from(count);
            self.forget_if_done(id);
            return Some((id, count));
        }
        None
    }

    fn forget_if_done(&mut self, id: ImportId) {
        if self.table.get(id.0).is_some_and(|import| import.held == 0 && import.owed == 0) {
            self.table.remove(id.0);
        }
    }

    /// The promise `id` came to be something, `to` if that is an import. Says the tag; none if
    /// nobody here knows the promise any more. (C-P4, C-P5, C-P6)
    pub(super) fn resolve(
        &mut self,
        id: ImportId,
        to: Option<ImportId>,
    ) -> Result<Option<Tag>, PeerMisbehaved> {
        if self.leads_to(to, id) {
            return Err(if to == Some(id) {
                PeerMisbehaved::ResolvedToItself(id)
            } else {
                PeerMisbehaved::ResolvedInCircle(id)
            });
        }
        let Some(import) = self.table.get_mut(id.0).filter(|import| import.held > 0) else {
            return Ok(None);
        };
        match import.promise {
            Promise::Settled => Err(PeerMisbehaved::ResolvedSettled(id)),
            Promise::Resolved(_) => Err(PeerMisbehaved::ResolvedTwice(id)),
            Promise::Open => {
                import.promise = Promise::Resolved(to);
                Ok(import.tag())
            }
        }
    }

    fn leads_to(&self, from: Option<ImportId>, goal: ImportId) -> bool {
        let next =
            |id: &ImportId| match self.table.get(id.0).filter(|import| import.held > 0)?.promise {
                Promise::Resolved(to) => to,
                Promise::Settled | Promise::Open => None,
            };
        std::iter::successors(from, next).take(CHAIN_MAX).any(|id| id == goal)
    }

    /// The vat holds it.
    #[inline]
    pub(super) fn is_held(&self, id: ImportId) -> bool {
        self.table.get(id.0).is_some_and(|import| import.held > 0)
    }

    pub(super) fn set_tag(&mut self, id: ImportId, tag: Tag) {
        if let Some(import) = self.table.get_mut(id.0).filter(|import| import.held > 0) {
            (import.tag, import.is_tagged) = (tag, true);
        }
    }

    pub(super) fn tag(&self, id: ImportId) -> Option<Tag> {
        self.table.get(id.0).filter(|import| import.held > 0)?.tag()
    }

    /// It is called by the message with this number.
    #[inline]
    pub(super) fn mark_used(&mut self, id: ImportId, number: u64) {
        if let Some(import) = self.table.get_mut(id.0) {
            import.used = true;
            import.named_before = number + 1;
        }
    }

    /// What was sent along another path is on its way to it.
    pub(super) fn inherit_use(&mut self, id: ImportId) {
        if let Some(import) = self.table.get_mut(id.0) {
            import.used = true;
        }
    }

    /// The message with this number is addressed to it, or passes it on.
    #[inline]
    pub(super) fn name(&mut self, id: ImportId, number: u64) {
        if let Some(import) = self.table.get_mut(id.0) {
            import.named_before = number + 1;
        }
    }

    pub(super) fn is_used(&self, id: ImportId) -> bool {
        self.table.get(id.0).is_some_and(|import| import.used)
    }

    pub(super) const fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ImportId, &Import)> {
        self.table.iter().map(|(id, import)| (ImportId(id), import))
    }

    /// The imports a Release is to be sent for.
    pub(super) fn owing(&self) -> &[ImportId] {
        &self.owing
    }

    pub(super) fn into_tags(self) -> impl Iterator<Item = Tag> {
        self.table.into_entries().filter_map(|(_, import)| import.tag())
    }
}

impl Import {
    /// What does not hold, if anything.
    pub(super) const fn broken_rule(&self) -> Option<&'static str> {
        if self.held == 0 && self.owed == 0 {
            Some("is held by nobody")
        } else if self.held == 0 && self.is_tagged {
            Some("is tagged, but released")
        } else {
            None
        }
    }

    pub(super) const fn is_owed(&self) -> bool {
        self.owed > 0
    }
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} held, {} owed", self.held, self.owed)?;
        match self.promise {
            Promise::Settled => Ok(()),
            Promise::Open => f.write_str(", promise"),
            Promise::Resolved(None) => f.write_str(", resolved"),
            Promise::Resolved(Some(to)) => write!(f, ", resolved → {to}"),
        }
    }
}
