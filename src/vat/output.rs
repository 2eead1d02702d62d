//! What a vat wants done by whoever runs it.

use crate::wire::Exception;

use super::id::{CallId, Cap, LinkId, MembraneId, TargetId};
use super::membrane::Side;
use super::payload::Payload;

/// Something the vat wants done. Outputs come in the order they must be carried out.
#[derive(Debug)]
#[non_exhaustive]
pub enum Output {
    /// Hand this call to its target; answer with `Graph::respond` or `Graph::redirect`, once.
    Deliver {
        /// Who is called.
        target: TargetId,
        /// To be answered.
        call: CallId,
        /// The type id of the interface.
        interface: u64,
        /// The ordinal of the method.
        method: u16,
        /// What is passed. The receiver owns its references.
        params: Payload,
    },
    /// Nobody wants the call any more: drop what runs for it, and do not answer.
    Cancel {
        /// A delivered call.
        call: CallId,
    },
    /// The outcome of a call made here, watched with `Graph::watch_outcome`, can be taken with
    /// `Graph::collect`.
    Completed {
        /// The call.
        call: CallId,
    },
    /// A watched promise is settled or broken, or nobody refers to it any more.
    Settled {
        /// The promise; no reference comes with it.
        cap: Cap,
    },
    /// No reference to this object is left: drop it.
    Dropped {
        /// The object.
        target: TargetId,
    },
    /// A call would cross a membrane: say with `Graph::cross`, before anything else is polled, whether
    /// it does.
    Cross {
        /// The membrane.
        membrane: MembraneId,
        /// The call.
        call: CallId,
        /// What it asks of whom.
        crosser: Crosser,
    },
    /// A capability would cross a membrane: say with `Graph::admit` what becomes of it.
    Admit {
        /// The membrane.
        membrane: MembraneId,
        /// The side it comes from.
        side: Side,
        /// The capability. A reference comes with it, which `admit` takes.
        cap: Cap,
        /// What stands for it on the other side meanwhile. A reference comes with it, which `admit`
        /// takes.
        promise: Cap,
    },
    /// Nothing refers to a membrane any more, and nobody will be asked about it.
    MembraneGone {
        /// The membrane.
        membrane: MembraneId,
    },
    /// A connection is over; its id means nothing any more.
    Closed {
        /// The connection.
        link: LinkId,
        /// Why.
        why: Exception,
    },
}

/// A call that would cross a membrane.
#[derive(Debug)]
pub struct Crosser {
    /// The side its target lies on.
    pub side: Side,
    /// The type id of the interface.
    pub interface: u64,
    /// The ordinal of the method.
    pub method: u16,
    /// What is behind the membrane. A reference comes with it, which `Graph::cross` takes.
    pub target: Cap,
}
