//! What a vat wants done by whoever runs it.

use crate::wire::Exception;

use super::id::{CallId, Cap, LinkId, TargetId};
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
    /// A connection is over; its id means nothing any more.
    Closed {
        /// The connection.
        link: LinkId,
        /// Why.
        why: Exception,
    },
}
