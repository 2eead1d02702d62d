//! A plain envelope is the one nearly every call, return and finish has: one segment, no far pointer,
//! no capability. It is read word by word, where [`template`](super::template) writes it; all other
//! envelopes, and all errors, are left to the generated readers.

use capnp::Word;

use super::data::{Call, Finish, Message, MessageTarget, Outcome, Payload, Return, SendResultsTo};
use crate::wire::content::Content;
use crate::wire::id::{AnswerId, ImportId, QuestionId};
use crate::wire::pointer::{COMPOSITE, Kind, Place, Pointer, list_shape};

/// The message in a frame of one segment, and where its content's pointer is, if its envelope is
/// plain.
pub(super) fn read(segment: &[u8]) -> Option<(Message, Option<Place>)> {
    let segment = Segment(segment);
    let root = segment.object(0)?;
    let variant = root.data(0)? & 0xffff;
    let body = segment.object(root.pointer(0)?)?;
    match variant {
        2 => call(segment, &body),
        3 => returned(segment, &body),
        4 => finish(&body).map(|message| (message, None)),
        _ => None,
    }
}

/// `rpc.capnp: Call`
fn call(segment: Segment<'_>, body: &Object<'_>) -> Option<(Message, Option<Place>)> {
    let (first, interface, flags) = (body.data(0)?, body.data(1)?, body.data(2)?);
    let target = segment.object(body.pointer(0)?)?.data(0)?;
    let to_caller = first >> 48 == 0;
    let to_import = (target >> 32) & 0xffff == 0;
    if !to_caller || !to_import {
        return None;
    }
    let place = payload(segment, body.pointer(1)?)?;
    let call = Call {
        question: QuestionId(first as u32),
        target: MessageTarget::ImportedCap(ImportId(target as u32)),
        interface,
        method: (first >> 32) as u16,
        params: Payload { content: Content::null(), caps: Vec::new() },
        results_to: SendResultsTo::Caller,
        no_promise_pipelining: flags & 2 != 0,
        only_promise_pipeline: flags & 4 != 0,
    };
    Some((Message::Call(Box::new(call)), Some(place)))
}

/// `rpc.capnp: Return`
fn returned(segment: Segment<'_>, body: &Object<'_>) -> Option<(Message, Option<Place>)> {
    let first = body.data(0)?;
    if first >> 48 != 0 {
        return None;
    }
    let place = payload(segment, body.pointer(0)?)?;
    let ret = Return {
        answer: AnswerId(first as u32),
        release_param_caps: (first >> 32) & 1 == 0,
        no_finish_needed: (first >> 32) & 2 != 0,
        outcome: Outcome::Results(Payload { content: Content::null(), caps: Vec::new() }),
    };
    Some((Message::Return(Box::new(ret)), Some(place)))
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

/// `rpc.capnp: Payload` with no capability: where its content's pointer is.
fn payload(segment: Segment<'_>, pointer: usize) -> Option<Place> {
    let payload = segment.object(pointer)?;
    let content = payload.pointer(0)?;
    match Pointer::parse(segment.word(payload.pointer(1)?)?) {
        Pointer::Null => {}
        // Some engines write a list of none: its tag, which must be there and say so.
        Pointer::Near { kind: Kind::List, offset, shape } if shape == list_shape(COMPOSITE, 0) => {
            let tag = i64::try_from(payload.pointer(1)?).ok()? + 1 + i64::from(offset);
            let tag = segment.word(usize::try_from(tag).ok()?)?;
            if tag as u32 != 0 {
                return None;
            }
        }
        _ => return None,
    }
    Some(Place { segment: 0, word: u32::try_from(content).ok()? })
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
    use crate::wire::{Deframer, Frame, PromisedAnswer};

    /// The message in a frame, if it is plain.
    fn read(frame: &Frame) -> Option<(Message, Option<Place>)> {
        if frame.segment_count() > 1 {
            return None;
        }
        super::read(frame.segment(0)?)
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
            finish(),
        ] {
            let frame = frame(&bytes(message)).expect("it was encoded here");
            assert!(read(&frame).is_some(), "{frame:?}");
        }
        let promised = PromisedAnswer { question: QuestionId(2), path: Default::default() };
        let other = call(MessageTarget::PromisedAnswer(promised), text());
        assert!(read(&frame(&bytes(other)).expect("it was encoded here")).is_none());
    }

    /// Whatever a peer writes, it is read as the generated readers read it, or left to them.
    #[test]
    fn a_plain_reading_is_the_generated_reading() {
        let limits = Limits::default();
        let import = MessageTarget::ImportedCap(ImportId(5));
        let mut plain = 0;
        for message in [call(import, text()), results(text()), finish()] {
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
