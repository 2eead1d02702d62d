//! Taking messages off a stream: the small ones where they arrived, without a frame of their own.

use super::data::Message;
use super::decode::take;
use super::error::DecodeError;
use super::plain;
use crate::wire::content::Content;
use crate::wire::deframer::Deframer;
use crate::wire::frame::FrameError;
use crate::wire::limits::Limits;
use crate::wire::pointer::{self, Pointer};

/// Why what arrived is no message. Always the peer's fault.
#[derive(Debug)]
pub(crate) enum ArrivalError {
    /// The bytes are no frame; the stream is lost.
    Frame(FrameError),
    /// The frame is no message.
    Message(DecodeError),
}

impl From<FrameError> for ArrivalError {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

impl From<DecodeError> for ArrivalError {
    fn from(error: DecodeError) -> Self {
        Self::Message(error)
    }
}

impl Message {
    /// The next message, if it has arrived. As [`Deframer::next_frame`] and [`Message::decode`], but
    /// a message that carries nothing costs no memory, and that of a large frame is used again.
    ///
    /// # Errors
    ///
    /// The frame or the envelope is malformed, or passes a limit.
    pub(crate) fn arrived(
        deframer: &mut Deframer,
        limits: &Limits,
    ) -> Result<Option<Self>, ArrivalError> {
        if !deframer.is_mid_frame() {
            // Asked before each read and after the last message: most often there is nothing.
            return Ok(None);
        }
        let read = deframer.single().and_then(|segment| {
            let (message, place) = plain::read(segment, limits)?;
            let word = place.and_then(|place| pointer::word_at([segment].as_slice(), place).ok());
            Some((message, place, Pointer::parse(word.unwrap_or(0))))
        });
        let Some((mut message, place, pointer)) = read else {
            return Self::framed(deframer, limits);
        };
        let content = match (pointer, place) {
            (Pointer::Null, _) | (_, None) => {
                deframer.skip_single();
                return Ok(Some(message));
            }
            (Pointer::Capability(index), _) => {
                deframer.skip_single();
                Content::capability(index)
            }
            (_, Some(place)) => match deframer.take_single() {
                Some(frame) => take(frame, place, limits)?,
                None => return Ok(None),
            },
        };
        if let Some(frame) = content.frame() {
            deframer.keep(frame);
        }
        if let Some((_, hole)) = message.hole() {
            *hole = content;
        }
        Ok(Some(message))
    }

    fn framed(deframer: &mut Deframer, limits: &Limits) -> Result<Option<Self>, ArrivalError> {
        let Some(frame) = deframer.next_frame()? else { return Ok(None) };
        let mut message = Self::decode(frame, limits)?;
        if let Some(frame) = message.hole().and_then(|(_, content)| content.frame()) {
            deframer.keep(frame);
        }
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{AnswerId, Finish, Outcome, Payload, QuestionId, Return};

    fn results(content: Content) -> Message {
        Message::Return(Box::new(Return {
            answer: AnswerId(3),
            release_param_caps: false,
            no_finish_needed: true,
            outcome: Outcome::Results(Payload { content, caps: Vec::new() }),
        }))
    }

    fn text(words: usize) -> Content {
        let text = "x".repeat(words * 8);
        Content::build(8, |mut root| root.set_as(text.as_str())).expect("a text can be built")
    }

    fn stream() -> Vec<u8> {
        let mut bytes = Vec::new();
        for message in [
            results(Content::null()),
            results(Content::capability(0)),
            results(text(1)),
            Message::Finish(Finish {
                question: QuestionId(1),
                release_result_caps: true,
                require_early_cancellation_workaround: false,
            }),
            results(text(20_000)),
            results(Content::null()),
        ] {
            message.encode().append_to(&mut bytes);
        }
        bytes
    }

    /// All messages of a stream that comes `step` bytes at a time.
    fn read(
        limits: &Limits,
        step: usize,
        mut next: impl FnMut(&mut Deframer) -> Result<Option<Message>, ArrivalError>,
    ) -> Vec<String> {
        let mut deframer = Deframer::new(*limits);
        let (stream, mut read) = (stream(), Vec::new());
        let mut rest = stream.as_slice();
        loop {
            while let Some(message) = next(&mut deframer).expect("well formed") {
                read.push(format!("{message:?}"));
            }
            if rest.is_empty() {
                return read;
            }
            let space = deframer.space();
            let (now, later) = rest.split_at(space.len().min(step).min(rest.len()));
            space[..now.len()].copy_from_slice(now);
            deframer.advance(now.len());
            rest = later;
        }
    }

    #[test]
    fn what_is_read_where_it_arrived_is_what_its_frame_says() {
        let limits = Limits::default();
        let framed = |deframer: &mut Deframer| {
            let frame = deframer.next_frame()?;
            Ok(frame.map(|frame| Message::decode(frame, &limits)).transpose()?)
        };
        for step in [1, 7, 64, 4096, usize::MAX] {
            let arrived = read(&limits, step, |deframer| Message::arrived(deframer, &limits));
            assert_eq!(arrived, read(&limits, step, framed), "{step} bytes at a time");
            assert_eq!(arrived.len(), 6);
        }
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_before_it_is_read() {
        let limits = Limits { frame_words_max: 8, ..Limits::default() };
        let mut deframer = Deframer::new(limits);
        let bytes = results(text(1)).encode();
        let mut stream = Vec::new();
        bytes.append_to(&mut stream);
        deframer.space()[..stream.len()].copy_from_slice(&stream);
        deframer.advance(stream.len());
        let refused = Message::arrived(&mut deframer, &limits);
        assert!(matches!(refused, Err(ArrivalError::Frame(FrameError::TooLarge { .. }))));
    }
}
