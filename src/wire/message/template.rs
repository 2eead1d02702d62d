//! Writing envelopes, word by word as `schema/rpc.capnp` lays them out.
//!
//! Fields whose default is true are stored inverted, as the encoding wants.

use super::data::{
    Call, CapDescriptor, Context, Disembargo, Finish, Message, MessageTarget, Outcome, Payload,
    PromisedAnswer, Resolution, Resolve, Return, SendResultsTo,
};
use crate::wire::exception::{Exception, ExceptionKind};
use crate::wire::id::ImportId;
use crate::wire::pointer::{self, BYTES, COMPOSITE, Kind};

/// A segment being written at the end of a byte buffer.
pub(super) struct Segment<'a> {
    out: &'a mut Vec<u8>,
    /// Where in `out` it begins.
    base: usize,
}

impl<'a> Segment<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let base = out.len();
        Self { out, base }
    }

    /// Words written so far.
    pub(super) fn words(&self) -> usize {
        (self.out.len() - self.base) / 8
    }

    /// Appends zero words; the index of the first.
    pub(super) fn grow(&mut self, words: usize) -> usize {
        let at = self.words();
        self.out.resize(self.out.len() + words * 8, 0);
        at
    }

    /// Appends words.
    fn words_of<const N: usize>(&mut self, words: [u64; N]) {
        self.out.extend_from_slice(words.map(u64::to_le_bytes).as_flattened());
    }

    /// Writes a word that was appended before.
    pub(super) fn set(&mut self, at: usize, word: u64) {
        let at = self.base + at * 8;
        // In bounds: the word was appended before.
        self.out[at..at + 8].copy_from_slice(&word.to_le_bytes());
    }

    /// Appends a struct, pointed to by the word at `pointer`; the index of its first word.
    fn object(&mut self, pointer: usize, data: u16, pointers: u16) -> usize {
        let at = self.grow(usize::from(data) + usize::from(pointers));
        self.point(pointer, at, Kind::Struct, pointer::struct_shape(data, pointers));
        at
    }

    /// Appends a list of structs; the index of the first word of the first.
    fn structs(&mut self, pointer: usize, count: usize, data: u16, pointers: u16) -> usize {
        let words = count * (usize::from(data) + usize::from(pointers));
        let at = self.grow(1 + words);
        self.point(pointer, at, Kind::List, pointer::list_shape(COMPOSITE, words as u32));
        let shape = u64::from(pointer::struct_shape(data, pointers));
        self.set(at, (shape << 32) | ((count as u64) << 2));
        at + 1
    }

    fn data(&mut self, pointer: usize, bytes: &[u8]) {
        self.bytes(pointer, bytes, bytes.len());
    }

    /// Text ends with a zero byte, which counts.
    fn text(&mut self, pointer: usize, text: &str) {
        self.bytes(pointer, text.as_bytes(), text.len() + 1);
    }

    fn bytes(&mut self, pointer: usize, bytes: &[u8], count: usize) {
        let at = self.words();
        self.out.extend_from_slice(bytes);
        let end = self.base + (at + count.div_ceil(8)) * 8;
        self.out.resize(end, 0);
        self.point(pointer, at, Kind::List, pointer::list_shape(BYTES, count as u32));
    }

    /// Writes a pointer to a struct or list in this segment.
    pub(super) fn point(&mut self, at: usize, target: usize, kind: Kind, shape: u32) {
        // Indices into a segment: they fit.
        self.set(at, pointer::near(at as i64, target as i64, kind, shape));
    }
}

/// Writes a message from its root pointer on, all but the content. Returns which word is to hold
/// the content's pointer, if there is one.
pub(super) fn write(message: &Message, segment: &mut Segment<'_>) -> Option<usize> {
    match message {
        Message::Call(made) if made.params.caps.is_empty() => {
            if let MessageTarget::ImportedCap(import) = made.target {
                return Some(plain_call(made, import, segment));
            }
        }
        Message::Return(ret) => {
            if let Outcome::Results(results) = &ret.outcome
                && results.caps.is_empty()
            {
                return Some(plain_return(ret, segment));
            }
        }
        _ => {}
    }
    let root = segment.grow(1);
    body(message, root, segment)
}

/// The pointer at `at` to a struct.
const fn to(at: i64, target: i64, data: u16, pointers: u16) -> u64 {
    pointer::near(at, target, Kind::Struct, pointer::struct_shape(data, pointers))
}

/// The words [`body`] would write for a call of an import that passes no capabilities, at once: most
/// calls are of this kind.
fn plain_call(call: &Call, import: ImportId, segment: &mut Segment<'_>) -> usize {
    let [first, interface, flags] = call_data(call);
    segment.words_of([
        to(0, 1, 1, 1),
        2,
        to(2, 3, 3, 3),
        first,
        interface,
        flags,
        to(6, 9, 1, 1),
        to(7, 11, 0, 2),
        0,
        u64::from(import.0),
        0,
        0,
        0,
    ]);
    11
}

