//! What passes through the door of a connection: what the vat wants, and what the peer did.

use crate::wire::{AnswerId, Content, EmbargoId, Exception, ImportId, Path};

/// A capability the vat exports over this connection, in a slot the vat chose for it.
///
/// Slots are small and dense; the number is also the export id on the wire (C-L5). Every `LocalCap` the vat
/// puts into an [`OutCap`] carries one reference, given back by [`Event::Released`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalCap(pub u32);

/// A number of the vat's own, kept beside an entry and handed back with every event about it. It is as
/// wide as a key that is never used again: an event that is read late means what it meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u64);

/// A question of ours, from the moment it is asked until the vat calls `finish`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallRef(pub u32);

/// A capability in something the vat sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutCap {
    /// No capability.
    None,
    /// A settled capability of this vat. Carries one reference of the slot.
    Hosted(LocalCap),
    /// A promise of this vat, which `resolve` will be called for. Carries one reference of the slot.
    Promise(LocalCap),
    /// A capability the peer exported to us; goes back as `receiverHosted`.
    Import(ImportId),
    /// A capability in the results of a question of ours.
    Answer(CallRef, Path),
}

/// Content and capabilities the vat sends.
#[derive(Debug)]
pub struct OutPayload {
    /// One pointer and all below it.
    pub content: Content,
    /// What its capability pointers mean.
    pub caps: Vec<OutCap>,
}

/// Whom the vat calls or disembargoes over this connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutTarget {
    /// A capability the peer exported.
    Import(ImportId),
    /// A capability in the results of a question of ours that is not finished.
    Answer(CallRef, Path),
}

/// A call the vat makes over this connection.
#[derive(Debug)]
pub struct OutCall {
    /// Handed back with the events about this call.
    pub tag: Tag,
    /// The type id of the interface.
    pub interface: u64,
    /// The ordinal of the method.
    pub method: u16,
    /// What is passed.
    pub params: OutPayload,
    /// The results stay with the peer (`sendResultsTo.yourself`): this is a tail call.
    pub tail: bool,
}

/// How the vat answers a call.
#[derive(Debug)]
pub enum OutReturn {
    /// It returned.
    Results(OutPayload),
    /// It failed.
    Exception(Exception),
    /// It was cancelled.
    Canceled,
    /// Its results are those of this question of ours, made with `tail`.
    TakeFrom(CallRef),
    /// Its results stay here: it was called with [`InCall::keep_results`].
    Kept,
}

/// A capability the peer sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InCap {
    /// No capability.
    None,
    /// A settled capability of the peer, counted. `tag` is what the vat keeps beside it.
    Import {
        /// Our name for it.
        import: ImportId,
        /// What `tag_import` set, if the vat knows this import already. One that comes twice in one
        /// payload for the first time is untagged both times.
        tag: Option<Tag>,
    },
    /// A promise of the peer, counted; [`Event::Resolve`] will say what it came to be.
    ImportPromise {
        /// Our name for it.
        import: ImportId,
        /// What `tag_import` set, if the vat knows this import already.
        tag: Option<Tag>,
    },
    /// A capability of ours that comes back.
    Local(LocalCap),
    /// A capability in the results of a call the peer made to us.
    Answer {
        /// What `tag_answer` set.
        tag: Tag,
        /// Where in the results.
        path: Path,
    },
    /// The peer named something that is not there; calls on it fail with this.
    Broken(Exception),
}

/// Content and capabilities the peer sent.
#[derive(Debug)]
pub struct InPayload {
    /// One pointer and all below it.
    pub content: Content,
    /// What its capability pointers mean.
    pub caps: Vec<InCap>,
}

/// What the peer addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InTarget {
    /// A capability of ours.
    Local(LocalCap),
    /// A capability in the results of a call the peer made to us.
    Answer {
        /// What `tag_answer` set.
        tag: Tag,
        /// Where in the results.
        path: Path,
    },
}

