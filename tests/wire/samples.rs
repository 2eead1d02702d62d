//! One message of each kind, with each variant of each union in it.

use bowline::wire::{
    AnswerId, Bootstrap, Call, CapDescriptor, Content, Context, Disembargo, EmbargoId, Exception,
    ExportId, Finish, ImportId, Message, MessageTarget, Outcome, Path, Payload, PromisedAnswer,
    QuestionId, Release, Resolution, Resolve, Return, SendResultsTo,
};
use capnp::message::{AllocationStrategy, Builder, HeapAllocator};

/// Content in one segment, with a text of so many bytes.
pub(crate) fn text(bytes: usize) -> Content {
    let text = "x".repeat(bytes);
    Content::build(bytes as u32 / 8 + 8, |mut root| root.set_as(text.as_str())).expect("it fits")
}

/// Content in as many segments as it can get.
pub(crate) fn scattered(texts: u32) -> Content {
    let allocator = HeapAllocator::new()
        .first_segment_words(1)
        .allocation_strategy(AllocationStrategy::FixedSize);
    let mut message = Builder::new(allocator);
    let mut list = message.initn_root::<capnp::text_list::Builder<'_>>(texts);
    for index in 0..texts {
        list.set(index, format!("a longer text, number {index}"));
    }
    message.into()
}

fn no_size() -> Content {
    let mut message = Builder::new_default();
    message.init_root::<capnp::any_pointer::Builder<'_>>();
    message
        .get_root::<capnp::any_pointer::Builder<'_>>()
        .expect("a root")
        .init_as::<bowline::schema::rpc_twoparty_capnp::third_party_to_await::Builder<'_>>();
    message.into()
}

/// Content of every shape an envelope is wrapped around.
pub(crate) fn contents() -> Vec<Content> {
    vec![
        Content::null(),
        Content::capability(3),
        Content::from(Builder::new_default()),
        no_size(),
        text(3),
        text(4070),
        text(4100),
        text(100_000),
        scattered(3),
        scattered(100),
        scattered(700),
    ]
}

fn promised(question: u32, fields: &[u16]) -> PromisedAnswer {
    PromisedAnswer { question: QuestionId(question), path: Path::from(fields) }
}

fn caps() -> Vec<CapDescriptor> {
    vec![
        CapDescriptor::None,
        CapDescriptor::SenderHosted(ExportId(1)),
        CapDescriptor::SenderPromise(ExportId(2)),
        CapDescriptor::ReceiverHosted(ImportId(3)),
        CapDescriptor::ReceiverAnswer(promised(4, &[5, 0, 6])),
        CapDescriptor::ThirdPartyHosted { vine: ExportId(7) },
        CapDescriptor::Foreign(8),
    ]
}

fn call(content: Content) -> Call {
    Call {
        question: QuestionId(0xffff_fffe),
        target: MessageTarget::ImportedCap(ImportId(0)),
        interface: 0xfedc_ba98_7654_3210,
        method: 0xfffe,
        params: Payload { content, caps: caps() },
        results_to: SendResultsTo::Caller,
        no_promise_pipelining: false,
        only_promise_pipeline: false,
    }
}

fn calls() -> Vec<Message> {
    let mut calls: Vec<Call> = contents().into_iter().map(call).collect();
    let yourself = SendResultsTo::Yourself;
    calls.push(Call { results_to: yourself, no_promise_pipelining: true, ..call(text(1)) });
    let elsewhere = SendResultsTo::Elsewhere;
    calls.push(Call { results_to: elsewhere, only_promise_pipeline: true, ..call(text(1)) });
    let mut pipelined = call(text(9));
    pipelined.target = MessageTarget::PromisedAnswer(promised(1, &[]));
    pipelined.params.caps.clear();
    calls.push(pipelined);
    calls.push(Call { target: MessageTarget::Foreign(9), ..call(Content::null()) });
    calls.into_iter().map(|call| Message::Call(Box::new(call))).collect()
}

fn why() -> Exception {
    Exception::overloaded("zu viel ✗")
        .with_trace("at the mill")
        .with_detail(1 << 63, *b"12345678")
        .with_detail(2, [])
}

fn returns() -> Vec<Message> {
    let mut outcomes: Vec<Outcome> = contents()
        .into_iter()
        .map(|content| Outcome::Results(Payload { content, caps: caps() }))
        .collect();
    outcomes.extend([
        Outcome::Results(Payload { content: no_size(), caps: vec![] }),
        Outcome::Exception(why()),
        Outcome::Exception(Exception::unimplemented("")),
        Outcome::Canceled,
        Outcome::ResultsSentElsewhere,
        Outcome::TakeFromOtherQuestion(QuestionId(77)),
        Outcome::Foreign(5),
        Outcome::Foreign(6),
    ]);
    let returned = |(index, outcome)| {
        Message::Return(Box::new(Return {
            answer: AnswerId(index as u32),
            release_param_caps: index % 2 == 0,
            no_finish_needed: index % 3 == 0,
            outcome,
        }))
    };
    outcomes.into_iter().enumerate().map(returned).collect()
}

fn resolves() -> Vec<Message> {
    let mut resolutions: Vec<Resolution> = caps().into_iter().map(Resolution::Cap).collect();
    resolutions.push(Resolution::Exception(Exception::disconnected("gone")));
    resolutions.push(Resolution::Foreign(2));
    let resolve = |resolution| Message::Resolve(Resolve { promise: ExportId(6), resolution });
    resolutions.into_iter().map(resolve).collect()
}

fn disembargoes() -> Vec<Message> {
    let contexts = [
        Context::SenderLoopback(EmbargoId(1)),
        Context::ReceiverLoopback(EmbargoId(u32::MAX)),
        Context::Foreign(2),
        Context::Foreign(3),
    ];
    let target = || MessageTarget::PromisedAnswer(promised(8, &[u16::MAX]));
    contexts.map(|context| Message::Disembargo(Disembargo { target: target(), context })).into()
}

/// All of them.
pub(crate) fn all() -> Vec<Message> {
    let finish = |release_result_caps, require_early_cancellation_workaround| {
        let question = QuestionId(5);
        Message::Finish(Finish {
            question,
            release_result_caps,
            require_early_cancellation_workaround,
        })
    };
    let mut all = vec![
        Message::Abort(why()),
        Message::Abort(Exception::failed("no")),
        Message::Bootstrap(Bootstrap { question: QuestionId(1) }),
        finish(true, true),
        finish(true, false),
        finish(false, true),
        finish(false, false),
        Message::Release(Release { import: ImportId(9), reference_count: u32::MAX }),
    ];
    let calls_and_returns = || calls().into_iter().chain(returns());
    all.extend(calls_and_returns());
    all.extend(resolves());
    all.extend(disembargoes());
    all.extend(calls_and_returns().map(|inner| Message::Unimplemented(Box::new(inner))));
    all.push(Message::Unimplemented(Box::new(finish(true, true))));
    all
}
