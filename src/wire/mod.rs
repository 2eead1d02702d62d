//! The wire is what two peers agree on: bytes, frames, messages and the ids inside them.
//!
//! Floor 1. Everything here is plain data and pure functions: no table, no I/O, no clock.

mod content;
mod exception;
mod id;
mod message;
mod path;

pub use content::Content;
pub use exception::{Detail, Exception, ExceptionKind};
pub use id::{AnswerId, EmbargoId, ExportId, ImportId, QuestionId};
pub use message::{
    Bootstrap, Call, CapDescriptor, Context, Disembargo, Finish, Foreign, Message, MessageTarget,
    Outcome, Payload, PromisedAnswer, Release, Resolution, Resolve, Return, SendResultsTo,
};
pub use path::Path;
