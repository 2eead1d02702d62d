//! One end under test, and words for messages and events that are short enough to compare.

use super::super::config::Config;
use super::super::connection::Connection;
use super::super::error::{ConnectionError, PeerMisbehaved};
use super::super::event::{
    CallRef, Event, InCap, InReturn, InTarget, LocalCap, OutCall, OutCap, OutPayload, OutReturn,
    OutTarget, Tag,
};
use crate::wire::*;

/// The end under test; every step checks its invariants.
pub(super) struct End {
    pub(super) conn: Connection,
}

impl End {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        Self { conn: Connection::new(config) }
    }

    fn checked<T>(&mut self, step: impl FnOnce(&mut Connection) -> T) -> T {
        let done = step(&mut self.conn);
        assert_eq!(self.conn.check(), Ok(()), "\n{}", self.conn.dump());
        done
    }

    /// Something the vat wishes.
    pub(super) fn vat<T>(&mut self, wish: impl FnOnce(&mut Connection) -> T) -> T {
        self.checked(wish)
    }

    /// The peer sends this, and it is fine.
    #[track_caller]
    pub(super) fn peer(&mut self, message: Message) {
        let result = self.checked(|conn| conn.handle(message));
        assert_eq!(result, Ok(()));
    }

    /// The peer sends this, and it is the end.
    #[track_caller]
    pub(super) fn peer_breaks(&mut self, message: Message) -> PeerMisbehaved {
        match self.checked(|conn| conn.handle(message)) {
            Err(ConnectionError::Misbehaved(rule)) => rule,
            other => panic!("the peer got away with it: {other:?}"),
        }
    }

    /// All that leaves now.
    pub(super) fn sent(&mut self) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some(message) = self.checked(Connection::poll_transmit) {
            sent.push(show(&message));
        }
        sent
    }

    /// All the vat is told now.
    pub(super) fn told(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        while let Some(event) = self.conn.poll_event() {
            told.push(show_event(&event));
        }
        told
    }

    #[track_caller]
    pub(super) fn sends(&mut self, expected: &[&str]) {
        assert_eq!(self.sent(), expected);
    }

    #[track_caller]
    pub(super) fn tells(&mut self, expected: &[&str]) {
        assert_eq!(self.told(), expected);
    }

    /// Nothing is left anywhere.
    #[track_caller]
    pub(super) fn ends_idle(mut self) {
        self.sends(&[]);
        self.tells(&[]);
        assert!(self.conn.is_idle(), "{}\n{}", self.conn.stats(), self.conn.dump());
    }

    /// A call of ours without capabilities, to import `import`.
    pub(super) fn call(&mut self, tag: u32, import: u32) -> CallRef {
        self.call_with(OutTarget::Import(ImportId(import)), ask(tag, vec![]))
    }

    pub(super) fn call_with(&mut self, target: OutTarget, call: OutCall) -> CallRef {
        self.vat(|conn| conn.call(target, call)).unwrap_or_else(|refused| panic!("{refused}"))
    }

    /// The peer gives us the settled capability `export` as its bootstrap, and question 0 is over.
    pub(super) fn imports(&mut self, export: u32) {
        self.imports_as(CapDescriptor::SenderHosted(ExportId(export)), export);
    }

    pub(super) fn imports_as(&mut self, descriptor: CapDescriptor, export: u32) {
        let call = self.vat(|conn| conn.bootstrap(Tag(0))).expect("open");
        self.sent();
        let question = self.conn.questions.get(call).and_then(|q| q.life.id()).expect("it left");
        self.peer(results(question.0, vec![descriptor]));
        self.vat(|conn| conn.tag_import(ImportId(export), Tag(u64::from(100 + export))));
        self.vat(|conn| conn.finish(call));
        self.sent();
        self.told();
    }

    /// The peer asks for our bootstrap as question `id`, gets `cap`, and keeps its question open.
    pub(super) fn exports(&mut self, id: u32, cap: OutCap) {
        self.peer(bootstrap(id));
        self.vat(|conn| conn.tag_answer(AnswerId(id), Tag(u64::from(200 + id))));
        self.vat(|conn| conn.ret(AnswerId(id), OutReturn::Results(payload(vec![cap]))));
        self.sent();
        self.told();
    }

    /// The peer calls our export 0 as question `id`; it is tagged 200 + `id`.
    pub(super) fn is_called(&mut self, id: u32, caps: Vec<CapDescriptor>) {
        self.peer(call(id, to_export(0), caps));
        self.vat(|conn| conn.tag_answer(AnswerId(id), Tag(id.wrapping_add(200).into())));
        self.told();
    }

    pub(super) fn rets(&mut self, id: u32, caps: Vec<OutCap>) {
        self.vat(|conn| conn.ret(AnswerId(id), OutReturn::Results(payload(caps))));
    }
}

pub(super) fn payload(caps: Vec<OutCap>) -> OutPayload {
    OutPayload { content: Content::null(), caps }
}

