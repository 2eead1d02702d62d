//! Traffic: connections are read within a budget, and written once a turn.

use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::conn::{Connection, PeerMisbehaved};
use crate::transport::{Transport, TransportError};
use crate::vat::{Graph, LinkId};
use crate::wire::{Exception, Message};

use super::doors;
use super::links::{CheckedOut, Entry, Links, State};
use super::local::{Local, Taker};
use super::visits::Writing;

/// How many messages one connection may have handled in one turn. A loud neighbour waits for the
/// others after these.
const MESSAGES_PER_TURN: usize = 64;

/// How many of one that asked for more than it may: what is refused it costs as much as what is done for others.
const MESSAGES_OF_THE_REFUSED: usize = 8;

/// How many words of content one connection may have handled in one turn (256 KiB), the message
/// that goes beyond it included: large messages, too, take their turn beside a neighbour's small ones.
const WORDS_PER_TURN: usize = 32 << 10;

/// How many words of content are handled before the calls among them are delivered (64 KiB), and more is read. Memory of
/// calls that are over is used again for those that follow, while it is in the processor's cache.
const WORDS_AT_ONCE: usize = 8 << 10;

/// How many words of messages a stream lets wait for the turn in which they leave (16 KiB). Then they are handed to their
/// transport, which copies what it can, and the memory of one write is used again for the next.
const WORDS_WAITING: usize = 2 << 10;

/// How many bytes a transport may have queued before it gets no more to write. What is due beyond
/// that stays with the connection, whose limits see it: a peer that asks and does not read would
/// otherwise fill our memory with answers.
const UNWRITTEN_BYTES_MAX: usize = 256 << 10;

/// How reading a transport ended, for this turn.
enum Read {
    /// It has no more.
    Drained,
    /// The connection wants no more.
    Unwanted,
    /// It has more, once what came is delivered.
    Portion,
    /// It has more, for the next turn.
    Cut,
    /// The peer ended the stream, in good order.
    Ended(String),
    Lost(TransportError),
}

/// What one connection may still have handled in this turn.
struct Budget {
    messages: usize,
    words: usize,
}

impl Local {
    /// Reads what the transport of a link has, within the budget.
    pub(super) fn receive(&self, index: u32) {
        let mut budget = Budget { messages: MESSAGES_PER_TURN, words: WORDS_PER_TURN };
        while self.receive_portion(index, &mut budget) {
            self.drain();
        }
    }

    /// Whether more is to be read once what was read is delivered.
    fn receive_portion(&self, index: u32, budget: &mut Budget) -> bool {
        let links = &self.inner().links;
        let out = links.borrow_mut().check_out(index);
        let Some(CheckedOut { link, state, mut port }) = out else { return false };
        let read = match state {
            State::Closing(_) | State::Lingering(_) => {
                read_away(&mut *port.transport, &port.receive)
            }
            _ => self.read_from(link, &mut *port.transport, &port.receive, budget),
        };
        if matches!(read, Read::Cut) {
            port.receive.wake_by_ref();
        }
        links.borrow_mut().check_in(index, port);
        match read {
            Read::Ended(_) | Read::Lost(_) if matches!(state, State::Lingering(_)) => {
                self.forget(link)
            }
            Read::Portion => return true,
            Read::Drained | Read::Cut => {}
            Read::Unwanted => {
                doors::paused(self.id(), link);
                links.borrow_mut().paused.push(index);
            }
            Read::Ended(why) => self.lose(link, why),
            Read::Lost(error) => self.lose_to(link, &error),
        }
        false
    }

    fn read_from(
        &self,
        link: LinkId,
        transport: &mut dyn Transport,
        waker: &Waker,
        budget: &mut Budget,
    ) -> Read {
        let wants = |graph: &Graph| graph.connection(link).is_none_or(|conn| conn.wants_read());
        let mut wanted = self.with(|graph| wants(graph));
        let mut cx = Context::from_waker(waker);
        let is_first = budget.messages == MESSAGES_PER_TURN;
        if is_first && self.with(|graph| graph.take_refused(link)) {
            budget.messages = MESSAGES_OF_THE_REFUSED;
        }
        let portion_end = budget.words.saturating_sub(WORDS_AT_ONCE);
        while budget.messages > 0 && budget.words > 0 {
            if !wanted {
                return Read::Unwanted;
            }
            if budget.words <= portion_end {
                return Read::Portion;
            }
            let message = match transport.poll_receive(&mut cx) {
                Poll::Pending => return Read::Drained,
                Poll::Ready(Ok(Some(message))) => message,
                Poll::Ready(Ok(None)) => {
                    return Read::Ended(format!("{} closed the connection", transport.peer()));
                }
                Poll::Ready(Err(error)) => return Read::Lost(error),
            };
            budget.messages -= 1;
            budget.words = budget.words.saturating_sub(message.content_words());
            doors::received(self.id(), link, &message);
            wanted = self.with(|graph| {
                // A peer that broke a rule has its Abort queued; `Output::Closed` follows.
                let _ = graph.handle(link, message);
                wants(graph)
            });
        }
        Read::Cut
    }

