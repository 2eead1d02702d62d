//! What joins the vats: queues of messages, one each way, that deliver when told to.

use std::collections::VecDeque;

use bowline::vat::LinkId;
use bowline::wire::{Deframer, Exception, Limits, Message};

/// One end of a wire: where it is plugged in.
pub(crate) struct End {
    pub(crate) vat: usize,
    pub(crate) link: LinkId,
    /// It was not closed yet.
    pub(crate) open: bool,
    /// What is on its way to this end.
    pub(crate) inbound: VecDeque<Packet>,
}

/// What travels.
pub(crate) enum Packet {
    Message(Message),
    /// Nothing follows: the wire was cut here.
    Cut,
}

/// A connection between two vats.
pub(crate) struct Wire {
    pub(crate) ends: [End; 2],
}

impl Wire {
    pub(crate) fn new(ends: [(usize, LinkId); 2]) -> Self {
        let end = |(vat, link)| End { vat, link, open: true, inbound: VecDeque::new() };
        Self { ends: ends.map(end) }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.ends.iter().all(|end| end.open)
    }

    /// This end hears and says nothing more; the other one hears what is under way, then that.
    pub(crate) fn cut(&mut self, end: usize) {
        self.ends[end].open = false;
        self.ends[end].inbound.clear();
        if self.ends[1 - end].open {
            self.ends[1 - end].inbound.push_back(Packet::Cut);
        }
    }
}

/// Why a wire that was cut ended.
pub(crate) fn cut() -> Exception {
    Exception::disconnected("the wire was cut")
}

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