pub(super) fn ask(tag: u32, caps: Vec<OutCap>) -> OutCall {
    OutCall { tag: Tag(tag.into()), interface: 0, method: 0, params: payload(caps), tail: false }
}

pub(super) fn tail(tag: u32) -> OutCall {
    OutCall { tail: true, ..ask(tag, vec![]) }
}

pub(super) fn on(call: CallRef) -> OutTarget {
    OutTarget::Answer(call, Path::root())
}

pub(super) fn hosted(slot: u32) -> OutCap {
    OutCap::Hosted(LocalCap(slot))
}

pub(super) fn promise(slot: u32) -> OutCap {
    OutCap::Promise(LocalCap(slot))
}

pub(super) fn their(export: u32) -> CapDescriptor {
    CapDescriptor::SenderHosted(ExportId(export))
}

pub(super) fn their_promise(export: u32) -> CapDescriptor {
    CapDescriptor::SenderPromise(ExportId(export))
}

pub(super) fn bootstrap(question: u32) -> Message {
    Message::Bootstrap(Bootstrap { question: QuestionId(question) })
}

pub(super) fn to_export(export: u32) -> MessageTarget {
    MessageTarget::ImportedCap(ImportId(export))
}

pub(super) fn to_answer(question: u32) -> MessageTarget {
    MessageTarget::PromisedAnswer(promised(question))
}

pub(super) fn promised(question: u32) -> PromisedAnswer {
    PromisedAnswer { question: QuestionId(question), path: Path::root() }
}

/// A call of the peer.
pub(super) fn call(question: u32, target: MessageTarget, caps: Vec<CapDescriptor>) -> Message {
    Message::Call(Box::new(plain_call(question, target, caps)))
}

pub(super) fn plain_call(question: u32, target: MessageTarget, caps: Vec<CapDescriptor>) -> Call {
    Call {
        question: QuestionId(question),
        target,
        interface: 0,
        method: 0,
        params: Payload { content: Content::null(), caps },
        results_to: SendResultsTo::Caller,
        no_promise_pipelining: false,
        only_promise_pipeline: false,
    }
}

pub(super) fn ret(answer: u32, outcome: Outcome) -> Return {
    Return { answer: AnswerId(answer), release_param_caps: false, no_finish_needed: false, outcome }
}

pub(super) fn returns(answer: u32, outcome: Outcome) -> Message {
    Message::Return(Box::new(ret(answer, outcome)))
}

pub(super) fn results(answer: u32, caps: Vec<CapDescriptor>) -> Message {
    returns(answer, Outcome::Results(Payload { content: Content::null(), caps }))
}

pub(super) fn finish(question: u32, release_result_caps: bool) -> Message {
    Message::Finish(Finish {
        question: QuestionId(question),
        release_result_caps,
        require_early_cancellation_workaround: false,
    })
}

pub(super) fn release(import: u32, reference_count: u32) -> Message {
    Message::Release(Release { import: ImportId(import), reference_count })
}

pub(super) fn resolve(promise: u32, cap: CapDescriptor) -> Message {
    Message::Resolve(Resolve { promise: ExportId(promise), resolution: Resolution::Cap(cap) })
}

pub(super) fn disembargo(target: MessageTarget, context: Context) -> Message {
    Message::Disembargo(Disembargo { target, context })
}

pub(super) fn unimplemented(message: Message) -> Message {
    Message::Unimplemented(Box::new(message))
}

pub(super) fn foreign() -> Message {
    Message::Foreign(Foreign { variant: 10, body: Content::null() })
}

fn show_descriptor(cap: &CapDescriptor) -> String {
    match cap {
        CapDescriptor::None => "none".to_owned(),
        CapDescriptor::SenderHosted(id) => format!("{id}"),
        CapDescriptor::SenderPromise(id) => format!("{id}?"),
        CapDescriptor::ReceiverHosted(id) => format!("{id}"),
        CapDescriptor::ReceiverAnswer(at) => format!("{}{}", at.question, at.path),
        other => format!("{other:?}"),
    }
}

fn show_caps(caps: &[CapDescriptor]) -> String {
    caps.iter().map(|cap| format!(" +{}", show_descriptor(cap))).collect()
}

fn show_target(target: &MessageTarget) -> String {
    match target {
        MessageTarget::ImportedCap(id) => format!("{id}"),
        MessageTarget::PromisedAnswer(at) => format!("{}{}", at.question, at.path),
        MessageTarget::Foreign(variant) => format!("foreign {variant}"),
    }
}

fn when(flag: bool, text: &str) -> &str {
    if flag { text } else { "" }
}

fn show_outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Results(payload) => format!("results{}", show_caps(&payload.caps)),
        Outcome::Exception(why) => format!("{why}"),
        Outcome::Canceled => "canceled".to_owned(),
        Outcome::ResultsSentElsewhere => "sent elsewhere".to_owned(),
        Outcome::TakeFromOtherQuestion(other) => format!("take from {other}"),
        Outcome::Foreign(variant) => format!("foreign {variant}"),
    }
}

