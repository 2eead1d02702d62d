use bowline::wire::{Deframer, Frame, FrameError, Limits};

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

/// How a stream is cut into pieces makes no difference. Gives the number of its frames.
pub(crate) fn run(bytes: &[u8]) -> usize {
    let whole = deframe(bytes, usize::MAX);
    for piece in [1, 7] {
        assert_eq!(deframe(bytes, piece), whole, "read in pieces of {piece}");
    }
    whole.0.len()
}
