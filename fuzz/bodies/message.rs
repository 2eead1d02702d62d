use bowline::wire::{
    AnswerId, Bootstrap, Call, CapDescriptor, Content, Context, Disembargo, EmbargoId, Exception,
    ExportId, Finish, Frame, ImportId, Message, MessageTarget, Outcome, OutlineLimits, Path,
    Payload, PromisedAnswer, QuestionId, ReadLimits, Release, Resolution, Resolve, Return,
    SendResultsTo,
};

use crate::again::{again, deframe, essence, reencode};
use crate::choices::Choices;

/// Variants that no schema has yet.
const NOBODY_KNOWS: u16 = 1000;

fn number(from: &mut Choices<'_>) -> u32 {
    match from.byte() {
        0xff => u32::from_le_bytes([from.byte(), from.byte(), from.byte(), from.byte()]),
        small => u32::from(small),
    }
}

fn text(from: &mut Choices<'_>) -> String {
    let length = usize::from(from.byte());
    String::from_utf8_lossy(from.take(length)).into_owned()
}

fn promised(from: &mut Choices<'_>) -> PromisedAnswer {
    let question = QuestionId(number(from));
    let path: Path = (0..from.below(9)).map(|_| u16::from(from.byte()) << from.below(9)).collect();
    PromisedAnswer { question, path }
}

fn target(from: &mut Choices<'_>) -> MessageTarget {
    match from.below(8) {
        0..4 => MessageTarget::ImportedCap(ImportId(number(from))),
        4..7 => MessageTarget::PromisedAnswer(promised(from)),
        _ => MessageTarget::Foreign(NOBODY_KNOWS + u16::from(from.byte())),
    }
}

fn cap(from: &mut Choices<'_>) -> CapDescriptor {
    match from.below(7) {
        0 => CapDescriptor::None,
        1 => CapDescriptor::SenderHosted(ExportId(number(from))),
        2 => CapDescriptor::SenderPromise(ExportId(number(from))),
        3 => CapDescriptor::ReceiverHosted(ImportId(number(from))),
        4 => CapDescriptor::ReceiverAnswer(promised(from)),
        5 => CapDescriptor::ThirdPartyHosted { vine: ExportId(number(from)) },
        _ => CapDescriptor::Foreign(NOBODY_KNOWS + u16::from(from.byte())),
    }
}

fn payload(from: &mut Choices<'_>) -> Payload {
    let caps = (0..from.below(6)).map(|_| cap(from)).collect();
    let content = match from.below(3) {
        0 => Content::null(),
        1 => Content::capability(number(from)),
        _ => {
            let words = usize::from(from.byte());
            let words = from.take(words * 8).chunks_exact(8);
            let word = |word: &[u8]| u64::from_le_bytes(word.try_into().expect("8 bytes"));
            let made = Content::from_words(&words.map(word).collect::<Vec<_>>());
            // What nobody could build is nothing that is sent; nor is what unfolds to more than was chosen.
            let limits = ReadLimits { traversal_words_max: 1 << 12, ..ReadLimits::default() };
            made.copy(&limits).unwrap_or_default()
        }
    };
    Payload { content, caps }
}

fn exception(from: &mut Choices<'_>) -> Exception {
    let reason = text(from);
    let mut why = match from.below(4) {
        0 => Exception::failed(reason),
        1 => Exception::overloaded(reason),
        2 => Exception::disconnected(reason),
        _ => Exception::unimplemented(reason),
    };
    if from.below(2) == 1 {
        why = why.with_trace(text(from));
    }
    for _ in 0..from.below(4) {
        let data = text(from);
        why = why.with_detail(number(from).into(), data);
    }
    why
}

fn outcome(from: &mut Choices<'_>) -> Outcome {
    match from.below(8) {
        0..3 => Outcome::Results(payload(from)),
        3 => Outcome::Exception(exception(from)),
        4 => Outcome::Canceled,
        5 => Outcome::ResultsSentElsewhere,
        6 => Outcome::TakeFromOtherQuestion(QuestionId(number(from))),
        _ => Outcome::Foreign(NOBODY_KNOWS + u16::from(from.byte())),
    }
}

