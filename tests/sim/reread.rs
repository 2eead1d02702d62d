//! Messages that are written and read again on their way.

use bowline::wire::{Deframer, Limits, Message};

/// The message as the peer reads it from bytes.
pub(crate) fn through_bytes(message: Message) -> Message {
    let mut bytes = Vec::new();
    message.encode().append_to(&mut bytes);
    let mut deframer = Deframer::new(Limits::default());
    let mut rest = &bytes[..];
    let frame = loop {
        let space = deframer.space();
        let (piece, more) = rest.split_at(rest.len().min(space.len()));
        space[..piece.len()].copy_from_slice(piece);
        deframer.advance(piece.len());
        rest = more;
        match deframer.next_frame().expect("a sound frame") {
            Some(frame) => break frame,
            None => assert!(!rest.is_empty(), "a whole frame"),
        }
    };
    Message::decode(frame, &Limits::default()).expect("what we wrote we can read")
}
