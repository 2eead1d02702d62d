//! What an observer makes of what is said, and of what nobody should say.

mod ring;
mod streams;
mod tables;

use crate::wire::{
    AnswerId, Bootstrap, Call, CapDescriptor, Content, ExportId, Finish, ImportId, Message,
    MessageTarget, Outcome, Path, Payload, PromisedAnswer, QuestionId, Release, Return,
    SendResultsTo,
};

fn ask(question: u32) -> Message {
    Message::Bootstrap(Bootstrap { question: QuestionId(question) })
}

fn call(question: u32, target: MessageTarget, caps: Vec<CapDescriptor>) -> Message {
    Message::Call(Box::new(Call {
        question: QuestionId(question),
        target,
        interface: 0xabc,
        method: 3,
        params: Payload { content: Content::null(), caps },
        results_to: SendResultsTo::Caller,
        no_promise_pipelining: false,
        only_promise_pipeline: false,
    }))
}

fn on(import: u32) -> MessageTarget {
    MessageTarget::ImportedCap(ImportId(import))
}

fn on_results(question: u32) -> MessageTarget {
    MessageTarget::PromisedAnswer(PromisedAnswer {
        question: QuestionId(question),
        path: Path::root(),
    })
}

fn hosted(export: u32) -> CapDescriptor {
    CapDescriptor::SenderHosted(ExportId(export))
}

fn results(answer: u32, caps: Vec<CapDescriptor>) -> Return {
    Return {
        answer: AnswerId(answer),
        release_param_caps: false,
        no_finish_needed: false,
        outcome: Outcome::Results(Payload { content: Content::null(), caps }),
    }
}

fn give_back(ret: Return) -> Message {
    Message::Return(Box::new(ret))
}

fn finish(question: u32, release_result_caps: bool) -> Message {
    Message::Finish(Finish {
        question: QuestionId(question),
        release_result_caps,
        require_early_cancellation_workaround: false,
    })
}

fn release(import: u32, reference_count: u32) -> Message {
    Message::Release(Release { import: ImportId(import), reference_count })
}