fn call(from: &mut Choices<'_>) -> Call {
    Call {
        question: QuestionId(number(from)),
        target: target(from),
        interface: u64::from(number(from)) << from.below(33),
        method: u16::from(from.byte()) << from.below(9),
        params: payload(from),
        results_to: match from.below(3) {
            0 => SendResultsTo::Caller,
            1 => SendResultsTo::Yourself,
            _ => SendResultsTo::Elsewhere,
        },
        no_promise_pipelining: from.below(2) == 1,
        only_promise_pipeline: from.below(2) == 1,
    }
}

fn disembargo(from: &mut Choices<'_>) -> Disembargo {
    let target = target(from);
    let context = match from.below(3) {
        0 => Context::SenderLoopback(EmbargoId(number(from))),
        1 => Context::ReceiverLoopback(EmbargoId(number(from))),
        _ => Context::Foreign(NOBODY_KNOWS + u16::from(from.byte())),
    };
    Disembargo { target, context }
}

fn message(from: &mut Choices<'_>) -> Message {
    match from.below(9) {
        // Whoever is told that they were not understood does not answer: it is told of no such message.
        8 => Message::Unimplemented(Box::new(plain(from.below(8), from))),
        kind => plain(kind, from),
    }
}

fn plain(kind: u8, from: &mut Choices<'_>) -> Message {
    match kind {
        0 => Message::Call(Box::new(call(from))),
        1 => Message::Return(Box::new(Return {
            answer: AnswerId(number(from)),
            release_param_caps: from.below(2) == 1,
            no_finish_needed: from.below(2) == 1,
            outcome: outcome(from),
        })),
        2 => Message::Abort(exception(from)),
        3 => Message::Bootstrap(Bootstrap { question: QuestionId(number(from)) }),
        4 => Message::Finish(Finish {
            question: QuestionId(number(from)),
            release_result_caps: from.below(2) == 1,
            require_early_cancellation_workaround: from.below(2) == 1,
        }),
        5 => Message::Resolve(Resolve {
            promise: ExportId(number(from)),
            resolution: match from.below(3) {
                0 => Resolution::Cap(cap(from)),
                1 => Resolution::Exception(exception(from)),
                _ => Resolution::Foreign(NOBODY_KNOWS + u16::from(from.byte())),
            },
        }),
        6 => Message::Release(Release {
            import: ImportId(number(from)),
            reference_count: number(from),
        }),
        _ => Message::Disembargo(disembargo(from)),
    }
}

/// The same message comes to be the same bytes, and they are the message.
fn is_itself(choices: &[u8]) {
    let make = || message(&mut Choices::new(choices));
    let bytes = |message: Message| {
        let mut bytes = Vec::new();
        message.encode().append_to(&mut bytes);
        bytes
    };
    let once = bytes(make());
    assert_eq!(once, bytes(make()));
    let shown = |message: &Message| {
        let told = message.describe(OutlineLimits::default()).to_string();
        let rest = told.split_once('\n').map_or("", |(_, rest)| rest).to_owned();
        (essence(message), rest)
    };
    let (made, back) = (make(), again(make()));
    assert_eq!(shown(&back), shown(&made));
    assert_eq!(deframe(&once, 5).0.len(), 1, "{}", made.summary());
}

/// Bytes as one message: the first says whether they are its frame, or what it is made from. Says whether there was
/// a message.
pub(crate) fn run(bytes: &[u8]) -> bool {
    match bytes.split_first() {
        Some((0, frame)) => {
            let whole = frame.len() / 8 * 8;
            Frame::of_segments(&[&frame[..whole]]).is_some_and(|frame| reencode(&frame))
        }
        Some((_, choices)) => {
            is_itself(choices);
            true
        }
        None => false,
    }
}
