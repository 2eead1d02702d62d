use bowline::wire::{Deframer, Limits, Message};

/// Tells every message in a stream of bytes, up to where the stream is broken. What is no message is passed over, with
/// what came in one piece behind it.
pub(crate) fn each_message(bytes: &[u8], mut tell: impl FnMut(Message)) {
    let limits = Limits::default();
    let mut deframer = Deframer::new(limits);
    let mut rest = bytes;
    while !rest.is_empty() {
        let space = deframer.space();
        let (piece, more) = rest.split_at(rest.len().min(space.len()));
        if piece.is_empty() {
            // The stream is broken, and there is no room for more of it.
            return;
        }
        space[..piece.len()].copy_from_slice(piece);
        deframer.advance(piece.len());
        rest = more;
        while let Ok(Some(frame)) = deframer.next_frame() {
            let Ok(message) = Message::decode(frame, &limits) else { break };
            tell(message);
        }
    }
}
