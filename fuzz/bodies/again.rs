use bowline::wire::{Deframer, Frame, FrameError, Limits, Message, Outcome, ReadLimits};

/// What a stream came to: its frames, and how it ended.
pub(crate) type Stream = (Vec<Frame>, Result<(), FrameError>);

/// Reads a stream in pieces of at most `piece` bytes (C-F3).
pub(crate) fn deframe(mut bytes: &[u8], piece: usize) -> Stream {
    let mut deframer = Deframer::new(Limits::default());
    let mut frames = Vec::new();
    loop {
        loop {
            match deframer.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(why) => return (frames, Err(why)),
            }
        }
        if bytes.is_empty() {
            return (frames, deframer.finish());
        }
        let space = deframer.space();
        let length = space.len().min(piece).min(bytes.len());
        assert!(length > 0, "a deframer without frames has space for more");
        space[..length].copy_from_slice(&bytes[..length]);
        deframer.advance(length);
        bytes = &bytes[length..];
    }
}

/// A message is one frame again when it is written as it came, as an echo is. Once its content is
/// copied, as what is passed on is, it is the same message when it is read again, however often.
/// Says whether it was a message.
pub(crate) fn reencode(frame: &Frame) -> bool {
    let read = || Message::decode(frame.clone(), &Limits::default());
    let (Ok(message), Ok(echo)) = (read(), read()) else { return false };
    write(echo);
    let Some(mut message) = copied(message) else { return true };
    let summary = essence(&message);
    for _ in 0..2 {
        message = again(message);
        assert_eq!(essence(&message), summary);
    }
    true
}

/// The message, written and read.
pub(crate) fn again(message: Message) -> Message {
    let summary = message.summary();
    Message::decode(write(message), &Limits::default())
        .unwrap_or_else(|why| panic!("{summary} cannot be read again: {why}"))
}

pub(crate) fn write(message: Message) -> Frame {
    let mut bytes = Vec::new();
    message.encode().append_to(&mut bytes);
    let (mut frames, end) = deframe(&bytes, usize::MAX);
    assert_eq!((frames.len(), end), (1, Ok(())), "a message is one frame");
    frames.remove(0)
}

/// The message with nothing but what its content leads to. None for what is not passed on: content
/// that is malformed, and messages we have no name for.
fn copied(mut message: Message) -> Option<Message> {
    let at = match &mut message {
        Message::Unimplemented(inner) => &mut **inner,
        other => other,
    };
    let content = match at {
        Message::Call(call) => &mut call.params.content,
        Message::Return(ret) => match &mut ret.outcome {
            Outcome::Results(results) => &mut results.content,
            _ => return Some(message),
        },
        Message::Foreign(_) => return None,
        _ => return Some(message),
    };
    *content = content.copy(&ReadLimits::default()).ok()?;
    Some(message)
}

/// A message in one line, without the size of its content, to which a frame adds its envelope.
pub(crate) fn essence(message: &Message) -> String {
    let line = message.summary();
    let words: Vec<&str> = line.split(' ').collect();
    let is_size = |at: usize| {
        let size = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
        words.get(at + 1).is_some_and(|next| next.starts_with("words"))
            && words.get(at).is_some_and(size)
    };
    (0..words.len()).filter(|at| !is_size(*at)).map(|at| words[at]).collect::<Vec<_>>().join(" ")
}
