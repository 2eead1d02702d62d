//! A plain envelope is the one nearly every call, return, finish and release has: one segment, no far
//! pointer, no capability of a third vat. It is read word by word, where [`template`](super::template)
//! writes it; all other envelopes, and all errors, are left to the generated readers.

use capnp::Word;

use super::data::{
    Call, CapDescriptor, Finish, Message, MessageTarget, Outcome, Payload, PromisedAnswer, Release,
    Return, SendResultsTo,
};
use crate::wire::content::Content;
use crate::wire::id::{AnswerId, ExportId, ImportId, QuestionId};
use crate::wire::limits::Limits;
use crate::wire::path::Path;
use crate::wire::pointer::{COMPOSITE, Kind, Place, Pointer, list_words};

/// The message in a frame of one segment, and where its content's pointer is, if its envelope is
/// plain and within the limits.
pub(super) fn read(segment: &[u8], limits: &Limits) -> Option<(Message, Option<Place>)> {
    let segment = Segment(segment);
    let root = segment.object(0)?;
    let variant = root.data(0)? & 0xffff;
    let body = segment.object(root.pointer(0)?)?;
    match variant {
        2 => call(segment, &body, limits),
        3 => returned(segment, &body, limits),
        4 => finish(&body).map(|message| (message, None)),
        6 => release(&body).map(|message| (message, None)),
        _ => None,
    }
}

/// `rpc.capnp: Call`
fn call(
    segment: Segment<'_>,
    body: &Object<'_>,
    limits: &Limits,
) -> Option<(Message, Option<Place>)> {
    let (first, interface, flags) = (body.data(0)?, body.data(1)?, body.data(2)?);
    if first >> 48 != 0 {
        // The results do not go to the caller.
        return None;
    }
    let target = target(segment, body.pointer(0)?, limits)?;
    let (place, caps) = payload(segment, body.pointer(1)?, limits)?;
    let call = Call {
        question: QuestionId(first as u32),
        target,
        interface,
        method: (first >> 32) as u16,
        params: Payload { content: Content::null(), caps },
        results_to: SendResultsTo::Caller,
        no_promise_pipelining: flags & 2 != 0,
        only_promise_pipeline: flags & 4 != 0,
    };
    Some((Message::Call(Box::new(call)), Some(place)))
}

/// `rpc.capnp: MessageTarget`
fn target(segment: Segment<'_>, pointer: usize, limits: &Limits) -> Option<MessageTarget> {
    let target = segment.object(pointer)?;
    let word = target.data(0)?;
    match (word >> 32) & 0xffff {
        0 => Some(MessageTarget::ImportedCap(ImportId(word as u32))),
        1 => {
            let answer = promised_answer(segment, target.pointer(0)?, limits)?;
            Some(MessageTarget::PromisedAnswer(answer))
        }
        _ => None,
    }
}

/// `rpc.capnp: PromisedAnswer`
fn promised_answer(
    segment: Segment<'_>,
    pointer: usize,
    limits: &Limits,
) -> Option<PromisedAnswer> {
    let answer = segment.object(pointer)?;
    let question = QuestionId(answer.data(0)? as u32);
    let mut path = Path::root();
    for op in segment.structs(answer.pointer(0)?, limits.path_fields_max)? {
        let op = op.data(0)?;
        match op & 0xffff {
            0 => {}
            1 => path = path.field((op >> 16) as u16),
            _ => return None,
        }
    }
    Some(PromisedAnswer { question, path })
}

/// `rpc.capnp: Return`
fn returned(
    segment: Segment<'_>,
    body: &Object<'_>,
    limits: &Limits,
) -> Option<(Message, Option<Place>)> {
    let first = body.data(0)?;
    if first >> 48 != 0 {
        return None;
    }
    let (place, caps) = payload(segment, body.pointer(0)?, limits)?;
    let ret = Return {
        answer: AnswerId(first as u32),
        release_param_caps: (first >> 32) & 1 == 0,
        no_finish_needed: (first >> 32) & 2 != 0,
        outcome: Outcome::Results(Payload { content: Content::null(), caps }),
    };
    Some((Message::Return(Box::new(ret)), Some(place)))
}

/// `rpc.capnp: Release`
fn release(body: &Object<'_>) -> Option<Message> {
    let word = body.data(0)?;
    let (import, reference_count) = (ImportId(word as u32), (word >> 32) as u32);
    Some(Message::Release(Release { import, reference_count }))
}

/// `rpc.capnp: Finish`
fn finish(body: &Object<'_>) -> Option<Message> {
    let first = body.data(0)?;
    Some(Message::Finish(Finish {
        question: QuestionId(first as u32),
        release_result_caps: (first >> 32) & 1 == 0,
        require_early_cancellation_workaround: (first >> 32) & 2 == 0,
    }))
}

