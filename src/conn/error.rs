//! Why a connection ended or refused, and whose fault it is.

use std::fmt;

use super::event::OutCall;
use crate::wire::{
    AnswerId, DecodeError, EmbargoId, Exception, ExportId, FrameError, ImportId, QuestionId,
};

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The peer broke a rule of the protocol; it is told so by an Abort.
    Misbehaved(PeerMisbehaved),
    /// The peer sent an Abort, with this reason. Nothing more is sent to it.
    Aborted(Exception),
}

/// A rule of the protocol, or a limit of ours, that the peer broke.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// Its bytes are no frames, or larger ones than [`Limits`](crate::wire::Limits) allow. (C-F2, C-F3)
    Unframed(FrameError),
    /// A frame of it holds no message. (C-F5)
    Unreadable(DecodeError),
    /// A Call or Bootstrap came with the id of a question still open. (C-Q2)
    QuestionInUse(AnswerId),
    /// A second Finish came for one question. (C-N7)
    FinishedTwice(AnswerId),
    /// A Return came for a question never asked, or answered before. (C-R2)
    ReturnOfNothing(QuestionId),
    /// `resultsSentElsewhere` came for a call whose results were to come back.
    /// (C-T6)
    ResultsNotSentElsewhere(QuestionId),
    /// `results` came for a call whose results were to stay with the peer.
    /// (`rpc.capnp: Call.sendResultsTo.yourself`)
    ResultsNotKept(QuestionId),
    /// `takeFromOtherQuestion` named a question that is not open. (C-T6)
    TakesFromUnknown(AnswerId),
    /// `takeFromOtherQuestion` named a question not sent with `sendResultsTo.yourself`.
    /// (C-T6)
    TakesUnkept(AnswerId),
    /// `takeFromOtherQuestion` named a question whose results were taken before. (C-T6)
    TakesTwice(AnswerId),
    /// A call or disembargo was addressed to a capability we do not export.
    /// (C-Q4)
    TargetNotExported(ExportId),
    /// A Release named a capability we do not export. (C-L3)
    ReleaseOfUnknown(ExportId),
    /// A Release dropped more references than were sent. (C-L3)
    ReleaseTooMany {
        /// The capability.
        export: ExportId,
        /// How many references the peer held.
        held: u64,
        /// How many it dropped.
        dropped: u32,
    },
    /// A promise was resolved a second time. (C-P5)
    ResolvedTwice(ImportId),
    /// A Resolve named a capability that was not sent as a promise. (C-P5)
    ResolvedSettled(ImportId),
    /// A promise was resolved to itself. (C-P6)
    ResolvedToItself(ImportId),
    /// Promises were resolved to each other. (C-P6)
    ResolvedInCircle(ImportId),
    /// A disembargo was addressed to the results of a question that is not open.
    /// (C-E8)
    DisembargoOfUnknown(AnswerId),
    /// A disembargo came back for an embargo that is not open.
    /// (C-E8)
    UnknownEmbargo(EmbargoId),
    /// A disembargo was addressed to something that does not lead back to the peer.
    /// (C-E8)
    DisembargoDoesNotLoopBack(EmbargoId),
    /// The peer does not implement a message every peer must. (C-U5)
    Refuses(&'static str),
    /// The peer made something grow over a limit of [`Config`](super::Config).
    TooMany {
        /// What.
        what: Plenty,
        /// The limit.
        max: usize,
    },
}

/// What a peer may not make grow any further, where all that is left is to end the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plenty {
    /// Capabilities of its own that it gave us. (C-M4)
    Imports,
    /// Calls whose results are to stay here. (C-M2)
    KeptCalls,
    /// Words waiting to be read by it, of refusals of what it asks. (C-M6)
    Unread,
    /// Messages to be sent back to it. (C-U6)
    Echoes,
}

/// The connection is over; nothing can be sent over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed(pub Exception);

/// A call that was not taken.
#[derive(Debug)]
pub struct Refused {
    /// The call, as it was given. The references in it remain the vat's.
    pub call: OutCall,
    /// Why: `disconnected` if the connection is over, `overloaded` if a limit was reached.
    pub why: Exception,
}

