//! A link moves messages between two ends in one process: what was built on one side is read on the
//! other, and nothing is encoded.
//!
//! Each direction is a lane, shared by its two ends. An end collects what it sends in an outbox and
//! moves all of it into the lane when flushed, so a turn costs one borrow (or lock) and at most one
//! wake, however many messages it sends; the reader empties the lane in one go in the same way.

use std::collections::VecDeque;
use std::mem;
use std::task::{Context, Poll, Waker};

use super::contract::Transport;
use super::error::TransportError;
use super::peer::Peer;
use super::share::Share;
use crate::wire::Message;

/// Where one direction stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Open,
    /// The writer closed it or is gone.
    Ended,
    /// The reader is gone.
    Abandoned,
}

/// One direction of a link.
pub struct Lane {
    flow: Flow,
    messages: VecDeque<Message>,
    /// Present while the reader sleeps.
    reader: Option<Waker>,
}

impl Lane {
    pub(super) const fn new() -> Self {
        Self { flow: Flow::Open, messages: VecDeque::new(), reader: None }
    }

    /// Moves all of `outbox` in; the reader to wake, if it sleeps.
    fn deliver(&mut self, outbox: &mut VecDeque<Message>) -> Option<Waker> {
        if self.messages.is_empty() {
            mem::swap(&mut self.messages, outbox);
        } else {
            self.messages.append(outbox);
        }
        self.reader.take()
    }

    /// The writer will send no more; the reader to wake, if it sleeps.
    fn end(&mut self) -> Option<Waker> {
        if self.flow == Flow::Open {
            self.flow = Flow::Ended;
        }
        self.reader.take()
    }

    /// Moves all messages into the empty `inbox`. If there are none and there may be some later,
    /// `waker` is kept, and exchanged for the one kept before.
    fn collect(&mut self, inbox: &mut VecDeque<Message>, waker: &mut Waker) -> Flow {
        if !self.messages.is_empty() {
            mem::swap(&mut self.messages, inbox);
        } else if self.flow == Flow::Open {
            match &mut self.reader {
                Some(kept) => mem::swap(kept, waker),
                none => *none = Some(mem::replace(waker, Waker::noop().clone())),
            }
        }
        self.flow
    }
}

/// Where this end's own direction stands.
enum Writing {
    Open,
    Closed,
    Failed(TransportError),
}

/// One end of a link.
pub struct Link<L: Share<Lane>> {
    peer: Peer,
    incoming: L,
    outgoing: L,
    inbox: VecDeque<Message>,
    outbox: VecDeque<Message>,
    writing: Writing,
}

impl<L: Share<Lane>> Link<L> {
    pub(super) const fn new(peer: Peer, incoming: L, outgoing: L) -> Self {
        Self {
            peer,
            incoming,
            outgoing,
            inbox: VecDeque::new(),
            outbox: VecDeque::new(),
            writing: Writing::Open,
        }
    }

    fn flush(&mut self) -> Result<(), TransportError> {
        if let Writing::Failed(error) = &self.writing {
            return Err(error.clone());
        }
        if self.outbox.is_empty() {
            return Ok(());
        }
        let delivered = self.outgoing.with(|lane| match lane.flow {
            Flow::Open => Ok(lane.deliver(&mut self.outbox)),
            Flow::Ended | Flow::Abandoned => Err(()),
        });
        match delivered {
            Ok(sleeper) => {
                wake(sleeper);
                Ok(())
            }
            Err(()) => {
                self.outbox.clear();
                let error = TransportError::PeerGone(self.peer.clone());
                self.writing = Writing::Failed(error.clone());
                Err(error)
            }
        }
    }

    fn close(&mut self) -> Result<(), TransportError> {
        self.flush()?;
        if matches!(self.writing, Writing::Open) {
            self.writing = Writing::Closed;
            wake(self.outgoing.with(Lane::end));
        }
        Ok(())
    }
}

impl<L: Share<Lane>> Transport for Link<L> {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>> {
        if let Some(message) = self.inbox.pop_front() {
            return Poll::Ready(Ok(Some(message)));
        }
        let mut waker = cx.waker().clone();
        let flow = self.incoming.with(|lane| lane.collect(&mut self.inbox, &mut waker));
        if let Some(message) = self.inbox.pop_front() {
            return Poll::Ready(Ok(Some(message)));
        }
        match (&self.writing, flow) {
            (Writing::Failed(error), _) => Poll::Ready(Err(error.clone())),
            (_, Flow::Open) => Poll::Pending,
            (_, Flow::Ended | Flow::Abandoned) => Poll::Ready(Ok(None)),
        }
    }

    fn send(&mut self, message: Message) -> Result<(), TransportError> {
        match &self.writing {
            Writing::Open => {
                self.outbox.push_back(message);
                Ok(())
            }
            Writing::Closed => Err(TransportError::Closed),
            Writing::Failed(error) => Err(error.clone()),
        }
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(self.flush())
    }

    fn poll_close(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(self.close())
    }

    fn ends_when_dropped(&self) -> bool {
        true
    }

    fn queued_bytes(&self) -> usize {
        0
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }
}

impl<L: Share<Lane>> Drop for Link<L> {
    /// The peer still receives all that was sent, flushed or not, and then the end.
    fn drop(&mut self) {
        let _peer_gone = self.close();
        let abandoned = self.incoming.with(|lane| {
            lane.flow = match lane.flow {
                Flow::Open => Flow::Abandoned,
                done => done,
            };
            (mem::take(&mut lane.messages), lane.reader.take())
        });
        drop(abandoned);
    }
}

fn wake(sleeper: Option<Waker>) {
    if let Some(waker) = sleeper {
        waker.wake();
    }
}