pub(super) fn show(message: &Message) -> String {
    match message {
        Message::Unimplemented(echoed) => format!("unimplemented({})", show(echoed)),
        Message::Abort(why) => format!("abort {why}"),
        Message::Bootstrap(bootstrap) => format!("bootstrap {}", bootstrap.question),
        Message::Call(call) => format!(
            "call {} → {}{}{}{}{}",
            call.question,
            show_target(&call.target),
            show_caps(&call.params.caps),
            when(call.results_to == SendResultsTo::Yourself, ", yourself"),
            when(call.no_promise_pipelining, ", no pipeline"),
            when(call.only_promise_pipeline, ", only pipeline"),
        ),
        Message::Return(ret) => format!(
            "return {} {}{}{}",
            ret.answer,
            show_outcome(&ret.outcome),
            when(ret.release_param_caps, ", params released"),
            when(ret.no_finish_needed, ", no finish needed"),
        ),
        Message::Finish(finish) => format!(
            "finish {}{}{}",
            finish.question,
            when(finish.release_result_caps, ", results released"),
            when(finish.require_early_cancellation_workaround, ", deliver first"),
        ),
        Message::Resolve(resolve) => match &resolve.resolution {
            Resolution::Cap(cap) => {
                format!("resolve {} → {}", resolve.promise, show_descriptor(cap))
            }
            Resolution::Exception(why) => format!("resolve {} → {why}", resolve.promise),
            Resolution::Foreign(variant) => format!("resolve {} → {variant}", resolve.promise),
        },
        Message::Release(release) => {
            format!("release {} × {}", release.import, release.reference_count)
        }
        Message::Disembargo(disembargo) => {
            format!("disembargo {} {:?}", show_target(&disembargo.target), disembargo.context)
        }
        Message::Foreign(foreign) => format!("foreign {}", foreign.variant),
    }
}

fn show_in_cap(cap: &InCap) -> String {
    match cap {
        InCap::None => "none".to_owned(),
        InCap::Import { import, tag: None } => format!("{import}"),
        InCap::Import { import, tag: Some(tag) } => format!("{import}#{}", tag.0),
        InCap::ImportPromise { import, tag: None } => format!("{import}?"),
        InCap::ImportPromise { import, tag: Some(tag) } => format!("{import}?#{}", tag.0),
        InCap::Local(cap) => format!("local {}", cap.0),
        InCap::Answer { tag, path } => format!("answer #{}{path}", tag.0),
        InCap::Broken(why) => format!("broken {why}"),
    }
}

fn show_in_caps(caps: &[InCap]) -> String {
    caps.iter().map(|cap| format!(" +{}", show_in_cap(cap))).collect()
}

fn show_in_target(target: &InTarget) -> String {
    match target {
        InTarget::Local(cap) => format!("local {}", cap.0),
        InTarget::Answer { tag, path } => format!("answer #{}{path}", tag.0),
    }
}

pub(super) fn show_event(event: &Event) -> String {
    match event {
        Event::Bootstrap { answer } => format!("bootstrap {answer}"),
        Event::Call { answer, target, call } => format!(
            "call {answer} → {}{}{}{}",
            show_in_target(target),
            show_in_caps(&call.params.caps),
            when(call.keep_results, ", keep results"),
            when(call.only_promise_pipeline, ", only pipeline"),
        ),
        Event::Cancel { answer, tag, deliver_first } => {
            format!("cancel {answer} #{}{}", tag.0, when(*deliver_first, ", deliver first"))
        }
        Event::Done { tag } => format!("done #{}", tag.0),
        Event::Return { tag, outcome, .. } => match outcome {
            InReturn::Results(payload) => {
                format!("return #{} results{}", tag.0, show_in_caps(&payload.caps))
            }
            InReturn::Exception(why) => format!("return #{} {why}", tag.0),
            InReturn::Canceled => format!("return #{} canceled", tag.0),
            InReturn::Kept => format!("return #{} kept", tag.0),
            InReturn::TakeFrom(from) => format!("return #{} take from #{}", tag.0, from.0),
        },
        Event::Resolve { import, tag, to } => match to {
            Ok(cap) => format!("resolve {import}#{} → {}", tag.0, show_in_cap(cap)),
            Err(why) => format!("resolve {import}#{} → {why}", tag.0),
        },
        Event::Released { cap, refs } => format!("released {} × {refs}", cap.0),
        Event::DisembargoRequested { target, embargo } => {
            format!("disembargo of {} asked, {embargo}", show_in_target(target))
        }
        Event::Disembargoed { embargo } => format!("{embargo} lifted"),
        Event::EmbargoBroken { embargo, why } => format!("{embargo} broken: {why}"),
        Event::ImportLost { tag, why } => format!("import #{} lost: {why}", tag.0),
        Event::Closed { why } => format!("closed: {why}"),
    }
}