/// The same for results without capabilities.
fn plain_return(ret: &Return, segment: &mut Segment<'_>) -> usize {
    let first = return_data(ret, 0);
    segment.words_of([to(0, 1, 1, 1), 3, to(2, 3, 2, 1), first, 0, to(5, 6, 0, 2), 0, 0]);
    6
}

fn body(message: &Message, pointer: usize, segment: &mut Segment<'_>) -> Option<usize> {
    let variant = match message {
        Message::Unimplemented(_) => 0,
        Message::Abort(_) => 1,
        Message::Call(_) => 2,
        Message::Return(_) => 3,
        Message::Finish(_) => 4,
        Message::Resolve(_) => 5,
        Message::Release(_) => 6,
        Message::Bootstrap(_) => 8,
        Message::Disembargo(_) => 13,
        // The content is the message, variant and all.
        Message::Foreign(_) => return Some(pointer),
    };
    let at = segment.object(pointer, 1, 1);
    segment.set(at, variant);
    let inner = at + 1;
    match message {
        Message::Unimplemented(echo) => return body(echo, inner, segment),
        Message::Abort(why) => exception(why, inner, segment),
        Message::Call(made) => return Some(call(made, inner, segment)),
        Message::Return(ret) => return returned(ret, inner, segment),
        Message::Finish(finish) => finished(finish, inner, segment),
        Message::Resolve(resolve) => resolved(resolve, inner, segment),
        Message::Release(release) => {
            let at = segment.object(inner, 1, 0);
            let count = u64::from(release.reference_count);
            segment.set(at, u64::from(release.import.0) | (count << 32));
        }
        Message::Bootstrap(asked) => {
            let at = segment.object(inner, 1, 1);
            segment.set(at, u64::from(asked.question.0));
        }
        Message::Disembargo(lift) => disembargo(lift, inner, segment),
        Message::Foreign(_) => {}
    }
    None
}

/// `rpc.capnp: Call`
fn call(call: &Call, pointer: usize, segment: &mut Segment<'_>) -> usize {
    let at = segment.object(pointer, 3, 3);
    for (index, word) in call_data(call).into_iter().enumerate() {
        segment.set(at + index, word);
    }
    target(&call.target, at + 3, segment);
    payload(&call.params, at + 4, segment)
}

fn call_data(call: &Call) -> [u64; 3] {
    let results_to = match call.results_to {
        SendResultsTo::Caller => 0,
        SendResultsTo::Yourself => 1,
        SendResultsTo::Elsewhere => 2,
    };
    let method = u64::from(call.method);
    let no_pipelining = u64::from(call.no_promise_pipelining);
    [
        u64::from(call.question.0) | (method << 32) | (results_to << 48),
        call.interface,
        (no_pipelining << 1) | (u64::from(call.only_promise_pipeline) << 2),
    ]
}

/// `rpc.capnp: Return`
fn returned(ret: &Return, pointer: usize, segment: &mut Segment<'_>) -> Option<usize> {
    let (variant, id) = match &ret.outcome {
        Outcome::Results(_) => (0, 0),
        Outcome::Exception(_) => (1, 0),
        Outcome::Canceled => (2, 0),
        Outcome::ResultsSentElsewhere => (3, 0),
        Outcome::TakeFromOtherQuestion(question) => (4, question.0),
        Outcome::Foreign(variant) => (u64::from(*variant), 0),
    };
    let at = segment.object(pointer, 2, 1);
    segment.set(at, return_data(ret, variant));
    segment.set(at + 1, u64::from(id));
    match &ret.outcome {
        Outcome::Results(results) => return Some(payload(results, at + 2, segment)),
        Outcome::Exception(why) => exception(why, at + 2, segment),
        _ => {}
    }
    None
}

fn return_data(ret: &Return, variant: u64) -> u64 {
    let flags = u64::from(!ret.release_param_caps) | (u64::from(ret.no_finish_needed) << 1);
    u64::from(ret.answer.0) | (flags << 32) | (variant << 48)
}

/// `rpc.capnp: Finish`
fn finished(finish: &Finish, pointer: usize, segment: &mut Segment<'_>) {
    let at = segment.object(pointer, 1, 0);
    let workaround = u64::from(!finish.require_early_cancellation_workaround);
    let flags = u64::from(!finish.release_result_caps) | (workaround << 1);
    segment.set(at, u64::from(finish.question.0) | (flags << 32));
}

