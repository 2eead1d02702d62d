//! What the messages say. Ids are named from the sender's point of view; whoever receives a message flips them at the door.

use crate::wire::content::Content;
use crate::wire::exception::Exception;
use crate::wire::id::{AnswerId, EmbargoId, ExportId, ImportId, QuestionId};
use crate::wire::path::Path;

/// One message of the protocol. (`rpc.capnp: Message`)
#[derive(Debug)]
#[non_exhaustive]
pub enum Message {
    /// The receiver of the enclosed message does not know it. (`Message.unimplemented`)
    Unimplemented(Box<Self>),
    /// The sender found the connection broken and says why. (`Message.abort`)
    Abort(Exception),
    /// Asks for the peer's bootstrap capability.
    Bootstrap(Bootstrap),
    /// Begins a method call.
    Call(Box<Call>),
    /// Completes a call or bootstrap.
    Return(Box<Return>),
    /// Ends a question.
    Finish(Finish),
    /// Says what an earlier `senderPromise` came to be.
    Resolve(Resolve),
    /// Drops references to an import.
    Release(Release),
    /// Lifts an embargo, or asks for it.
    Disembargo(Disembargo),
    /// A message of level 3 or 4, an obsolete one, or one this version does not know.
    Foreign(Foreign),
}

impl Message {
    /// How many words the content it carries takes; the message itself takes few.
    #[must_use]
    #[inline]
    pub fn content_words(&self) -> usize {
        match self {
            Self::Unimplemented(inner) => inner.content_words(),
            Self::Foreign(foreign) => foreign.body.words(),
            Self::Call(call) => call.params.content.words(),
            Self::Return(ret) => match &ret.outcome {
                Outcome::Results(results) => results.content.words(),
                _ => 0,
            },
            _ => 0,
        }
    }

