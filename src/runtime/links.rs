//! The transports of a vat's connections: read within a budget, written once a turn.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::transport::Transport;
use crate::vat::LinkId;
use crate::wire::{Exception, Message};

use super::local::Local;
use super::signal::{Raise, Ready, Signal};

/// How many messages one connection may have handled in one turn. A loud neighbour waits for the
/// others after these.
const MESSAGES_PER_TURN: usize = 64;

/// How long the last messages of a connection may take to be written. A peer that does not read
/// would otherwise keep the transport for ever.
const CLOSE_GRACE: Duration = Duration::from_secs(5);

/// A connection's transport, and how far its life has come.
struct Entry {
    link: LinkId,
    /// `None` while it is being polled, outside of any borrow.
    transport: Option<Box<dyn Transport>>,
    state: State,
    receive: Waker,
    flush: Waker,
    watchers: Vec<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The connection is over; its last messages are being written, until the time given.
    Closing(Option<Instant>),
}

/// The transports of a vat.
pub(super) struct Links {
    entries: Vec<Option<Entry>>,
    /// Links that are not read because their peer has asked too much that is not answered.
    paused: Vec<u32>,
    signal: Arc<Signal>,
}

impl Links {
    pub(super) fn new(signal: Arc<Signal>) -> Self {
        Self { entries: Vec::new(), paused: Vec::new(), signal }
    }

    pub(super) fn insert(&mut self, link: LinkId, transport: Box<dyn Transport>) {
        let index = link.index();
        let waker = |ready| Waker::from(Arc::new(Raise { ready, signal: self.signal.clone() }));
        let entry = Entry {
            link,
            transport: Some(transport),
            state: State::Open,
            receive: waker(Ready::Receive(index)),
            flush: waker(Ready::Flush(index)),
            watchers: Vec::new(),
        };
        let at = index as usize;
        if self.entries.len() <= at {
            self.entries.resize_with(at + 1, || None);
        }
        entry.receive.wake_by_ref();
        self.entries[at] = Some(entry);
    }

    fn entry(&mut self, index: u32) -> Option<&mut Entry> {
        self.entries.get_mut(index as usize)?.as_mut()
    }

    fn check_out(&mut self, index: u32) -> Option<(LinkId, State, Box<dyn Transport>)> {
        let entry = self.entry(index)?;
        Some((entry.link, entry.state, entry.transport.take()?))
    }

    fn check_in(&mut self, index: u32, transport: Box<dyn Transport>) {
        if let Some(entry) = self.entry(index) {
            entry.transport = Some(transport);
        }
    }

    /// The connection is over. Returns who waited for that.
    pub(super) fn close(&mut self, link: LinkId, now: Option<Instant>) -> Vec<Waker> {
        let Some(entry) = self.entry(link.index()) else { return Vec::new() };
        entry.state = State::Closing(now.map(|now| now + CLOSE_GRACE));
        entry.flush.wake_by_ref();
        std::mem::take(&mut entry.watchers)
    }