/// `rpc.capnp: Resolve`
fn resolved(resolve: &Resolve, pointer: usize, segment: &mut Segment<'_>) {
    let variant = match &resolve.resolution {
        Resolution::Cap(_) => 0,
        Resolution::Exception(_) => 1,
        Resolution::Foreign(variant) => u64::from(*variant),
    };
    let at = segment.object(pointer, 1, 1);
    segment.set(at, u64::from(resolve.promise.0) | (variant << 32));
    match &resolve.resolution {
        Resolution::Cap(cap) => {
            let element = segment.object(at + 1, 1, 1);
            descriptor(cap, element, segment);
        }
        Resolution::Exception(why) => exception(why, at + 1, segment),
        Resolution::Foreign(_) => {}
    }
}

/// `rpc.capnp: Disembargo`
fn disembargo(lift: &Disembargo, pointer: usize, segment: &mut Segment<'_>) {
    let (variant, id) = match lift.context {
        Context::SenderLoopback(id) => (0, id.0),
        Context::ReceiverLoopback(id) => (1, id.0),
        Context::Foreign(variant) => (u64::from(variant), 0),
    };
    let at = segment.object(pointer, 1, 2);
    segment.set(at, u64::from(id) | (variant << 32));
    target(&lift.target, at + 1, segment);
}

/// `rpc.capnp: MessageTarget`
fn target(target: &MessageTarget, pointer: usize, segment: &mut Segment<'_>) {
    let (variant, id) = match target {
        MessageTarget::ImportedCap(import) => (0, import.0),
        MessageTarget::PromisedAnswer(_) => (1, 0),
        MessageTarget::Foreign(variant) => (u64::from(*variant), 0),
    };
    let at = segment.object(pointer, 1, 1);
    segment.set(at, u64::from(id) | (variant << 32));
    if let MessageTarget::PromisedAnswer(answer) = target {
        promised_answer(answer, at + 1, segment);
    }
}

/// `rpc.capnp: Payload`; returns where the content's pointer goes.
fn payload(payload: &Payload, pointer: usize, segment: &mut Segment<'_>) -> usize {
    let at = segment.object(pointer, 0, 2);
    if !payload.caps.is_empty() {
        let first = segment.structs(at + 1, payload.caps.len(), 1, 1);
        for (index, cap) in payload.caps.iter().enumerate() {
            descriptor(cap, first + index * 2, segment);
        }
    }
    at
}

/// `rpc.capnp: CapDescriptor`. `attachedFd` stays at its default, none.
fn descriptor(cap: &CapDescriptor, at: usize, segment: &mut Segment<'_>) {
    let (variant, id) = match cap {
        CapDescriptor::None => (0, 0),
        CapDescriptor::SenderHosted(export) => (1, export.0),
        CapDescriptor::SenderPromise(export) => (2, export.0),
        CapDescriptor::ReceiverHosted(import) => (3, import.0),
        CapDescriptor::ReceiverAnswer(_) => (4, 0),
        CapDescriptor::ThirdPartyHosted { .. } => (5, 0),
        CapDescriptor::Foreign(variant) => (u64::from(*variant), 0),
    };
    segment.set(at, variant | (u64::from(id) << 32));
    match cap {
        CapDescriptor::ReceiverAnswer(answer) => promised_answer(answer, at + 1, segment),
        CapDescriptor::ThirdPartyHosted { vine } => {
            let third = segment.object(at + 1, 1, 1);
            segment.set(third, u64::from(vine.0));
        }
        _ => {}
    }
}

/// `rpc.capnp: PromisedAnswer`
fn promised_answer(answer: &PromisedAnswer, pointer: usize, segment: &mut Segment<'_>) {
    let at = segment.object(pointer, 1, 1);
    segment.set(at, u64::from(answer.question.0));
    let fields = answer.path.fields();
    if fields.is_empty() {
        return;
    }
    let first = segment.structs(at + 1, fields.len(), 1, 0);
    for (index, &field) in fields.iter().enumerate() {
        segment.set(first + index, 1 | (u64::from(field) << 16));
    }
}

/// `rpc.capnp: Exception`
fn exception(why: &Exception, pointer: usize, segment: &mut Segment<'_>) {
    let kind: u64 = match why.kind() {
        ExceptionKind::Failed => 0,
        ExceptionKind::Overloaded => 1,
        ExceptionKind::Disconnected => 2,
        ExceptionKind::Unimplemented => 3,
    };
    let at = segment.object(pointer, 1, 3);
    segment.set(at, kind << 32);
    segment.text(at + 1, why.reason());
    if let Some(trace) = why.trace() {
        segment.text(at + 2, trace);
    }
    if !why.details().is_empty() {
        let first = segment.structs(at + 3, why.details().len(), 1, 1);
        for (index, detail) in why.details().iter().enumerate() {
            segment.set(first + index * 2, detail.id);
            segment.data(first + index * 2 + 1, &detail.data);
        }
    }
}