    /// Where in the frame the content is, as pointer fields from the root, and where it goes.
    pub(super) fn hole(&mut self) -> Option<(&'static [u16], &mut Content)> {
        match self {
            Self::Unimplemented(inner) => match &mut **inner {
                Self::Foreign(foreign) => Some((&[0], &mut foreign.body)),
                Self::Call(call) => Some((&[0, 0, 1, 0], &mut call.params.content)),
                Self::Return(ret) => match &mut ret.outcome {
                    Outcome::Results(results) => Some((&[0, 0, 0, 0], &mut results.content)),
                    _ => None,
                },
                _ => None,
            },
            Self::Foreign(foreign) => Some((&[], &mut foreign.body)),
            Self::Call(call) => Some((&[0, 1, 0], &mut call.params.content)),
            Self::Return(ret) => match &mut ret.outcome {
                Outcome::Results(results) => Some((&[0, 0, 0], &mut results.content)),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Asks for the bootstrap capability. (`rpc.capnp: Bootstrap`)
#[derive(Debug)]
pub struct Bootstrap {
    /// The question its Return will answer.
    pub question: QuestionId,
}

/// A method call. (`rpc.capnp: Call`)
#[derive(Debug)]
pub struct Call {
    /// The question its Return will answer.
    pub question: QuestionId,
    /// Who is called.
    pub target: MessageTarget,
    /// The type id of the interface.
    pub interface: u64,
    /// The ordinal of the method within the interface.
    pub method: u16,
    /// What is passed.
    pub params: Payload,
    /// Where the results go.
    pub results_to: SendResultsTo,
    /// The caller will not pipeline on this call.
    pub no_promise_pipelining: bool,
    /// The caller will only pipeline on this call, and wants no Return.
    pub only_promise_pipeline: bool,
}

/// Where the results of a call go. (`rpc.capnp: Call.sendResultsTo`)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendResultsTo {
    /// Back in the Return.
    Caller,
    /// They stay with the callee, for a later `takeFromOtherQuestion`.
    Yourself,
    /// To a third vat (level 3), or somewhere this version does not know.
    Elsewhere,
}

/// Completes a call. (`rpc.capnp: Return`)
#[derive(Debug)]
pub struct Return {
    /// The answer that is returned.
    pub answer: AnswerId,
    /// All capabilities sent in the params are released with this message.
    pub release_param_caps: bool,
    /// The answer is already gone on the sender's side; no Finish need be sent.
    pub no_finish_needed: bool,
    /// What came of the call.
    pub outcome: Outcome,
}

/// What came of a call. (`rpc.capnp: Return`, the union)
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It returned.
    Results(Payload),
    /// It failed.
    Exception(Exception),
    /// It was cancelled, as the caller asked.
    Canceled,
    /// Its results stay where `sendResultsTo` said.
    ResultsSentElsewhere,
    /// Its results are those of this question of the sender, sent with `sendResultsTo.yourself`.
    TakeFromOtherQuestion(QuestionId),
    /// Level 3 (`awaitFromThirdParty`), or a variant this version does not know.
    Foreign(u16),
}

/// Ends a question. (`rpc.capnp: Finish`)
#[derive(Debug)]
pub struct Finish {
    /// The question that ends.
    pub question: QuestionId,
    /// All capabilities of its results are released with this message.
    pub release_result_caps: bool,
    /// The receiver must deliver the call before it cancels it.
    pub require_early_cancellation_workaround: bool,
}

/// Says what a promise came to be. (`rpc.capnp: Resolve`)
#[derive(Debug)]
pub struct Resolve {
    /// The promise, exported by the sender as `senderPromise`.
    pub promise: ExportId,
    /// What it came to be.
    pub resolution: Resolution,
}

/// What a promise came to be. (`rpc.capnp: Resolve`, the union)
#[derive(Debug)]
#[non_exhaustive]
pub enum Resolution {
    /// This capability.
    Cap(CapDescriptor),
    /// Nothing: it broke.
    Exception(Exception),
    /// A variant this version does not know.
    Foreign(u16),
}

/// Drops references. (`rpc.capnp: Release`)
#[derive(Debug)]
pub struct Release {
    /// The import that is released.
    pub import: ImportId,
    /// How many of the references the peer counts are dropped.
    pub reference_count: u32,
}

/// Asks for an embargo to be lifted, or lifts it. (`rpc.capnp: Disembargo`)
#[derive(Debug)]
pub struct Disembargo {
    /// The capability the embargo is about.
    pub target: MessageTarget,
    /// Which way it travels.
    pub context: Context,
}

/// Which way a Disembargo travels. (`rpc.capnp: Disembargo.context`)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Context {
    /// On its way along the old path; the receiver sends it back.
    SenderLoopback(EmbargoId),
    /// On its way back.
    ReceiverLoopback(EmbargoId),
    /// Level 3 (`accept`), or a variant this version does not know.
    Foreign(u16),
}

/// Stands in a `Foreign` for a promised answer whose path has a step this version does not know. The
/// schema is far from so many variants; written again, it is still one nobody knows.
pub(super) const UNKNOWN_STEP: u16 = u16::MAX;

/// Whom a call or disembargo is addressed to. (`rpc.capnp: MessageTarget`)
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageTarget {
    /// A capability the receiver exported.
    ImportedCap(ImportId),
    /// A capability in the results of an earlier question of the sender.
    PromisedAnswer(PromisedAnswer),
    /// A variant this version does not know.
    Foreign(u16),
}

/// A place in the results of a question of the sender. (`rpc.capnp: PromisedAnswer`)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromisedAnswer {
    /// The question whose results are meant.
    pub question: QuestionId,
    /// Where in them.
    pub path: Path,
}

/// What is passed or returned: content and the capabilities it points to. (`rpc.capnp: Payload`)
#[derive(Debug)]
pub struct Payload {
    /// One pointer and all below it.
    pub content: Content,
    /// What its capability pointers mean, by index.
    pub caps: Vec<CapDescriptor>,
}

/// How the sender names a capability. (`rpc.capnp: CapDescriptor`)
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CapDescriptor {
    /// No capability. (C-D2)
    None,
    /// A settled capability, exported by the sender. Counts one reference.
    SenderHosted(ExportId),
    /// A promise, exported by the sender, who will send a Resolve. Counts one reference.
    SenderPromise(ExportId),
    /// A capability the receiver exported.
    ReceiverHosted(ImportId),
    /// A capability in the results of a question of the sender, which the receiver answers.
    ReceiverAnswer(PromisedAnswer),
    /// A capability of a third vat; `vine` stands for it at level 1. Counts one reference of `vine`.
    ThirdPartyHosted {
        /// Exported by the sender; forwards to the third vat.
        vine: ExportId,
    },
    /// A variant this version does not know.
    Foreign(u16),
}

/// A message this level of the protocol answers with `unimplemented`. (C-U1)
#[derive(Debug)]
pub struct Foreign {
    /// The discriminant of the `Message` union.
    pub variant: u16,
    /// The whole message, to be sent back. Its cost to us is bounded by the frame's limits.
    pub body: Content,
}