/// An invariant of the tables that does not hold: a defect of this library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

impl PeerMisbehaved {
    /// What the peer is told in the Abort.
    #[must_use]
    pub fn to_exception(&self) -> Exception {
        Exception::failed(self.to_string())
    }
}

/// How a reason begins that came in an Abort.
const ABORTED: &str = "peer aborted: ";

impl ConnectionError {
    /// The reason as calls fail with it.
    #[must_use]
    pub fn to_exception(&self) -> Exception {
        match self {
            Self::Misbehaved(rule) => Exception::disconnected(rule.to_string()),
            // Said once, through however many vats it came.
            Self::Aborted(why) if why.reason().starts_with(ABORTED) => {
                Exception::disconnected(why.reason())
            }
            Self::Aborted(why) => Exception::disconnected(format!("{ABORTED}{}", why.reason())),
        }
    }
}

impl fmt::Display for PeerMisbehaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("peer misbehaved: ")?;
        match self {
            Self::Unframed(error) => error.fmt(f),
            Self::Unreadable(error) => error.fmt(f),
            Self::QuestionInUse(id) => write!(f, "question {} asked while still open", id.0),
            Self::FinishedTwice(id) => write!(f, "question {} finished twice", id.0),
            Self::ReturnOfNothing(id) => write!(f, "return for question {} not open", id.0),
            Self::ResultsNotSentElsewhere(id) => {
                write!(f, "results of question {} sent elsewhere unasked", id.0)
            }
            Self::ResultsNotKept(id) => {
                write!(f, "results of question {} returned, which were to be kept", id.0)
            }
            Self::TakesFromUnknown(id) => write!(f, "takes results of unknown question {}", id.0),
            Self::TakesUnkept(id) => {
                write!(f, "takes results of question {}, which were to be returned", id.0)
            }
            Self::TakesTwice(id) => write!(f, "takes results of question {} twice", id.0),
            Self::TargetNotExported(id) => write!(f, "addresses unknown export {}", id.0),
            Self::ReleaseOfUnknown(id) => write!(f, "releases unknown export {}", id.0),
            Self::ReleaseTooMany { export, held, dropped } => {
                write!(f, "releases {dropped} of {held} references of export {}", export.0)
            }
            Self::ResolvedTwice(id) => write!(f, "resolves promise {} twice", id.0),
            Self::ResolvedSettled(id) => write!(f, "resolves {}, which is no promise", id.0),
            Self::ResolvedToItself(id) => write!(f, "resolves promise {} to itself", id.0),
            Self::ResolvedInCircle(id) => write!(f, "resolves promise {} in a circle", id.0),
            Self::DisembargoOfUnknown(id) => {
                write!(f, "disembargoes results of unknown question {}", id.0)
            }
            Self::UnknownEmbargo(id) => write!(f, "lifts unknown embargo {}", id.0),
            Self::DisembargoDoesNotLoopBack(id) => {
                write!(f, "disembargo {} is addressed to what does not loop back", id.0)
            }
            Self::Refuses(message) => write!(f, "does not implement {message}"),
            Self::TooMany { what, max } => write!(f, "more than {max} {what}"),
        }
    }
}

impl fmt::Display for Plenty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Imports => "imports",
            Self::KeptCalls => "calls in flight",
            Self::Unread => "words it does not read",
            Self::Echoes => "messages to be sent back",
        })
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misbehaved(rule) => rule.fmt(f),
            Self::Aborted(why) => write!(f, "{ABORTED}{why}"),
        }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection closed: {}", self.0)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call refused: {}", self.why)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken invariant: {}", self.0)
    }
}

impl std::error::Error for ConnectionError {}
impl std::error::Error for PeerMisbehaved {}
impl std::error::Error for Closed {}
impl std::error::Error for Refused {}
impl std::error::Error for Broken {}

impl From<PeerMisbehaved> for ConnectionError {
    fn from(rule: PeerMisbehaved) -> Self {
        Self::Misbehaved(rule)
    }
}