    /// Reading failed. A peer whose bytes are no messages is told which rule it broke.
    fn lose_to(&self, link: LinkId, error: &TransportError) {
        let rule = match error {
            TransportError::Frame { error, .. } => PeerMisbehaved::Unframed(*error),
            TransportError::Message { error, .. } => PeerMisbehaved::Unreadable(error.clone()),
            lost => return self.lose(link, lost.to_string()),
        };
        self.with(|graph| graph.abort_misbehaved(link, rule));
    }

    fn lose(&self, link: LinkId, why: String) {
        self.with(|graph| graph.handle_disconnect(link, Exception::disconnected(why)));
    }

    /// Whether a connection that was not read wants to be read again: nothing else wakes it.
    #[inline]
    pub(super) fn wants_to_resume(&self) -> bool {
        let links = self.inner().links.borrow();
        !links.paused.is_empty() && self.is_one_to_resume(&links)
    }

    fn is_one_to_resume(&self, links: &Links) -> bool {
        links.paused.iter().any(|index| {
            let link = links.entries.get(*index as usize).and_then(Option::as_ref);
            link.is_some_and(|entry| {
                self.quietly(|graph| graph.connection(entry.link).is_some_and(|c| c.wants_read()))
            })
        })
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
        let taker = self.inner().taker.get();
        if matches!(taker, Taker::PatientDriver | Taker::PatientPromise)
            && !self.inner().links.borrow().has_begun()
            && self.with(|graph| graph.only_gives_back())
        {
            return self.inner().withheld.set(true);
        }
        let drives = matches!(taker, Taker::Driver | Taker::PatientDriver);
        let _writing = drives.then(Writing::begin);
        let mut next = self.with(Graph::poll_transmit);
        while let Some((link, message)) = next {
            next = self.transmit_to(link, message);
        }
        // Asked again: a transport may have written a stream as it was handed something.
        if self.inner().links.borrow().has_begun() {
            let begun = self.inner().links.borrow_mut().take_begun();
            begun.into_iter().for_each(|index| self.flush(index));
        }
    }

    /// Hands a message and those that follow it on the same link to the transport, and writes it. The next message of another.
    fn transmit_to(&self, link: LinkId, message: Message) -> Option<(LinkId, Message)> {
        let mut out = self.inner().links.borrow_mut().check_out(link.index());
        let Some(CheckedOut { port, .. }) = &mut out else {
            return self.with(Graph::poll_transmit);
        };
        let mut message = message;
        let next = loop {
            doors::sent(self.id(), link, &message);
            match port.transport.send(message) {
                Err(error) => self.lose(link, error.to_string()),
                Ok(()) if Unwritten::of(&*port.transport) == Unwritten::Enough => {
                    doors::held(self.id(), link);
                    self.with(|graph| graph.hold(link));
                    self.write_out(out);
                    return self.with(Graph::poll_transmit);
                }
                Ok(()) => {}
            }
            match self.with(Graph::poll_transmit) {
                Some((same, another)) if same == link => message = another,
                next => break next,
            }
        };
        self.write_out(out);
        next
    }

    /// Hands what is due to its transport if that is much, for the next turn to write.
    pub(super) fn send_ahead(&self) {
        let due = self.quietly(|graph| graph.sends_much(WORDS_WAITING));
        let lent = due.and_then(|link| self.inner().links.borrow_mut().check_out(link.index()));
        let Some(CheckedOut { link, state, mut port }) = lent else { return };
        if state != State::Open {
            return self.inner().links.borrow_mut().check_in(link.index(), port);
        }
        while Unwritten::of(&*port.transport) == Unwritten::Little {
            let Some(message) = self.with(|graph| graph.poll_transmit_on(link)) else { break };
            doors::sent(self.id(), link, &message);
            if let Err(error) = port.transport.send(message) {
                self.lose(link, error.to_string());
                break;
            }
        }
        self.inner().links.borrow_mut().begin(link.index(), port);
    }

    /// Wakes those who wait for a connection to become idle, where one has.
    #[inline]
    pub(super) fn tell_idle(&self) {
        if !self.inner().links.borrow().is_watched() {
            return;
        }
        let watched = self.inner().links.borrow_mut().take_watched();
        for link in watched {
            if self.is_idle(link) {
                let wakers = self.inner().links.borrow_mut().take_idle(link);
                wakers.into_iter().for_each(Waker::wake);
            } else {
                self.inner().links.borrow_mut().keep_watching(link);
            }
        }
    }

