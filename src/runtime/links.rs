//! The transports of a vat's connections, and how far the life of each has come.

use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use crate::transport::Transport;
use crate::vat::LinkId;
use crate::wire::Exception;

use super::signal::{Raise, Ready, Signal};
use super::timers::TimerId;

/// How long the last messages of a connection may take to be written. A peer that does not read
/// would otherwise keep the transport for ever.
const CLOSE_GRACE: Duration = Duration::from_secs(5);

/// Why a connection is over, once it is.
pub type Ending = Arc<OnceLock<Exception>>;

/// A transport, and what it is polled with.
pub(super) struct Port {
    pub(super) transport: Box<dyn Transport>,
    pub(super) receive: Waker,
    pub(super) flush: Waker,
}

/// A connection's transport, and how far its life has come.
pub(super) struct Entry {
    pub(super) link: LinkId,
    /// `None` while it is being polled, outside of any borrow.
    port: Option<Port>,
    pub(super) state: State,
    /// Wakes at the end of the grace, if there is one.
    pub(super) timer: Option<TimerId>,
    ending: Ending,
    closed: Waiting,
    idle: Waiting,
    parting: Parting,
}

/// Who waits for the same: hardly ever more than one.
pub(super) type Waiting = SmallVec<[Waker; 1]>;

/// When the transport of a connection that is over is let go of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parting {
    /// Once the last words are written.
    Written,
    /// Once the peer has ended its direction as well.
    Parted,
}

/// A transport that is being polled.
pub(super) struct CheckedOut {
    pub(super) link: LinkId,
    pub(super) state: State,
    pub(super) port: Port,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// Writing failed. What the peer sent before is still received, until the time given.
    Failing(Option<Instant>),
    /// The connection is over; its last messages are being written, until the time given.
    Closing(Option<Instant>),
    /// The last messages are written; the peer has until the time given to end its own direction.
    Lingering(Option<Instant>),
}

/// The transports of a vat.
pub(super) struct Links {
    pub(super) entries: Vec<Option<Entry>>,
    /// Links that are not read because their peer has asked too much that is not answered.
    pub(super) paused: Vec<u32>,
    /// Links whose transports were handed messages that were not written since.
    begun: Vec<u32>,
    /// Links that ended in this turn.
    pub(super) ended: Vec<u32>,
    /// Links somebody waits to become idle.
    watched: Vec<LinkId>,
    /// What wakes the receiving and the flushing of the link in each slot, whichever that is.
    wakers: Vec<(Waker, Waker)>,
    signal: Arc<Signal>,
}

impl Entry {
    /// It is forgotten: its transport, to be dropped, and who is to be woken because the connection
    /// is over.
    pub(super) fn end(mut self) -> (Option<Port>, Waiting) {
        self.closed.append(&mut self.idle);
        (self.port, self.closed)
    }
}

impl Links {
    pub(super) fn new(signal: Arc<Signal>) -> Self {
        Self {
            entries: Vec::new(),
            paused: Vec::new(),
            begun: Vec::new(),
            watched: Vec::new(),
            ended: Vec::new(),
            wakers: Vec::new(),
            signal,
        }
    }

    pub(super) fn insert(&mut self, link: LinkId, transport: Box<dyn Transport>) -> Ending {
        let index = link.index();
        let (receive, flush) = self.wakers_of(index);
        receive.wake_by_ref();
        let entry = Entry {
            link,
            port: Some(Port { transport, receive, flush }),
            state: State::Open,
            timer: None,
            ending: Ending::default(),
            closed: Waiting::new(),
            idle: Waiting::new(),
            parting: Parting::Written,
        };
        let ending = Arc::clone(&entry.ending);
        let at = index as usize;
        if self.entries.len() <= at {
            self.entries.resize_with(at + 1, || None);
        }
        // In bounds: it was made as long just now.
        self.entries[at] = Some(entry);
        ending
    }

    fn wakers_of(&mut self, index: u32) -> (Waker, Waker) {
        let at = index as usize;
        let waker = |ready| {
            let raise = Raise { ready, signal: self.signal.clone() };
            Waker::from(Arc::new(raise))
        };
        for index in (0..=index).skip(self.wakers.len()) {
            let pair = (waker(Ready::Receive(index)), waker(Ready::Flush(index)));
            self.wakers.push(pair);
        }
        // In bounds: it was made as long just now.
        self.wakers[at].clone()
    }

    #[inline]
    pub(super) fn entry(&mut self, index: u32) -> Option<&mut Entry> {
        self.entries.get_mut(index as usize)?.as_mut()
    }

    /// Takes a transport, to be polled outside of any borrow.
    #[inline]
    pub(super) fn check_out(&mut self, index: u32) -> Option<CheckedOut> {
        let entry = self.entry(index)?;
        let port = entry.port.take()?;
        Some(CheckedOut { link: entry.link, state: entry.state, port })
    }

