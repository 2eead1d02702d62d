//! A node is one capability as this vat knows it: an object here, one elsewhere, or a promise.

use std::collections::VecDeque;

use smallvec::SmallVec;

use crate::conn::{CallRef, LocalCap};
use crate::wire::{EmbargoId, Exception, ImportId, Path};

use super::id::{CallId, Cap, LinkId, StreamId, TargetId};
use super::membrane::Wall;

/// One capability. References are counted; a node dies with its last one.
///
/// A node is referenced by stubs, by payloads, by promises resolved to it, by the export slots it
/// stands in, and by every item queued at it or on its way to it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) refs: u32,
    /// How many export slots, returned answers and disembargoes under way will name this node
    /// to its peer as what it was told, as long as it has a name.
    pub(super) pins: u32,
    /// How many of the references, at the most, are those of courtesies that wait here.
    pub(super) courtesies: u32,
    /// Somebody outside wants to hear when this promise is settled.
    pub(super) watch: Watch,
    pub(super) exported: Exported,
    /// The streaming calls this vat sent by way of this node, if there were any.
    pub(super) stream: Option<StreamId>,
    pub(super) kind: Kind,
}

/// The export slots a node stands in. Most stand in none or in one.
#[derive(Clone, Debug, Default)]
pub(super) enum Exported {
    #[default]
    Nowhere,
    As((LinkId, LocalCap)),
    Often(Box<SmallVec<[(LinkId, LocalCap); 4]>>),
}

/// Whether the end of a promise is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watch {
    Nobody,
    Told,
}

/// What a capability is.
#[derive(Debug)]
pub(super) enum Kind {
    /// An object hosted here.
    Target(TargetId),
    /// An object hosted here that has taken streaming calls.
    Streamed(Box<Streamed>),
    /// Every call fails with this. (C-X4)
    Broken(Exception),
    /// No capability. Every call fails.
    Null,
    /// What is behind a membrane, and settled.
    Wall(Wall),
    /// A settled object of a peer.
    Import(LinkId, ImportId),
    /// Not settled yet, or settled as another node. In a box: most capabilities that are kept are
    /// settled, and need no room for it.
    Promise(Box<Promise>),
}

/// An object that takes streaming calls.
#[derive(Debug)]
pub(super) struct Streamed {
    pub(super) target: TargetId,
    pub(super) taking: Taking,
    /// What waits here, in order. Each item carries one reference of the node. Where something
    /// waits and nothing holds it back, an [`Item::Next`] is queued.
    pub(super) line: VecDeque<Item>,
    /// How many items, of those here and on their way here, may stand for nothing any more.
    pub(super) abandoned: usize,
}

impl Streamed {
    /// Nothing holds back what comes, and nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.taking, Taking::Free) && self.line.is_empty()
    }
}

/// Whether an object takes calls.
#[derive(Debug)]
pub(super) enum Taking {
    /// It does.
    Free,
    /// This many streaming calls have to be over first.
    Held(u32),
    /// A streaming call failed with this, and so does every call that comes later.
    Failed(Exception),
}

/// A capability that is, or was, not settled.
#[derive(Debug)]
pub(super) struct Promise {
    pub(super) source: Source,
    pub(super) state: State,
    /// What waits here, in order (C-N8). Each item carries one reference of the node.
    pub(super) queue: VecDeque<Item>,
    /// How many items, of those here and on their way here, may stand for nothing any more.
    pub(super) abandoned: usize,
    /// How many promises of peers in a row came to be the next, this one the last.
    pub(super) hops: u16,
}

/// Where a promise will be resolved from, and where calls go meanwhile.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// From this vat. Calls wait.
    Here,
    /// By a Resolve of the peer. Calls go to the peer.
    Import(LinkId, ImportId),
    /// By the results of a call. Calls follow the call: to the peer if that is where it went.
    /// (C-Q5)
    Pipeline(CallId, Path),
    /// By the results of a question, which are here: it is under an embargo, and until that is
    /// lifted the question is kept unfinished, because the peer knows it by this place in them.
    Answer(LinkId, CallRef, Path),
    /// By what the promise behind a membrane is resolved to. Calls cross the membrane.
    Wall(Wall),
    /// By whoever decides what crosses a membrane. Calls wait.
    Gate(Wall),
    /// Resolved, and the way calls went before is given up.
    Spent,
}