/// `rpc.capnp: Payload`: where its content's pointer is, and its cap table.
fn payload(
    segment: Segment<'_>,
    pointer: usize,
    limits: &Limits,
) -> Option<(Place, Vec<CapDescriptor>)> {
    let payload = segment.object(pointer)?;
    let content = u32::try_from(payload.pointer(0)?).ok()?;
    let table = segment.structs(payload.pointer(1)?, limits.caps_max)?;
    let mut caps = Vec::new();
    if table.count > 0 {
        caps.reserve_exact(table.count);
        for entry in table {
            caps.push(descriptor(&entry)?);
        }
    }
    Some((Place { segment: 0, word: content }, caps))
}

/// `rpc.capnp: CapDescriptor`
fn descriptor(entry: &Object<'_>) -> Option<CapDescriptor> {
    let word = entry.data(0)?;
    let id = (word >> 32) as u32;
    Some(match word & 0xffff {
        0 => CapDescriptor::None,
        1 => CapDescriptor::SenderHosted(ExportId(id)),
        2 => CapDescriptor::SenderPromise(ExportId(id)),
        3 => CapDescriptor::ReceiverHosted(ImportId(id)),
        _ => return None,
    })
}

/// The one segment of a frame.
#[derive(Clone, Copy)]
struct Segment<'a>(&'a [u8]);

impl<'a> Segment<'a> {
    fn word(self, at: usize) -> Option<u64> {
        let bytes = self.0.get(at.checked_mul(size_of::<Word>())?..)?;
        bytes.first_chunk().map(|word| u64::from_le_bytes(*word))
    }

    /// The struct that the pointer at word `pointer` leads to, if it lies within the segment.
    fn object(self, pointer: usize) -> Option<Object<'a>> {
        let Pointer::Near { kind: Kind::Struct, offset, shape } =
            Pointer::parse(self.word(pointer)?)
        else {
            return None;
        };
        let at = i64::try_from(pointer).ok()? + 1 + i64::from(offset);
        let at = usize::try_from(at).ok()?;
        let (data, pointers) = (usize::from(shape as u16), usize::from((shape >> 16) as u16));
        let fits = at + data + pointers <= self.0.len() / size_of::<Word>();
        fits.then_some(Object { segment: self, at, data, pointers })
    }

    /// The list of at most so many structs that the pointer at word `pointer` leads to, if it lies
    /// within the segment. Null is the empty list.
    fn structs(self, pointer: usize, count_max: u32) -> Option<Structs<'a>> {
        let (offset, words) = match Pointer::parse(self.word(pointer)?) {
            Pointer::Null => {
                return Some(Structs { segment: self, at: 0, count: 0, data: 0, pointers: 0 });
            }
            Pointer::Near { kind: Kind::List, offset, shape } if shape & 7 == COMPOSITE => {
                (offset, list_words(COMPOSITE, shape >> 3))
            }
            _ => return None,
        };
        let tag_at = usize::try_from(i64::try_from(pointer).ok()? + 1 + i64::from(offset)).ok()?;
        let tag = self.word(tag_at)?;
        let count = (tag as u32) >> 2;
        let (data, pointers) = (usize::from((tag >> 32) as u16), usize::from((tag >> 48) as u16));
        // The words of a list count its tag.
        let words = usize::try_from(words).ok()?;
        let is_struct = tag & 3 == 0 && count <= count_max;
        let fits = words > count as usize * (data + pointers)
            && tag_at + words <= self.0.len() / size_of::<Word>();
        let count = count as usize;
        (is_struct && fits).then_some(Structs {
            segment: self,
            at: tag_at + 1,
            count,
            data,
            pointers,
        })
    }
}

/// The rest of a list of structs within a segment.
struct Structs<'a> {
    segment: Segment<'a>,
    at: usize,
    count: usize,
    data: usize,
    pointers: usize,
}

impl<'a> Iterator for Structs<'a> {
    type Item = Object<'a>;

    fn next(&mut self) -> Option<Object<'a>> {
        self.count = self.count.checked_sub(1)?;
        let Self { segment, at, data, pointers, .. } = *self;
        self.at += data + pointers;
        Some(Object { segment, at, data, pointers })
    }
}

/// A struct within a segment; its sections may be shorter than what is asked for.
struct Object<'a> {
    segment: Segment<'a>,
    at: usize,
    data: usize,
    pointers: usize,
}

