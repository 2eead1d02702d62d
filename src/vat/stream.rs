//! A stream is the streaming calls sent to one capability of a peer: how much of them is on its way,
//! who waits for room, and what the first of them that failed failed with.

use std::time::Instant;

use crate::conn::Window;
use crate::wire::Exception;

use super::id::CallId;
use super::pace::{Pace, Probing};

/// The streaming calls sent to one capability.
#[derive(Debug)]
pub(super) struct Stream {
    pace: Pace,
    /// Calls sent so far.
    sent: u64,
    /// Those of them that are not acknowledged, and their bytes.
    calls: u32,
    bytes: u64,
    /// The largest call so far.
    largest: u64,
    /// The last one.
    last: u64,
    life: Life,
    wanted: Wanted,
    /// Senders that wait for room.
    pub(super) blocked: Vec<CallId>,
    /// Those who wait until everything is acknowledged.
    pub(super) fences: Vec<CallId>,
}

/// How a stream stands.
#[derive(Debug)]
enum Life {
    /// A capability sends along it.
    Open,
    /// One of its calls failed, and so do all later ones.
    Broken(Exception),
    /// Nothing more will be sent along it.
    Abandoned,
}

/// Whether those who sent it want it to arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Still,
    /// It was cut off.
    No,
}

/// Whether more may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Free,
    Full,
}

impl Stream {
    pub(super) fn new(window: Window) -> Self {
        Self {
            pace: Pace::new(window),
            sent: 0,
            calls: 0,
            bytes: 0,
            largest: 0,
            last: 0,
            life: Life::Open,
            wanted: Wanted::Still,
            blocked: Vec::new(),
            fences: Vec::new(),
        }
    }

    /// A call was sent.
    pub(super) fn send(&mut self, bytes: u64) -> (Room, Probing) {
        self.sent += 1;
        self.calls += 1;
        self.bytes += bytes;
        self.largest = self.largest.max(bytes);
        self.last = bytes;
        // By somebody else, if it was cut off.
        self.wanted = Wanted::Still;
        match self.room() {
            Room::Full => (Room::Full, self.pace.filled(self.sent)),
            Room::Free => (Room::Free, Probing::No),
        }
    }

    /// The calls sent so far leave in the turn of this time.
    pub(super) fn leave(&mut self, now: Instant) {
        self.pace.leaves(now);
    }

    /// A call was acknowledged: it returned, or failed.
    pub(super) fn acknowledge(&mut self, bytes: u64, now: Option<Instant>) -> Room {
        self.calls = self.calls.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        // An object takes them in turn: those not acknowledged are the last.
        self.pace.acknowledge(bytes, self.sent - u64::from(self.calls), now);
        self.room()
    }

    /// What it goes to is reached another way now.
    pub(super) fn moves(&mut self) {
        self.pace.moves();
    }

    /// How many bytes may be on their way, besides the largest call.
    pub(super) fn window(&self) -> u64 {
        self.pace.bytes()
    }

    fn room(&self) -> Room {
        match self.bytes <= self.largest || self.bytes < self.window().saturating_add(self.largest)
        {
            true => Room::Free,
            false => Room::Full,
        }
    }

    /// A call failed; only the first one counts.
    pub(super) fn fail(&mut self, why: Exception) {
        if matches!(self.life, Life::Open) {
            self.life = Life::Broken(why);
        }
    }

    /// It was cut off: what was sent need not arrive, unless more is sent.
    pub(super) fn cut(&mut self) {
        self.wanted = Wanted::No;
    }

    pub(super) fn is_cut(&self) -> bool {
        self.wanted == Wanted::No
    }

    /// Its capability is gone.
    pub(super) fn abandon(&mut self) {
        self.life = Life::Abandoned;
    }

    pub(super) fn why_broken(&self) -> Option<&Exception> {
        match &self.life {
            Life::Broken(why) => Some(why),
            Life::Open | Life::Abandoned => None,
        }
    }

    /// Bytes of the call sent last.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// How many calls were sent and not acknowledged.
    pub(super) fn calls(&self) -> u32 {
        self.calls
    }

    /// Every call sent was acknowledged.
    pub(super) fn is_acknowledged(&self) -> bool {
        self.calls == 0
    }

    /// Something of it may be cut off yet, or failed.
    pub(super) fn is_of_concern(&self) -> bool {
        self.calls > 0 || self.why_broken().is_some()
    }

    /// Nobody will hear of it any more.
    pub(super) fn is_over(&self) -> bool {
        self.calls == 0 && matches!(self.life, Life::Abandoned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_wider_by_the_largest_call() {
        let mut stream = Stream::new(Window::Fixed(100));
        assert_eq!(stream.send(60).0, Room::Free);
        assert_eq!(stream.send(60).0, Room::Free);
        assert_eq!(stream.send(40).0, Room::Full, "160 bytes are on their way");
        assert_eq!(stream.acknowledge(60, None), Room::Free);
        assert_eq!(stream.send(59).0, Room::Free, "159 bytes");
        assert_eq!(stream.send(1).0, Room::Full, "160 bytes");
    }

    #[test]
    fn a_call_larger_than_the_window_does_not_hold_up_the_next() {
        let mut stream = Stream::new(Window::Fixed(10));
        assert_eq!(stream.send(1000).0, Room::Free);
        assert_eq!(stream.send(9).0, Room::Free);
        assert_eq!(stream.send(1).0, Room::Full);
        assert_eq!(stream.acknowledge(1000, None), Room::Free);
    }

    #[test]
    fn a_window_of_nothing_lets_one_call_pass_at_a_time() {
        let mut stream = Stream::new(Window::Fixed(0));
        assert_eq!(stream.send(8).0, Room::Free);
        assert_eq!(stream.send(8).0, Room::Full);
        assert_eq!(stream.acknowledge(8, None), Room::Free);
    }

    #[test]
    fn who_sends_after_another_cut_it_off_wants_it_to_arrive() {
        let mut stream = Stream::new(Window::default());
        stream.send(8);
        stream.cut();
        assert!(stream.is_cut());
        stream.send(8);
        assert!(!stream.is_cut());
    }

    #[test]
    fn the_first_failure_sticks() {
        let mut stream = Stream::new(Window::default());
        stream.send(8);
        stream.send(8);
        stream.fail(Exception::failed("first"));
        stream.fail(Exception::failed("second"));
        assert_eq!(stream.why_broken().map(Exception::reason), Some("first"));
    }
}