    /// The connection is over. Its last messages are written until the end of the grace.
    pub(super) fn begin_close(&self, link: LinkId, why: Exception) {
        let now = self.now();
        doors::closed(self.id(), link, &why);
        let wakers = self.inner().links.borrow_mut().close(link, why, now);
        self.stir();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Writes the last messages of the connections that ended in this turn.
    pub(super) fn part(&self) {
        let next = || self.inner().links.borrow_mut().ended.pop();
        while let Some(index) = next() {
            self.flush(index);
        }
    }

    /// Writing failed. What the peer sent before is received first (T8), but not for ever.
    fn fail(&self, index: u32, flush: &Waker) {
        let until = self.inner().links.borrow_mut().fail(index, self.now());
        match until {
            Some(until) => self.await_grace(index, until, flush),
            None => flush.wake_by_ref(),
        }
        self.receive(index);
    }

    /// Has `flush` woken at the end of the grace. There is one timer for each end: a peer that reads a byte now and
    /// then sets no more of them.
    fn await_grace(&self, index: u32, until: Instant, flush: &Waker) {
        let known = self.inner().links.borrow_mut().entry(index).and_then(|entry| entry.timer);
        if known.is_some_and(|(due, _)| due == until) {
            return;
        }
        let timer = self.inner().timers.borrow_mut().set(until, flush.clone());
        if let Some(entry) = self.inner().links.borrow_mut().entry(index) {
            entry.timer = Some(timer);
        }
        known.into_iter().for_each(|timer| self.cancel_timer(timer));
    }

    fn is_past(&self, until: Option<Instant>) -> bool {
        match (self.now(), until) {
            (Some(now), Some(until)) => now >= until,
            _ => until.is_none(),
        }
    }

    /// Writes what is queued for a link.
    pub(super) fn flush(&self, index: u32) {
        let out = self.inner().links.borrow_mut().check_out(index);
        self.write_out(out);
    }

    /// Writes what is queued for a transport, and puts it back.
    fn write_out(&self, out: Option<CheckedOut>) {
        let Some(CheckedOut { link, state, mut port }) = out else { return };
        let (links, index) = (&self.inner().links, link.index());
        let mut cx = Context::from_waker(&port.flush);
        match state {
            State::Open => {
                let polled = port.transport.poll_flush(&mut cx);
                let unwritten = Unwritten::of(port.transport.as_ref());
                let failed = matches!(polled, Poll::Ready(Err(_))).then(|| port.flush.clone());
                let mut tables = links.borrow_mut();
                tables.is_written(index);
                tables.check_in(index, port);
                drop(tables);
                if let Some(flush) = failed {
                    self.fail(index, &flush);
                } else if unwritten == Unwritten::Little && self.with(|graph| graph.unhold(link)) {
                    // What was held leaves in this turn or the next.
                    self.inner().near.raise();
                }
            }
            State::Failing(until) => {
                links.borrow_mut().check_in(index, port);
                if self.is_past(until) {
                    self.lose(link, "writing to the peer failed".into());
                }
            }
            State::Closing(until) => {
                // What is still to be handed over comes before the end, in this turn or the next.
                let spent =
                    self.with(|graph| graph.connection(link).is_none_or(Connection::is_spent));
                // A transport that is dropped at once need not be told to end its direction as well.
                let ends =
                    links.borrow().is_to_be_dropped(index) && port.transport.ends_when_dropped();
                let closed = match spent {
                    true if ends => port.transport.poll_flush(&mut cx).is_ready(),
                    true => port.transport.poll_close(&mut cx).is_ready(),
                    false => matches!(port.transport.poll_flush(&mut cx), Poll::Ready(Err(_))),
                };
                let flush = port.flush.clone();
                links.borrow_mut().check_in(index, port);
                let past = self.is_past(until);
                if past || closed && !links.borrow_mut().is_to_linger(index, until) {
                    self.forget(link);
                } else if let Some(until) = until {
                    self.await_grace(index, until, &flush);
                }
            }
            State::Lingering(until) => {
                links.borrow_mut().check_in(index, port);
                if self.is_past(until) {
                    self.forget(link);
                    self.forget(link);
                }
            }
        }
    }

    /// Forgets a link that is over and written out.
    fn forget(&self, link: LinkId) {
        let at = link.index() as usize;
        let entry = self.inner().links.borrow_mut().entries.get_mut(at).and_then(Option::take);
        self.with(|graph| graph.disconnect(link));
        let timer = entry.as_ref().and_then(|entry| entry.timer);
        timer.into_iter().for_each(|timer| self.cancel_timer(timer));
        let (port, waiting) = entry.map(Entry::end).unwrap_or_default();
        drop(port);
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// Reads what a peer sends that is not heard any more: it may read our last messages only once it
/// has written its own.
fn read_away(transport: &mut dyn Transport, waker: &Waker) -> Read {
    let mut cx = Context::from_waker(waker);
    for _ in 0..MESSAGES_PER_TURN {
        match transport.poll_receive(&mut cx) {
            Poll::Ready(Ok(Some(_))) => {}
            Poll::Ready(Ok(None)) => return Read::Ended(String::new()),
            Poll::Ready(Err(error)) => return Read::Lost(error),
            Poll::Pending => return Read::Drained,
        }
    }
    Read::Cut
}

/// Whether a transport should get more to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unwritten {
    Little,
    Enough,
}

impl Unwritten {
    fn of(transport: &dyn Transport) -> Self {
        match transport.queued_bytes() > UNWRITTEN_BYTES_MAX {
            true => Self::Enough,
            false => Self::Little,
        }
    }
}
