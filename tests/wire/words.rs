//! Messages written word by word, as a peer could that does not care for rules.

use bowline::wire::{
    Content, DecodeError, Deframer, Frame, FrameError, Limits, Message, Outcome, Payload,
};

/// A pointer to a struct `offset` words on.
pub(crate) fn to_struct(offset: i32, data: u64, pointers: u64) -> u64 {
    u64::from((offset as u32) << 2) | (data << 32) | (pointers << 48)
}

/// A pointer to a list `offset` words on.
pub(crate) fn to_list(offset: i32, size: u64, count: u64) -> u64 {
    u64::from((offset as u32) << 2) | 1 | (size << 32) | (count << 35)
}

/// A pointer to a landing pad.
pub(crate) fn to_pad(double: bool, segment: u64, word: u64) -> u64 {
    (segment << 32) | (word << 3) | (u64::from(double) << 2) | 2
}

/// A pointer to a capability.
pub(crate) fn to_cap(index: u64) -> u64 {
    (index << 32) | 3
}

/// The bytes of a frame of these segments.
pub(crate) fn framed(segments: &[&[u64]]) -> Vec<u8> {
    let mut bytes = (segments.len() as u32 - 1).to_le_bytes().to_vec();
    for segment in segments {
        bytes.extend((segment.len() as u32).to_le_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes.extend(segments.iter().flat_map(|segment| segment.iter()).flat_map(|w| w.to_le_bytes()));
    bytes
}

/// All frames of a stream, which is read as far as there is room each time.
pub(crate) fn deframe(mut bytes: &[u8], limits: Limits) -> Result<Vec<Frame>, FrameError> {
    let mut deframer = Deframer::new(limits);
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let space = deframer.space();
        let read = space.len().min(bytes.len());
        space[..read].copy_from_slice(&bytes[..read]);
        deframer.advance(read);
        bytes = &bytes[read..];
        while let Some(frame) = deframer.next_frame()? {
            frames.push(frame);
        }
    }
    deframer.finish()?;
    Ok(frames)
}

/// The one frame these segments make.
pub(crate) fn frame(segments: &[&[u64]]) -> Frame {
    let mut frames = deframe(&framed(segments), Limits::default()).expect("within limits");
    assert_eq!(frames.len(), 1);
    frames.remove(0)
}

/// A Return whose content pointer is `pointer`. A near one with offset 1 leads to `body[0]`, which is
/// word 8 of segment 0; `more` are the other segments.
pub(crate) fn returning(
    pointer: u64,
    body: &[u64],
    more: &[&[u64]],
) -> Result<Content, DecodeError> {
    let mut first = vec![to_struct(0, 1, 1), 3, to_struct(0, 2, 1), 0, 0, to_struct(0, 0, 2)];
    first.extend([pointer, 0]);
    first.extend(body);
    let mut segments = vec![first.as_slice()];
    segments.extend(more);
    let message = Message::decode(frame(&segments), &Limits::default())?;
    let Message::Return(ret) = message else { panic!("not a Return: {message}") };
    let Outcome::Results(Payload { content, .. }) = ret.outcome else { panic!("no results") };
    Ok(content)
}
