//! The wire is what two peers agree on: bytes, frames, messages and the ids inside them.
//!
//! Floor 1. Everything here is plain data and pure functions: no table, no I/O, no clock.

mod content;
mod copy;
mod deframer;
mod exception;
mod frame;
mod id;
mod limits;
mod message;
mod moved;
mod outline;
mod path;
mod pointer;
mod recycled;
mod spare;

pub use content::{Content, PathError};
pub use copy::CopyError;
pub use deframer::Deframer;
pub use exception::{Detail, Exception, ExceptionKind};
pub use frame::{Frame, FrameError};
pub use id::{AnswerId, EmbargoId, ExportId, ImportId, QuestionId};
pub use limits::{Limits, ReadLimits};
pub(crate) use message::ArrivalError;
pub use message::{
    Bootstrap, Call, CapDescriptor, Context, DecodeError, Description, Disembargo, Encoded, Finish,
    Foreign, Message, MessageTarget, Outcome, Payload, PromisedAnswer, Release, Resolution,
    Resolve, Return, SendResultsTo,
};
pub use moved::Unsealed;
pub use outline::{Outline, OutlineLimits};
pub use path::Path;
pub use pointer::PointerError;
