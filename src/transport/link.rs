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
use super::reader::Reader;
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
    reader: Reader,
}

impl Lane {
    pub(super) const fn new() -> Self {
        Self { flow: Flow::Open, messages: VecDeque::new(), reader: Reader::Unknown }
    }

    /// Moves all of `outbox` in; the reader to wake, if it sleeps.
    fn deliver(&mut self, outbox: &mut VecDeque<Message>) -> Option<Waker> {
        if self.messages.is_empty() {
            mem::swap(&mut self.messages, outbox);
        } else {
            self.messages.append(outbox);
        }
        self.reader.lend()
    }

    /// The writer will send no more; the reader to wake, if it sleeps.
    fn end(&mut self) -> Option<Waker> {
        if self.flow == Flow::Open {
            self.flow = Flow::Ended;
        }
        self.reader.lend()
    }

    /// Moves all messages into the empty `inbox`. If there are none and there may be some later, the reader sleeps: that
    /// which is kept if `waker` is its, else `new`, which is exchanged for it.
    fn collect(
        &mut self,
        inbox: &mut VecDeque<Message>,
        waker: &Waker,
        new: &mut Option<Waker>,
    ) -> Collected {
        if !self.messages.is_empty() {
            mem::swap(&mut self.messages, inbox);
            return Collected::Messages;
        }
        if self.flow != Flow::Open {
            return Collected::End;
        }
        match self.reader.sleep(waker, new) {
            true => Collected::Sleeps,
            false => Collected::Unknown,
        }
    }
}

/// What there was to be collected.
enum Collected {
    Messages,
    /// No message, nor will there be any.
    End,
    /// No message; the reader will be woken for the next.
    Sleeps,
    /// No message, and whom to wake for the next is not known.
    Unknown,
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
                self.wake(sleeper);
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
            let sleeper = self.outgoing.with(Lane::end);
            self.wake(sleeper);
        }
        Ok(())
    }

    /// Wakes the reader of what is written here.
    fn wake(&self, sleeper: Option<Waker>) {
        if let Some(reader) = sleeper {
            reader.wake_by_ref();
            drop(self.outgoing.with(|lane| lane.reader.keep(reader)));
        }
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
        let (inbox, waker, mut new) = (&mut self.inbox, cx.waker(), None);
        let mut collected = self.incoming.with(|lane| lane.collect(inbox, waker, &mut new));
        if matches!(collected, Collected::Unknown) {
            // Wakers are foreign code: cloned before, and dropped after.
            new = Some(waker.clone());
            collected = self.incoming.with(|lane| lane.collect(inbox, waker, &mut new));
        }
        match (collected, &self.writing) {
            (Collected::Messages, _) => Poll::Ready(Ok(self.inbox.pop_front())),
            (_, Writing::Failed(error)) => Poll::Ready(Err(error.clone())),
            (Collected::Sleeps | Collected::Unknown, _) => Poll::Pending,
            (Collected::End, _) => Poll::Ready(Ok(None)),
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
            (mem::take(&mut lane.messages), lane.reader.leave())
        });
        drop(abandoned);
    }
}
