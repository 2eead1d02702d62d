//! What the peer says, message by message.

use bowline::rpc::Client;
use bowline::runtime::Vat;
use bowline::wire::{
    AnswerId, Bootstrap, Call, CapDescriptor, Content, Context, Disembargo, EmbargoId, Exception,
    ExportId, Finish, ImportId, Message, MessageTarget, Outcome, Path, Payload, PromisedAnswer,
    QuestionId, Release, Resolution, Resolve, Return, SendResultsTo,
};

use capnp::any_pointer;
use capnp::message::{Builder, HeapAllocator};
use capnp::traits::ImbueMut;

use crate::support::{ID, fill};

pub(crate) fn bootstrap(question: u32) -> Message {
    Message::Bootstrap(Bootstrap { question: QuestionId(question) })
}

/// A call of `method` that passes `caps`, the first of them where the objects look for it.
pub(crate) fn call(
    question: u32,
    target: MessageTarget,
    method: u16,
    caps: Vec<CapDescriptor>,
) -> Call {
    Call {
        question: QuestionId(question),
        target,
        interface: ID,
        method,
        params: payload(caps),
        results_to: SendResultsTo::Caller,
        no_promise_pipelining: false,
        only_promise_pipeline: false,
    }
}

/// Content with one data word, and a capability pointer for each of `caps` behind it.
pub(crate) fn payload(caps: Vec<CapDescriptor>) -> Payload {
    Payload { content: content(caps.len()), caps }
}

/// A struct of one data word and four pointers, of which the first `caps` are capabilities.
pub(crate) fn content(caps: usize) -> Content {
    content_with(0, caps)
}

pub(crate) fn content_with(number: u64, caps: usize) -> Content {
    let vat = Vat::local();
    let stand_in = Client::broken(vat.here(), Exception::failed("only its pointer is sent"));
    let clients = vec![Some(&stand_in); caps];
    let mut message = Builder::new(HeapAllocator::new());
    let mut table = Vec::new();
    let mut root: any_pointer::Builder<'_> = message.get_root().expect("it is built in memory");
    root.imbue_mut(&mut table);
    fill(number, &clients)(root);
    message.into()
}

pub(crate) fn finish(question: u32) -> Message {
    Message::Finish(Finish {
        question: QuestionId(question),
        release_result_caps: true,
        require_early_cancellation_workaround: false,
    })
}

/// A Finish that keeps the capabilities of the results.
pub(crate) fn keep(question: u32) -> Message {
    Message::Finish(Finish {
        question: QuestionId(question),
        release_result_caps: false,
        require_early_cancellation_workaround: false,
    })
}

pub(crate) fn returns(answer: u32, outcome: Outcome) -> Message {
    Message::Return(Box::new(Return {
        answer: AnswerId(answer),
        release_param_caps: false,
        no_finish_needed: false,
        outcome,
    }))
}

/// Results that are one bare capability.
pub(crate) fn bare(cap: CapDescriptor) -> Outcome {
    Outcome::Results(Payload { content: Content::capability(0), caps: vec![cap] })
}

pub(crate) fn results(caps: Vec<CapDescriptor>) -> Outcome {
    Outcome::Results(payload(caps))
}

pub(crate) fn resolve(promise: u32, cap: CapDescriptor) -> Message {
    let resolution = Resolution::Cap(cap);
    Message::Resolve(Resolve { promise: ExportId(promise), resolution })
}

pub(crate) fn release(import: u32, reference_count: u32) -> Message {
    Message::Release(Release { import: ImportId(import), reference_count })
}

/// A disembargo that asks to be sent back.
pub(crate) fn disembargo(target: MessageTarget, embargo: u32) -> Message {
    let context = Context::SenderLoopback(EmbargoId(embargo));
    Message::Disembargo(Disembargo { target, context })
}

/// What we export under this id.
pub(crate) fn to(import: u32) -> MessageTarget {
    MessageTarget::ImportedCap(ImportId(import))
}

/// The capability at the first pointer of the results of a question.
pub(crate) fn to_result(question: u32) -> MessageTarget {
    MessageTarget::PromisedAnswer(result(question))
}

pub(crate) fn result(question: u32) -> PromisedAnswer {
    PromisedAnswer { question: QuestionId(question), path: Path::root().field(0) }
}

pub(crate) const fn hosted(export: u32) -> CapDescriptor {
    CapDescriptor::SenderHosted(ExportId(export))
}

pub(crate) const fn promised(export: u32) -> CapDescriptor {
    CapDescriptor::SenderPromise(ExportId(export))
}

/// What we export, named back to us.
pub(crate) const fn yours(import: u32) -> CapDescriptor {
    CapDescriptor::ReceiverHosted(ImportId(import))
}
