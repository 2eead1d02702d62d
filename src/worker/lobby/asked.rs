//! What waits to be asked, and of whom.

use std::rc::Rc;

use crate::vat::TargetId;

use super::super::ask::Op;
use super::super::host::Hosted;
use super::super::path::MethodPath;
use super::ticket::Ticket;

/// An object of the vat.
#[derive(Clone)]
pub(super) struct Home {
    pub(super) object: Rc<Hosted>,
    /// Where it was found, and is for as long as a stub or a capability of it lives.
    pub(super) target: TargetId,
}

/// Whom a call is for.
#[derive(Clone)]
pub(super) enum To {
    Object(Home),
    /// What another call will bring; the call has an interest in it.
    Result(Ticket),
}

/// What a call asks, with params in which nothing is but data of so many bytes.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) path: MethodPath,
    pub(super) op: Op,
    pub(super) bytes: u64,
}