impl Object<'_> {
    fn data(&self, index: usize) -> Option<u64> {
        if index < self.data { self.segment.word(self.at + index) } else { None }
    }

    /// Which word is pointer `index`.
    fn pointer(&self, index: usize) -> Option<usize> {
        (index < self.pointers).then_some(self.at + self.data + index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::limits::Limits;
    use crate::wire::{Deframer, Frame};

    /// The message in a frame, if it is plain.
    fn read(frame: &Frame) -> Option<(Message, Option<Place>)> {
        if frame.segment_count() > 1 {
            return None;
        }
        super::read(frame.segment(0)?, &Limits::default())
    }

    fn call(target: MessageTarget, content: Content) -> Message {
        Message::Call(Box::new(Call {
            question: QuestionId(7),
            target,
            interface: 0x0123_4567_89ab_cdef,
            method: 3,
            params: Payload { content, caps: Vec::new() },
            results_to: SendResultsTo::Caller,
            no_promise_pipelining: true,
            only_promise_pipeline: false,
        }))
    }

    fn text() -> Content {
        let build = |mut root: capnp::any_pointer::Builder<'_>| root.set_as("some text");
        Content::build(8, build).expect("a text can be built")
    }

    fn results(content: Content) -> Message {
        Message::Return(Box::new(Return {
            answer: AnswerId(9),
            release_param_caps: false,
            no_finish_needed: true,
            outcome: Outcome::Results(Payload { content, caps: Vec::new() }),
        }))
    }

    fn promised() -> MessageTarget {
        let path = Path::root().field(3).field(0);
        MessageTarget::PromisedAnswer(PromisedAnswer { question: QuestionId(2), path })
    }

    /// Results with one capability of each plain kind.
    fn capable() -> Message {
        let caps = vec![
            CapDescriptor::SenderHosted(ExportId(1)),
            CapDescriptor::None,
            CapDescriptor::SenderPromise(ExportId(2)),
            CapDescriptor::ReceiverHosted(ImportId(3)),
        ];
        Message::Return(Box::new(Return {
            answer: AnswerId(9),
            release_param_caps: true,
            no_finish_needed: false,
            outcome: Outcome::Results(Payload { content: Content::capability(0), caps }),
        }))
    }

    fn released() -> Message {
        Message::Release(Release { import: ImportId(6), reference_count: 2 })
    }

    fn finish() -> Message {
        Message::Finish(Finish {
            question: QuestionId(1),
            release_result_caps: false,
            require_early_cancellation_workaround: true,
        })
    }

    fn frame(bytes: &[u8]) -> Option<Frame> {
        let mut deframer = Deframer::new(Limits::default());
        deframer.space()[..bytes.len()].copy_from_slice(bytes);
        deframer.advance(bytes.len());
        deframer.next_frame().ok().flatten()
    }

    fn bytes(message: Message) -> Vec<u8> {
        let mut bytes = Vec::new();
        assert!(message.encode_into(&mut bytes).is_none(), "a small message is copied");
        bytes
    }

    #[test]
    fn the_messages_of_a_call_are_plain() {
        let import = || MessageTarget::ImportedCap(ImportId(5));
        for message in [
            call(import(), text()),
            call(import(), Content::null()),
            results(text()),
            results(Content::null()),
            call(promised(), text()),
            capable(),
            finish(),
            released(),
        ] {
            let frame = frame(&bytes(message)).expect("it was encoded here");
            assert!(read(&frame).is_some(), "{frame:?}");
        }
        let other = call(MessageTarget::Foreign(7), text());
        assert!(read(&frame(&bytes(other)).expect("it was encoded here")).is_none());
    }

    #[test]
    fn what_passes_a_limit_is_not_plain() {
        let four = bytes(capable());
        let two = bytes(call(promised(), text()));
        for (caps_max, path_fields_max, plain) in [(4, 2, 2), (3, 2, 1), (4, 1, 1), (3, 1, 0)] {
            let limits = Limits { caps_max, path_fields_max, ..Limits::default() };
            let read = |bytes: &Vec<u8>| super::read(bytes.split_at(8).1, &limits).is_some();
            assert_eq!(usize::from(read(&four)) + usize::from(read(&two)), plain);
        }
    }

    /// Whatever a peer writes, it is read as the generated readers read it, or left to them.
    #[test]
    fn a_plain_reading_is_the_generated_reading() {
        let limits = Limits::default();
        let import = MessageTarget::ImportedCap(ImportId(5));
        let mut plain = 0;
        for message in [
            call(import, text()),
            call(promised(), text()),
            results(text()),
            capable(),
            finish(),
            released(),
        ] {
            let bytes = bytes(message);
            for at in 8..bytes.len() {
                for change in [1, 2, 3, 4, 8, 16, 32, 64, 128, 255] {
                    let mut bytes = bytes.clone();
                    bytes[at] ^= change;
                    let Some(frame) = frame(&bytes) else { continue };
                    let Some((message, _)) = read(&frame) else { continue };
                    plain += 1;
                    let generated = super::super::decode::generated(&frame, &limits);
                    let generated = generated.expect("what is plain is well formed");
                    assert_eq!(format!("{message:?}"), format!("{generated:?}"), "byte {at}");
                }
            }
        }
        assert!(plain > 500, "the comparison compares something: {plain}");
    }
}