/// How far a promise has come.
#[derive(Debug)]
pub(super) enum State {
    /// Not resolved.
    Pending,
    /// Resolved to a node that calls may not reach before the embargo is lifted (C-E7). Holds one
    /// reference of the node.
    Embargoed(Cap),
    /// Resolved. Holds one reference of the node.
    Resolved(Cap),
}

/// What travels along capabilities, in order.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    /// A call.
    Call(CallId),
    /// A streaming call of this vat.
    Write(CallId),
    /// Stands behind streaming calls of this vat, to be told when they are acknowledged.
    Fence(CallId),
    /// Whoever waits longest at an object that takes streaming calls may be handed to it.
    Next,
    /// A peer's embargo, to be sent back where it leaves this vat towards that peer. (C-E4)
    Disembargo(LinkId, EmbargoId),
    /// An embargo of ours that the peer sent back: it ends here, behind the calls the peer sent
    /// back before it.
    Lift,
}

impl Node {
    pub(super) fn new(kind: Kind) -> Self {
        let exported = Exported::Nowhere;
        Self { refs: 1, pins: 0, courtesies: 0, watch: Watch::Nobody, exported, stream: None, kind }
    }

    pub(super) fn promise(source: Source) -> Self {
        Self::new(Kind::Promise(Box::new(Promise::new(source))))
    }
}

impl Promise {
    pub(super) fn new(source: Source) -> Self {
        Self { source, state: State::Pending, queue: VecDeque::new(), abandoned: 0, hops: 0 }
    }
}

impl Kind {
    /// The promise it is, or was before it was settled.
    pub(super) fn promise(&self) -> Option<&Promise> {
        match self {
            Self::Promise(promise) => Some(promise),
            _ => None,
        }
    }

    pub(super) fn promise_mut(&mut self) -> Option<&mut Promise> {
        match self {
            Self::Promise(promise) => Some(promise),
            _ => None,
        }
    }

    /// How far it has come, if it is a promise.
    pub(super) fn state(&self) -> Option<&State> {
        self.promise().map(|promise| &promise.state)
    }

    /// What waits here, and how many of those may stand for nothing any more.
    pub(super) fn line(&mut self) -> Option<(&mut VecDeque<Item>, &mut usize)> {
        match self {
            Self::Promise(promise) => Some((&mut promise.queue, &mut promise.abandoned)),
            Self::Streamed(streamed) => Some((&mut streamed.line, &mut streamed.abandoned)),
            _ => None,
        }
    }
}

impl Exported {
    pub(super) fn slots(&self) -> &[(LinkId, LocalCap)] {
        match self {
            Self::Nowhere => &[],
            Self::As(slot) => std::slice::from_ref(slot),
            Self::Often(slots) => slots,
        }
    }

    pub(super) fn push(&mut self, slot: (LinkId, LocalCap)) {
        match self {
            Self::Nowhere => *self = Self::As(slot),
            Self::As(first) => *self = Self::Often(Box::new([*first, slot].into_iter().collect())),
            Self::Often(slots) => slots.push(slot),
        }
    }

    pub(super) fn remove(&mut self, slot: (LinkId, LocalCap)) {
        match self {
            Self::As(known) if *known == slot => *self = Self::Nowhere,
            Self::Nowhere | Self::As(_) => {}
            Self::Often(slots) => slots.retain(|known| *known != slot),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::arena::Key;
    use super::*;

    #[test]
    fn a_node_stands_in_as_many_slots_as_there_are_peers() {
        let link = Key::of_number(7 << 32).expect("a generation");
        let slots: Vec<_> = (0..9).map(|slot| (link, LocalCap(slot))).collect();
        let mut exported = Exported::default();
        for (count, slot) in slots.iter().enumerate() {
            assert_eq!(exported.slots(), &slots[..count]);
            exported.push(*slot);
        }
        for (count, slot) in slots.iter().enumerate() {
            exported.remove(*slot);
            exported.remove((link, LocalCap(99)));
            assert_eq!(exported.slots(), &slots[count + 1..]);
        }
        exported.push(slots[0]);
        assert_eq!(exported.slots(), &slots[..1]);
    }
}
