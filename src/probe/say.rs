//! Short ways to say things: messages with everything in them plain but what is named.

use crate::wire::{
    AnswerId, Bootstrap, Call, CapDescriptor, Content, Context, Disembargo, EmbargoId, ExportId,
    Finish, Foreign, ImportId, Message, MessageTarget, Outcome, Path, Payload, PromisedAnswer,
    QuestionId, Release, Resolution, Resolve, Return, SendResultsTo,
};

/// Asks for the bootstrap capability.
#[must_use]
pub fn bootstrap(question: u32) -> Message {
    Message::Bootstrap(Bootstrap { question: QuestionId(question) })
}

/// A call without params, to be changed before it is [said](called).
#[must_use]
pub fn call(question: u32, target: MessageTarget, interface: u64, method: u16) -> Call {
    Call {
        question: QuestionId(question),
        target,
        interface,
        method,
        params: Payload { content: Content::null(), caps: Vec::new() },
        results_to: SendResultsTo::Caller,
        no_promise_pipelining: false,
        only_promise_pipeline: false,
    }
}

/// The message of a call.
#[must_use]
pub fn called(call: Call) -> Message {
    Message::Call(Box::new(call))
}

/// A struct of no data whose pointers are these capabilities, in order.
#[must_use]
pub fn capabilities(caps: Vec<CapDescriptor>) -> Payload {
    // No cap table is as long as a struct has pointers.
    let count = u16::try_from(caps.len()).unwrap_or(u16::MAX);
    let root = match count {
        // A struct of no size stands in place of its pointer.
        0 => 0xffff_fffc,
        count => u64::from(count) << 48,
    };
    let pointers = (0..u64::from(count)).map(|index| index << 32 | 3);
    let words: Vec<u64> = std::iter::once(root).chain(pointers).collect();
    Payload { content: Content::from_words(&words), caps }
}

/// One bare capability, as a bootstrap returns it.
#[must_use]
pub fn bare(cap: CapDescriptor) -> Payload {
    Payload { content: Content::capability(0), caps: vec![cap] }
}

/// Ends a question and releases the capabilities in its results. A call that runs is delivered
/// before it is cancelled, as the schema has it where nothing else is said.
#[must_use]
pub fn finish(question: u32) -> Message {
    finished(question, true, true)
}

/// The same, and the capabilities in its results are kept.
#[must_use]
pub fn keep(question: u32) -> Message {
    finished(question, false, true)
}

/// Ends a question; a call that runs may be cancelled undelivered.
#[must_use]
pub fn cancel(question: u32) -> Message {
    finished(question, true, false)
}

fn finished(
    question: u32,
    release_result_caps: bool,
    require_early_cancellation_workaround: bool,
) -> Message {
    let question = QuestionId(question);
    Message::Finish(Finish { question, release_result_caps, require_early_cancellation_workaround })
}

/// Completes a question of the other side; its params are not released with it.
#[must_use]
pub fn returns(answer: u32, outcome: Outcome) -> Message {
    Message::Return(Box::new(Return {
        answer: AnswerId(answer),
        release_param_caps: false,
        no_finish_needed: false,
        outcome,
    }))
}

/// Says what a promise of ours came to be.
#[must_use]
pub fn resolve(promise: u32, cap: CapDescriptor) -> Message {
    let resolution = Resolution::Cap(cap);
    Message::Resolve(Resolve { promise: ExportId(promise), resolution })
}

/// Drops references to what the other side exported.
#[must_use]
pub fn release(import: u32, reference_count: u32) -> Message {
    Message::Release(Release { import: ImportId(import), reference_count })
}

/// A disembargo that asks to be sent back.
#[must_use]
pub fn disembargo(target: MessageTarget, embargo: u32) -> Message {
    let context = Context::SenderLoopback(EmbargoId(embargo));
    Message::Disembargo(Disembargo { target, context })
}

/// A disembargo that comes back.
#[must_use]
pub fn disembargoed(target: MessageTarget, embargo: u32) -> Message {
    let context = Context::ReceiverLoopback(EmbargoId(embargo));
    Message::Disembargo(Disembargo { target, context })
}

/// A message of any variant of the `Message` union, its body a number.
#[must_use]
pub fn foreign(variant: u16, body: u16) -> Message {
    // One word of data and no pointer: the number of the variant, and behind it what may be a body.
    let words = [1 << 32, u64::from(variant) | u64::from(body) << 16];
    Message::Foreign(Foreign { variant, body: Content::from_words(&words) })
}

/// What the other side exports under this id.
#[must_use]
pub fn to(import: u32) -> MessageTarget {
    MessageTarget::ImportedCap(ImportId(import))
}

/// The capability behind these pointer fields of the results of a question of ours.
#[must_use]
pub fn to_result(question: u32, fields: &[u16]) -> MessageTarget {
    MessageTarget::PromisedAnswer(result(question, fields))
}

/// A place in the results of a question of ours.
#[must_use]
pub fn result(question: u32, fields: &[u16]) -> PromisedAnswer {
    PromisedAnswer { question: QuestionId(question), path: Path::from(fields) }
}

/// A settled capability of ours.
#[must_use]
pub const fn hosted(export: u32) -> CapDescriptor {
    CapDescriptor::SenderHosted(ExportId(export))
}

/// A promise of ours.
#[must_use]
pub const fn promised(export: u32) -> CapDescriptor {
    CapDescriptor::SenderPromise(ExportId(export))
}

/// A capability of the other side's, given back.
#[must_use]
pub const fn yours(import: u32) -> CapDescriptor {
    CapDescriptor::ReceiverHosted(ImportId(import))
}
