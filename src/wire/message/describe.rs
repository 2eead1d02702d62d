//! A message in full, as a person reads it: the line of its summary, and below it what that leaves out.

use std::fmt;

use super::data::{CapDescriptor, Message, Outcome, Payload, Resolution};
use crate::wire::content::Content;
use crate::wire::exception::{Detail, Exception};
use crate::wire::outline::OutlineLimits;

/// What [`Message::describe`] shows: lines, each ended. The first is the
/// [summary](Message::summary); those below it are moved in by two spaces.
pub struct Description<'a> {
    message: &'a Message,
    limits: OutlineLimits,
}

impl Message {
    /// The message in full: its content, its cap table with a word for each kind of descriptor, an
    /// exception's trace and details.
    #[must_use]
    pub fn describe(&self, limits: OutlineLimits) -> Description<'_> {
        Description { message: self, limits }
    }
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", OneLine(self.message))?;
        body(f, self.message, self.limits)
    }
}

/// What a peer wrote may span lines; a summary is one.
struct OneLine<'a>(&'a Message);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = self.0.summary();
        for piece in summary.split_inclusive(char::is_control) {
            f.write_str(piece.trim_end_matches(char::is_control))?;
            if piece.ends_with(char::is_control) {
                f.write_str(" ")?;
            }
        }
        Ok(())
    }
}

fn body(f: &mut fmt::Formatter<'_>, message: &Message, limits: OutlineLimits) -> fmt::Result {
    match message {
        Message::Unimplemented(inner) => body(f, inner, limits),
        Message::Abort(why) => exception(f, why),
        Message::Call(call) => payload(f, "params", &call.params, limits),
        Message::Return(ret) => match &ret.outcome {
            Outcome::Results(results) => payload(f, "results", results, limits),
            Outcome::Exception(why) => exception(f, why),
            _ => Ok(()),
        },
        Message::Resolve(resolve) => match &resolve.resolution {
            Resolution::Cap(cap) => writeln!(f, "  cap: {}", Kind(cap)),
            Resolution::Exception(why) => exception(f, why),
            Resolution::Foreign(_) => Ok(()),
        },
        Message::Foreign(foreign) => content(f, "message", &foreign.body, limits),
        Message::Bootstrap(_)
        | Message::Finish(_)
        | Message::Release(_)
        | Message::Disembargo(_) => Ok(()),
    }
}

fn payload(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    payload: &Payload,
    limits: OutlineLimits,
) -> fmt::Result {
    content(f, name, &payload.content, limits)?;
    for (index, cap) in payload.caps.iter().enumerate() {
        writeln!(f, "  cap {index}: {}", Kind(cap))?;
    }
    Ok(())
}

fn content(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    content: &Content,
    limits: OutlineLimits,
) -> fmt::Result {
    write!(f, "  {name}: {}", content.outline(limits).indented(1))
}

fn exception(f: &mut fmt::Formatter<'_>, why: &Exception) -> fmt::Result {
    for line in why.trace().unwrap_or_default().lines() {
        writeln!(f, "  trace: {}", line.trim_end())?;
    }
    for Detail { id, data } in why.details() {
        writeln!(f, "  detail {id:#x}: {} bytes {}", data.len(), data.escape_ascii())?;
    }
    Ok(())
}

/// A descriptor, and the name it has in the schema.
struct Kind<'a>(&'a CapDescriptor);

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            CapDescriptor::None => return f.write_str("none"),
            CapDescriptor::SenderHosted(_) => "senderHosted",
            CapDescriptor::SenderPromise(_) => "senderPromise",
            CapDescriptor::ReceiverHosted(_) => "receiverHosted",
            CapDescriptor::ReceiverAnswer(_) => "receiverAnswer",
            CapDescriptor::ThirdPartyHosted { .. } => "thirdPartyHosted",
            CapDescriptor::Foreign(_) => "unknown",
        };
        write!(f, "{name} {}", self.0)
    }
}
