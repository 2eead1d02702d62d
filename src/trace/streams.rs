//! The bytes of two directions, taken apart into what was said.

use super::side::Side;
use crate::wire::{Deframer, Frame, Limits, Message};

/// The longest HTTP head that is looked for its end.
const HEAD_MAX: usize = 64 << 10;

/// So many bytes tell a head from a message: the second half of the word that says how many segments
/// a message has is 0, and no letter.
const TELLING: usize = 4;

/// Something one side said.
#[derive(Debug)]
pub enum Said {
    /// A message.
    Message {
        /// What it says.
        message: Message,
        /// The frame it came in, byte for byte.
        frame: Vec<u8>,
    },
    /// The head of an HTTP message, in front of the first frame.
    Head(String),
    /// What follows is no message: at which byte of the direction, and why. Nothing more of it is read.
    Broken {
        /// Counted from the beginning of the direction.
        at: u64,
        /// Which rule it breaks.
        why: String,
    },
    /// The direction ended, in good order or within a frame.
    End,
}

/// Takes what passes through a connection apart, without holding it up: an observer in the middle. It does no I/O.
#[derive(Default)]
pub struct Streams {
    ways: [Way; 2],
}

/// One direction.
#[derive(Default)]
struct Way {
    /// How many bytes were understood.
    at: u64,
    stage: Stage,
}

enum Stage {
    /// Nothing but heads so far; what is read of the next.
    Head(Vec<u8>),
    Messages(Box<Deframer>),
    Over,
}

impl Default for Stage {
    fn default() -> Self {
        Self::Head(Vec::new())
    }
}

impl Streams {
    /// Both directions at their beginning.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `from` said these bytes. `told` is shown what they complete.
    pub fn push(&mut self, from: Side, bytes: &[u8], mut told: impl FnMut(Said)) {
        let [left, right] = &mut self.ways;
        let way = if from == Side::Left { left } else { right };
        way.push(bytes, &mut told);
    }

    /// `from` ended its direction.
    pub fn end(&mut self, from: Side, mut told: impl FnMut(Said)) {
        let [left, right] = &mut self.ways;
        let way = if from == Side::Left { left } else { right };
        let cut = match &way.stage {
            Stage::Head(ahead) => (!ahead.is_empty()).then_some("it ends within an HTTP head"),
            Stage::Messages(deframer) => deframer.finish().err().map(|_| "it ends within a frame"),
            Stage::Over => return,
        };
        if let Some(why) = cut {
            told(Said::Broken { at: way.at, why: why.to_owned() });
        }
        way.stage = Stage::Over;
        told(Said::End);
    }
}

impl Way {
    fn push(&mut self, bytes: &[u8], told: &mut impl FnMut(Said)) {
        let Stage::Head(ahead) = &mut self.stage else { return self.read(bytes, told) };
        ahead.extend_from_slice(bytes);
        let ahead = std::mem::take(ahead);
        let mut rest = ahead.as_slice();
        while rest.len() >= TELLING && is_text(rest) {
            let Some(end) = head_end(rest) else {
                if rest.len() > HEAD_MAX {
                    return self.fail(told, "it begins with text, and with no HTTP head");
                }
                self.stage = Stage::Head(rest.to_vec());
                return;
            };
            let (head, behind) = rest.split_at(end);
            self.at += end as u64;
            told(Said::Head(String::from_utf8_lossy(head).trim_end().to_owned()));
            rest = behind;
        }
        if rest.len() < TELLING {
            self.stage = Stage::Head(rest.to_vec());
            return;
        }
        self.stage = Stage::Messages(Box::new(Deframer::new(Limits::default())));
        self.read(rest, told);
    }

    /// Reads messages.
    fn read(&mut self, mut bytes: &[u8], told: &mut impl FnMut(Said)) {
        while !bytes.is_empty() {
            let Stage::Messages(deframer) = &mut self.stage else { return };
            let space = deframer.space();
            let count = space.len().min(bytes.len());
            let (now, later) = bytes.split_at(count);
            // In bounds: count is no more than there is space.
            space[..count].copy_from_slice(now);
            deframer.advance(count);
            bytes = later;
            if !self.take_messages(told) {
                return;
            }
        }
    }

    /// Whether the direction can still be read.
    fn take_messages(&mut self, told: &mut impl FnMut(Said)) -> bool {
        let limits = Limits::default();
        loop {
            let Stage::Messages(deframer) = &mut self.stage else { return false };
            let frame = match deframer.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => return true,
                Err(why) => {
                    self.fail(told, why);
                    return false;
                }
            };
            let bytes = bytes_of(&frame);
            match Message::decode(frame, &limits) {
                Ok(message) => {
                    self.at += bytes.len() as u64;
                    told(Said::Message { message, frame: bytes });
                }
                Err(why) => {
                    self.fail(told, why);
                    return false;
                }
            }
        }
    }

    fn fail(&mut self, told: &mut impl FnMut(Said), why: impl std::fmt::Display) {
        self.stage = Stage::Over;
        told(Said::Broken { at: self.at, why: why.to_string() });
    }
}

/// A frame as it is on a stream.
fn bytes_of(frame: &Frame) -> Vec<u8> {
    let segments = || (0..).map_while(|id| frame.segment(id));
    let mut bytes = Vec::with_capacity(frame.bytes());
    let words = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&words(frame.segment_count().saturating_sub(1)).to_le_bytes());
    for segment in segments() {
        bytes.extend_from_slice(&words(segment.len() / 8).to_le_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    segments().for_each(|segment| bytes.extend_from_slice(segment));
    bytes
}

fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().take(TELLING).all(|byte| byte.is_ascii_graphic() || *byte == b' ')
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    const END: &[u8] = b"\r\n\r\n";
    bytes.windows(END.len()).position(|window| window == END).map(|at| at + END.len())
}