    /// Whether the connection is over; if not, `waker` is woken when it is.
    pub(super) fn poll_closed(&mut self, link: LinkId, waker: &Waker) -> Poll<()> {
        match self.entry(link.index()) {
            Some(entry) if entry.link == link && entry.state == State::Open => {
                if !entry.watchers.iter().any(|known| known.will_wake(waker)) {
                    entry.watchers.push(waker.clone());
                }
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }

    /// Takes every transport, to be dropped by the caller.
    pub(super) fn clear(&mut self) -> Vec<Box<dyn Transport>> {
        self.entries.iter_mut().filter_map(|entry| entry.take()?.transport).collect()
    }
}

impl Local {
    /// Reads what the transport of a link has, within the budget.
    pub(super) fn receive(&self, index: u32) {
        let links = &self.inner().links;
        let Some(waker) = links.borrow_mut().entry(index).map(|entry| entry.receive.clone()) else {
            return;
        };
        let mut cx = Context::from_waker(&waker);
        for _ in 0..MESSAGES_PER_TURN {
            let Some((link, state, mut transport)) = links.borrow_mut().check_out(index) else {
                return;
            };
            let wanted = self.with(|graph| graph.connection(link).is_none_or(|c| c.wants_read()));
            if state != State::Open || !wanted {
                links.borrow_mut().check_in(index, transport);
                if !wanted {
                    links.borrow_mut().paused.push(index);
                }
                return;
            }
            let received = transport.poll_receive(&mut cx);
            let peer = match &received {
                Poll::Ready(Ok(None)) => transport.peer().to_string(),
                _ => String::new(),
            };
            links.borrow_mut().check_in(index, transport);
            match received {
                Poll::Pending => return,
                Poll::Ready(Ok(Some(message))) => {
                    // A peer that broke a rule has its Abort queued; `Output::Closed` follows.
                    let _ = self.with(|graph| graph.handle(link, message));
                }
                Poll::Ready(Ok(None)) => {
                    return self.lose(link, format!("{peer} closed the connection"));
                }
                Poll::Ready(Err(error)) => return self.lose(link, error.to_string()),
            }
        }
        waker.wake();
    }

    fn lose(&self, link: LinkId, why: String) {
        self.with(|graph| graph.handle_disconnect(link, Exception::disconnected(why)));
    }

    /// Reads again where reading was put off.
    pub(super) fn resume_paused(&self) {
        if self.inner().links.borrow().paused.is_empty() {
            return;
        }
        let paused = std::mem::take(&mut self.inner().links.borrow_mut().paused);
        paused.into_iter().for_each(|index| self.receive(index));
    }

    /// Hands every message that is due to its transport, and writes each transport once.
    pub(super) fn transmit(&self) {
        let links = &self.inner().links;
        let mut touched: Option<u32> = None;
        while let Some((link, message)) = self.with(|graph| graph.poll_transmit()) {
            let index = link.index();
            if let Some(before) = touched.filter(|before| *before != index) {
                self.flush(before);
            }
            touched = Some(index);
            let sent = self.send(index, message);
            if let Err(why) = sent {
                self.lose(link, why);
            }
        }
        if let Some(index) = touched {
            self.flush(index);
        }
        debug_assert!(links.try_borrow().is_ok(), "links are borrowed only for a moment");
    }

    fn send(&self, index: u32, message: Message) -> Result<(), String> {
        let mut links = self.inner().links.borrow_mut();
        match links.entry(index).and_then(|entry| entry.transport.as_mut()) {
            Some(transport) => transport.send(message).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    /// Writes what is queued for a link; forgets a link that is over and written out.
    pub(super) fn flush(&self, index: u32) {
        let links = &self.inner().links;
        let Some(waker) = links.borrow_mut().entry(index).map(|entry| entry.flush.clone()) else {
            return;
        };
        let Some((link, state, mut transport)) = links.borrow_mut().check_out(index) else {
            return;
        };
        let mut cx = Context::from_waker(&waker);
        let over = match state {
            State::Open => {
                if let Poll::Ready(Err(_)) = transport.poll_flush(&mut cx) {
                    // Reading gives the same error, after what the peer sent before (T8).
                    links
                        .borrow_mut()
                        .entry(index)
                        .map(|e| e.receive.clone())
                        .iter()
                        .for_each(Waker::wake_by_ref);
                }
                false
            }
            State::Closing(until) => {
                let late = self.now().zip(until).is_some_and(|(now, until)| now >= until);
                transport.poll_close(&mut cx).is_ready() || late
            }
        };
        if over {
            let entry = links.borrow_mut().entries.get_mut(index as usize).and_then(Option::take);
            self.with(|graph| graph.disconnect(link));
            drop((entry, transport));
        } else {
            links.borrow_mut().check_in(index, transport);
            if let State::Closing(Some(until)) = state {
                self.inner().timers.borrow_mut().set(until, waker);
            }
        }
    }
}
