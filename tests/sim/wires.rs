//! What joins the vats: queues of messages, one each way, that deliver when told to.

use std::collections::VecDeque;

use bowline::vat::LinkId;
use bowline::wire::{Exception, Message};

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
