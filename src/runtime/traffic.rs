//! Traffic: connections are read within a budget, and written once a turn.

use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::transport::Fault;
use crate::vat::LinkId;
use crate::wire::{Exception, Message};

use super::links::{Entry, State};
use super::local::Local;

/// How many messages one connection may have handled in one turn. A loud neighbour waits for the
/// others after these.
const MESSAGES_PER_TURN: usize = 64;

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
            if matches!(state, State::Closing(_)) || !wanted {
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
                // The peer broke the rules of the stream, and is told so (C-F5).
                Poll::Ready(Err(error)) if error.fault() == Fault::Peer => {
                    let why = Exception::failed(error.to_string());
                    return self.with(|graph| graph.abort(link, why));
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

    /// Whether reading was put off somewhere, and need not be any more: nobody else would say so.
    pub(super) fn may_resume(&self) -> bool {
        let links = self.inner().links.borrow();
        !links.paused.is_empty()
            && self.with(|graph| {
                let entries = links.paused.iter().filter_map(|at| links.entries.get(*at as usize));
                let mut paused = entries.flatten().filter_map(|at| graph.connection(at.link));
                paused.any(|conn| conn.wants_read())
            })
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

    /// Wakes those who wait for a connection to become idle, where one has.
    pub(super) fn tell_idle(&self) {
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

    /// Writing failed. What the peer sent before is received first (T8), but not for ever.
    fn fail(&self, index: u32, flush: Waker) {
        let until = self.inner().links.borrow_mut().fail(index, self.now());
        match until {
            Some(until) => drop(self.inner().timers.borrow_mut().set(until, flush)),
            None => flush.wake(),
        }
        self.receive(index);
    }

    fn is_past(&self, until: Option<Instant>) -> bool {
        match (self.now(), until) {
            (Some(now), Some(until)) => now >= until,
            _ => until.is_none(),
        }
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
                let failed = matches!(transport.poll_flush(&mut cx), Poll::Ready(Err(_)));
                links.borrow_mut().check_in(index, transport);
                if failed {
                    self.fail(index, waker);
                }
                return;
            }
            State::Failing(until) => {
                links.borrow_mut().check_in(index, transport);
                if self.is_past(until) {
                    self.lose(link, "writing to the peer failed".into());
                }
                return;
            }
            State::Closing(until) => {
                transport.poll_close(&mut cx).is_ready() || self.is_past(until)
            }
        };
        if over {
            let entry = links.borrow_mut().entries.get_mut(index as usize).and_then(Option::take);
            self.with(|graph| graph.disconnect(link));
            let waiting = entry.map(Entry::end).map(|(_, waiting)| waiting);
            drop(transport);
            waiting.into_iter().flatten().for_each(Waker::wake);
        } else {
            links.borrow_mut().check_in(index, transport);
            if let State::Closing(Some(until)) = state {
                self.inner().timers.borrow_mut().set(until, waker);
            }
        }
    }
}