/// A call the peer made.
#[derive(Debug)]
pub struct InCall {
    /// The type id of the interface.
    pub interface: u64,
    /// The ordinal of the method.
    pub method: u16,
    /// What is passed.
    pub params: InPayload,
    /// Answer with [`OutReturn::Kept`] and hold the results until they are taken or finished
    /// (`sendResultsTo.yourself`).
    pub keep_results: bool,
    /// The peer will not pipeline on it: nothing need be kept for pipelined calls.
    pub no_promise_pipelining: bool,
    /// The peer wants only the pipeline; whatever the vat returns is not sent.
    pub only_promise_pipeline: bool,
}

/// How the peer answered a question.
#[derive(Debug)]
pub enum InReturn {
    /// It returned.
    Results(InPayload),
    /// It failed.
    Exception(Exception),
    /// The peer cancelled it. (C-R8)
    Canceled,
    /// The tail call is done and its results stay with the peer.
    Kept,
    /// The results are those of a call the peer made to us with [`InCall::keep_results`].
    TakeFrom(Tag),
}

/// What the peer did that the vat must know.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The peer asks for the bootstrap capability. Tag the answer, then `ret` it.
    Bootstrap {
        /// To be tagged and returned.
        answer: AnswerId,
    },
    /// The peer calls. Tag the answer at once, `ret` it once.
    Call {
        /// To be tagged and returned.
        answer: AnswerId,
        /// Who is called.
        target: InTarget,
        /// What is asked.
        call: InCall,
    },
    /// The peer lost interest before we returned. The vat still owes exactly one `ret`.
    /// (C-N3)
    Cancel {
        /// The answer.
        answer: AnswerId,
        /// What `tag_answer` set.
        tag: Tag,
        /// The call must reach its target before it is cancelled
        /// (`requireEarlyCancellationWorkaround`, C-N4).
        deliver_first: bool,
    },
    /// The answer is returned and finished, or lost with the connection (after its `Cancel`, if it
    /// still ran): what the vat holds for its tag can go.
    Done {
        /// What `tag_answer` set.
        tag: Tag,
    },
    /// A question of ours is answered. The vat reads it, disembargoes, and then calls `finish`.
    Return {
        /// The question.
        call: CallRef,
        /// What the call was tagged with.
        tag: Tag,
        /// The answer.
        outcome: InReturn,
    },
    /// A promise of the peer came to be something.
    Resolve {
        /// The promise.
        import: ImportId,
        /// What `tag_import` set.
        tag: Tag,
        /// What it came to be.
        to: Result<InCap, Exception>,
    },
    /// The peer and the messages on their way no longer hold these references of a slot.
    Released {
        /// The slot.
        cap: LocalCap,
        /// How many of the references the vat put into [`OutCap`]s.
        refs: u64,
    },
    /// The peer asks that an embargo of its be lifted, behind all it sent to `target` so far.
    /// Answer with `disembargo_reply` when that has been forwarded. (C-E3)
    DisembargoRequested {
        /// What the peer embargoed.
        target: InTarget,
        /// The peer's embargo.
        embargo: EmbargoId,
    },
    /// An embargo of ours is lifted.
    Disembargoed {
        /// What `disembargo` returned.
        embargo: EmbargoId,
    },
    /// An embargo of ours can never be lifted: what waits behind it fails. (C-A5)
    EmbargoBroken {
        /// What `disembargo` returned.
        embargo: EmbargoId,
        /// Why.
        why: Exception,
    },
    /// An import is gone with the connection; calls on it fail with this (C-A3). No `release` is due.
    ImportLost {
        /// What `tag_import` set.
        tag: Tag,
        /// Why.
        why: Exception,
    },
    /// The connection is over and every table empty. Only `Released` may follow, for references the
    /// vat hands in afterwards.
    Closed {
        /// Why.
        why: Exception,
    },
}
