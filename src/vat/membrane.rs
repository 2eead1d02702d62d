//! A membrane divides capabilities into those inside and those outside; what crosses it is walled.

use crate::wire::Exception;

use super::id::{Cap, MembraneId};

/// A side of a membrane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Where the capabilities are that the membrane was put around.
    Inside,
    /// Everywhere else.
    Outside,
}

impl Side {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Inside => Self::Outside,
            Self::Outside => Self::Inside,
        }
    }
}

/// What of a membrane somebody outside the graph decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Nothing: all passes until it is revoked.
    Nothing,
    /// Nothing either, but somebody is told when it is gone.
    ItsEnd,
    /// Every call that crosses.
    Calls(Haste),
    /// Every call, and every capability the first time it crosses.
    CallsAndCaps(Haste),
}

/// When a call on a promise is refused or redirected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// At once.
    AtOnce,
    /// Once the promise is settled: it may turn out to lie on the caller's own side, and then the call
    /// crosses nothing.
    WhenSettled,
}

/// What becomes of a call that would cross a membrane.
#[derive(Debug)]
pub enum Crossing {
    /// It crosses.
    Through,
    /// It fails with this.
    Refused(Exception),
    /// It goes to this capability instead, on the caller's side. A reference comes with it.
    Redirected(Cap),
}

/// What becomes of a capability that would cross a membrane.
#[derive(Debug)]
pub enum Admission {
    /// It crosses, and is walled: calls on it cross the membrane too.
    Walled,
    /// Every call on it fails with this.
    Refused(Exception),
    /// This one stands for it on the other side. A reference comes with it.
    Replaced(Cap),
}

/// One membrane.
#[derive(Debug)]
pub(super) struct Membrane {
    /// Its owner, its walls, and the calls that crossed it and have not returned.
    pub(super) refs: u32,
    pub(super) asks: Asks,
    /// Why nothing crosses any more, once it is revoked.
    pub(super) revoked: Option<Exception>,
}

/// A capability of one side, as the other side has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wall {
    pub(super) membrane: MembraneId,
    /// The side the capability behind the wall lies on.
    pub(super) side: Side,
    /// What is behind the wall. One reference.
    pub(super) to: Cap,
}

impl Wall {
    /// Where the wall is found by what is behind it.
    pub(super) fn key(&self) -> (u32, u32, Side) {
        (self.to.index(), self.membrane.index(), self.side)
    }
}
