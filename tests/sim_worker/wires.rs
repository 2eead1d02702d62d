//! What joins the vats: queues of messages, one each way, that deliver when told to.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bowline::transport::{Peer, Transport, TransportError};
use bowline::wire::Message;

use crate::reread::through_bytes;
use crate::search::Story;

/// One direction of a wire.
#[derive(Default)]
pub(crate) struct Lane {
    /// Under way.
    held: VecDeque<Message>,
    /// Arrived, and not read.
    ready: VecDeque<Message>,
    /// Nothing follows what is under way.
    ended: bool,
    /// What was under way is lost.
    broken: bool,
    reader: Option<Waker>,
    /// Where it goes, and who is told what does.
    to: usize,
    story: Story,
}

pub(crate) type Queue = Rc<RefCell<Lane>>;

/// Whether messages are under way.
pub(crate) fn is_loaded(queue: &Queue) -> bool {
    !queue.borrow().held.is_empty()
}

/// The next message arrives. False: there is none.
pub(crate) fn deliver(queue: &Queue) -> bool {
    let mut lane = queue.borrow_mut();
    let Some(message) = lane.held.pop_front() else { return false };
    lane.story.borrow_mut().push(format!("→ vat {}: {}", lane.to, message.summary()));
    lane.ready.push_back(message);
    let reader = lane.reader.take();
    drop(lane);
    reader.into_iter().for_each(Waker::wake);
    true
}

/// What is under way is lost, and nothing follows.
pub(crate) fn cut(queue: &Queue) {
    let mut lane = queue.borrow_mut();
    lane.broken = true;
    let lost = (std::mem::take(&mut lane.held), std::mem::take(&mut lane.ready));
    let reader = lane.reader.take();
    drop(lane);
    drop(lost);
    reader.into_iter().for_each(Waker::wake);
}

/// One end of a wire.
pub(crate) struct Plug {
    incoming: Queue,
    outgoing: Queue,
    bytes: bool,
    peer: Peer,
}

/// The two ends of a wire between vats, and what goes to either.
pub(crate) fn wire(vats: [usize; 2], bytes: bool, story: &Story) -> ([Plug; 2], [Queue; 2]) {
    let lane = |to| Lane { to, story: Story::clone(story), ..Lane::default() };
    let queues = vats.map(|vat| Rc::new(RefCell::new(lane(vat))));
    let plug = |end: usize| {
        let (incoming, outgoing) = (Rc::clone(&queues[end]), Rc::clone(&queues[1 - end]));
        Plug { incoming, outgoing, bytes, peer: Peer::Memory }
    };
    ([plug(0), plug(1)], queues)
}

impl Transport for Plug {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>> {
        let mut lane = self.incoming.borrow_mut();
        if lane.broken {
            return Poll::Ready(Err(TransportError::PeerGone(self.peer.clone())));
        }
        if let Some(message) = lane.ready.pop_front() {
            return Poll::Ready(Ok(Some(message)));
        }
        if lane.ended && lane.held.is_empty() {
            return Poll::Ready(Ok(None));
        }
        lane.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    fn send(&mut self, message: Message) -> Result<(), TransportError> {
        let message = if self.bytes { through_bytes(message) } else { message };
        let mut lane = self.outgoing.borrow_mut();
        if lane.broken {
            return Err(TransportError::PeerGone(self.peer.clone()));
        }
        lane.held.push_back(message);
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        end(&self.outgoing);
        Poll::Ready(Ok(()))
    }

    fn queued_bytes(&self) -> usize {
        0
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }
}

fn end(queue: &Queue) {
    let mut lane = queue.borrow_mut();
    lane.ended = true;
    let reader = lane.reader.take();
    drop(lane);
    reader.into_iter().for_each(Waker::wake);
}

impl Drop for Plug {
    /// The other end hears what was sent, and then the end.
    fn drop(&mut self) {
        end(&self.outgoing);
        let lost = {
            let mut lane = self.incoming.borrow_mut();
            lane.broken = true;
            (std::mem::take(&mut lane.held), std::mem::take(&mut lane.ready))
        };
        drop(lost);
    }
}
