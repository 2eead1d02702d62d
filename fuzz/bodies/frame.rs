use crate::again::{deframe, reencode};

/// How a stream is cut into pieces makes no difference, nor that a message is written and read
/// again. Gives the number of frames.
pub(crate) fn run(bytes: &[u8]) -> usize {
    let whole = deframe(bytes, usize::MAX);
    for piece in [1, 7] {
        assert_eq!(deframe(bytes, piece), whole, "read in pieces of {piece}");
    }
    for frame in &whole.0 {
        reencode(frame);
    }
    whole.0.len()
}
