use bowline::wire::{Deframer, Frame, FrameError, Limits, Message};

/// What a stream came to: its frames, and how it ended.
type Stream = (Vec<Frame>, Result<(), FrameError>);

/// Reads a stream in pieces of at most `piece` bytes (C-F3).
fn deframe(mut bytes: &[u8], piece: usize) -> Stream {
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

/// A frame that is a message is the same message when it is written and read again, however often.
fn reencode(frame: Frame) {
    let Ok(message) = Message::decode(frame, &Limits::default()) else { return };
    let mut summary = essence(&message);
    let mut message = message;
    for _ in 0..2 {
        let mut bytes = Vec::new();
        message.encode().append_to(&mut bytes);
        let (mut frames, end) = deframe(&bytes, usize::MAX);
        assert_eq!((frames.len(), end), (1, Ok(())), "{summary} is not one frame");
        message = Message::decode(frames.remove(0), &Limits::default())
            .unwrap_or_else(|why| panic!("{summary} cannot be read again: {why}"));
        let again = essence(&message);
        assert_eq!(again, summary);
        summary = again;
    }
}

/// A message in one line, without the size of its content, to which a frame adds its envelope.
fn essence(message: &Message) -> String {
    let line = message.summary();
    let words: Vec<&str> = line.split(' ').collect();
    let is_size = |at: usize| {
        let size = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
        words.get(at + 1).is_some_and(|next| next.starts_with("words"))
            && words.get(at).is_some_and(size)
    };
    (0..words.len()).filter(|at| !is_size(*at)).map(|at| words[at]).collect::<Vec<_>>().join(" ")
}

/// How a stream is cut into pieces makes no difference, nor that a message is written and read
/// again. Gives the number of frames.
pub(crate) fn run(bytes: &[u8]) -> usize {
    let whole = deframe(bytes, usize::MAX);
    for piece in [1, 7] {
        assert_eq!(deframe(bytes, piece), whole, "read in pieces of {piece}");
    }
    let frames = whole.0.len();
    whole.0.into_iter().for_each(reencode);
    frames
}