    #[inline]
    pub(super) fn check_in(&mut self, index: u32, port: Port) {
        if let Some(entry) = self.entry(index) {
            entry.port = Some(port);
        }
    }

    /// Puts back a transport that was handed messages, to be written in the next turn.
    pub(super) fn begin(&mut self, index: u32, port: Port) {
        self.check_in(index, port);
        if !self.begun.contains(&index) {
            self.begun.push(index);
        }
    }

    /// Whether transports were handed messages that are to be written.
    pub(super) const fn has_begun(&self) -> bool {
        !self.begun.is_empty()
    }

    pub(super) fn take_begun(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.begun)
    }

    /// The transport is written now.
    pub(super) fn is_written(&mut self, index: u32) {
        if !self.begun.is_empty() {
            self.begun.retain(|begun| *begun != index);
        }
    }

    /// Writing failed: what is still to be received has until the end of the grace.
    pub(super) fn fail(&mut self, index: u32, now: Option<Instant>) -> Option<Instant> {
        let until = now.map(|now| now + CLOSE_GRACE);
        if let Some(entry) = self.entry(index) {
            entry.state = State::Failing(until);
        }
        until
    }

    /// The connection is over, for this reason; it may write its last messages until the end of the
    /// grace. The wakers are those who wait for the end.
    pub(super) fn close(&mut self, link: LinkId, why: Exception, now: Option<Instant>) -> Waiting {
        let Some(entry) = self.entries.get_mut(link.index() as usize).and_then(Option::as_mut)
        else {
            return Waiting::new();
        };
        self.ended.push(link.index());
        // Set once: a connection ends once.
        let _ = entry.ending.set(why);
        entry.state = State::Closing(now.map(|now| now + CLOSE_GRACE));
        let mut wakers = std::mem::take(&mut entry.closed);
        wakers.append(&mut entry.idle);
        wakers
    }

    /// A connection that is over goes on until its peer has ended its direction.
    pub(super) fn linger(&mut self, link: LinkId) {
        if let Some(entry) = self.entry(link.index()).filter(|entry| entry.link == link) {
            entry.parting = Parting::Parted;
        }
    }

    /// Whether nothing is waited for once the last words are written.
    pub(super) fn is_to_be_dropped(&self, index: u32) -> bool {
        let entry = self.entries.get(index as usize).and_then(Option::as_ref);
        entry.is_some_and(|entry| entry.parting == Parting::Written)
    }

    /// The last words are written. True: the peer is waited for until the time given.
    pub(super) fn is_to_linger(&mut self, index: u32, until: Option<Instant>) -> bool {
        let Some(entry) = self.entry(index).filter(|entry| entry.parting == Parting::Parted) else {
            return false;
        };
        entry.state = State::Lingering(until);
        if let Some(port) = &entry.port {
            port.receive.wake_by_ref();
        }
        true
    }

    /// Has `waker` woken when the connection is over.
    pub(super) fn watch_closed(&mut self, link: LinkId, waker: &Waker) {
        if let Some(entry) = self.entry(link.index()).filter(|entry| entry.link == link) {
            remember(&mut entry.closed, waker);
        }
    }

    /// Has `waker` woken when the tables of a connection may have become empty.
    pub(super) fn watch_idle(&mut self, link: LinkId, waker: &Waker) {
        if let Some(entry) = self.entry(link.index()) {
            remember(&mut entry.idle, waker);
            self.keep_watching(link);
        }
    }

    /// How many wakers are kept.
    pub(super) fn wakers(&self) -> usize {
        self.entries.iter().flatten().map(|entry| entry.closed.len() + entry.idle.len()).sum()
    }

    pub(super) fn keep_watching(&mut self, link: LinkId) {
        if !self.watched.contains(&link) {
            self.watched.push(link);
        }
    }

    /// Whether somebody waits for a connection to become idle.
    #[inline]
    pub(super) fn is_watched(&self) -> bool {
        !self.watched.is_empty()
    }

    /// The connections somebody waits to become idle.
    pub(super) fn take_watched(&mut self) -> Vec<LinkId> {
        std::mem::take(&mut self.watched)
    }

    /// Who waits for a connection to become idle.
    pub(super) fn take_idle(&mut self, link: LinkId) -> Waiting {
        self.entry(link.index()).map(|entry| std::mem::take(&mut entry.idle)).unwrap_or_default()
    }

    /// Takes every connection, to be ended by the caller.
    pub(super) fn clear(&mut self) -> Vec<Entry> {
        self.entries.iter_mut().filter_map(Option::take).collect()
    }
}

/// Keeps a waker once for each task. Clones are compared: of the original none may be known, as its
/// table of functions may be another copy of theirs.
fn remember(watchers: &mut Waiting, waker: &Waker) {
    let new = waker.clone();
    if !watchers.iter().any(|known| known.will_wake(&new)) {
        watchers.push(new);
    }
}
