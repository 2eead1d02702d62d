//! Wires that bring one message at a time, and are cut where the test says.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bowline::transport::{ByteStream, Framed, FramedLimits, Peer, Transport, TransportError};
use bowline::wire::Message;

/// What a wire carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// Messages, as they were built. All that are under way arrive before anybody looks.
    Moved,
    /// Bytes. Each message is looked at before the next arrives.
    Bytes,
}

/// One direction of a wire: what is under way, and what arrived and is not read.
struct Lane {
    load: Load,
    flow: Flow,
    reader: Option<Waker>,
}

enum Load {
    Moved { held: VecDeque<Message>, ready: VecDeque<Message> },
    Bytes { held: VecDeque<u8>, ready: VecDeque<u8> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Open,
    /// The writer closed it: what is under way arrives, and then the end.
    Ended,
    /// What was under way is lost; behind what arrived comes the end.
    Shut,
    /// All is lost.
    Broken,
}

/// One direction of a wire, in the hands of the test.
#[derive(Clone)]
pub(crate) struct Queue(Rc<RefCell<Lane>>);

impl Queue {
    fn new(medium: Medium) -> Self {
        let load = match medium {
            Medium::Moved => Load::Moved { held: VecDeque::new(), ready: VecDeque::new() },
            Medium::Bytes => Load::Bytes { held: VecDeque::new(), ready: VecDeque::new() },
        };
        Self(Rc::new(RefCell::new(Lane { load, flow: Flow::Open, reader: None })))
    }

    /// The first message under way, for a person.
    pub(crate) fn next(&self) -> Option<String> {
        match &self.0.borrow().load {
            Load::Moved { held, .. } => Some(held.front()?.summary().to_string()),
            Load::Bytes { held, .. } => Some(format!("{} bytes", frame_length(held)?)),
        }
    }

    /// The next message arrives.
    pub(crate) fn deliver(&self) {
        self.move_on(1);
    }

    /// Half of the next message arrives.
    pub(crate) fn deliver_half(&self) {
        self.move_on(2);
    }

    fn move_on(&self, part: usize) {
        let reader = {
            let mut lane = self.0.borrow_mut();
            match &mut lane.load {
                Load::Moved { held, ready } => ready.extend(held.pop_front()),
                Load::Bytes { held, ready } => {
                    let length = frame_length(held).unwrap_or(0) / part;
                    ready.extend(held.drain(..length));
                }
            }
            lane.reader.take()
        };
        reader.into_iter().for_each(Waker::wake);
    }

    /// What is under way is lost; behind what arrived comes the end. Writing fails.
    pub(crate) fn shut(&self) {
        self.set(Flow::Shut);
    }

    /// All that is under way or not read is lost, and both ends see an error.
    pub(crate) fn break_off(&self) {
        self.set(Flow::Broken);
    }

    /// The writer says that this was all.
    fn end(&self) {
        if self.0.borrow().flow == Flow::Open {
            self.set(Flow::Ended);
        }
    }

    fn set(&self, flow: Flow) {
        let mut lane = self.0.borrow_mut();
        lane.flow = flow;
        let lost = match (&mut lane.load, flow) {
            (_, Flow::Open | Flow::Ended) => VecDeque::new(),
            (Load::Moved { held, ready }, _) => {
                let mut lost = std::mem::take(held);
                if flow == Flow::Broken {
                    lost.append(ready);
                }
                lost
            }
            (Load::Bytes { held, ready }, _) => {
                held.clear();
                if flow == Flow::Broken {
                    ready.clear();
                }
                VecDeque::new()
            }
        };
        let reader = lane.reader.take();
        drop(lane);
        drop(lost);
        reader.into_iter().for_each(Waker::wake);
    }

    fn is_writable(&self) -> bool {
        self.0.borrow().flow == Flow::Open
    }

    /// What is to be read besides what arrived: an end, an error, or nothing yet.
    fn look(&self, cx: &Context<'_>) -> Poll<Result<(), ()>> {
        let mut lane = self.0.borrow_mut();
        let under_way = match &lane.load {
            Load::Moved { held, .. } => !held.is_empty(),
            Load::Bytes { held, .. } => !held.is_empty(),
        };
        match lane.flow {
            Flow::Broken => Poll::Ready(Err(())),
            Flow::Shut => Poll::Ready(Ok(())),
            Flow::Ended if !under_way => Poll::Ready(Ok(())),
            Flow::Open | Flow::Ended => {
                lane.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// How long the first frame of these bytes is.
fn frame_length(bytes: &VecDeque<u8>) -> Option<usize> {
    let word = |at: usize| {
        let byte = |offset| bytes.get(at * 4 + offset).copied();
        Some(u32::from_le_bytes([byte(0)?, byte(1)?, byte(2)?, byte(3)?]) as usize)
    };
    let segments = word(0)? + 1;
    let head = (segments + 1).div_ceil(2) * 8;
    let body: Option<usize> = (1..=segments).map(word).sum();
    Some(head + body? * 8)
}

/// One end of a wire.
struct End {
    incoming: Queue,
    outgoing: Queue,
    peer: Peer,
}

/// The two ends of a wire, and what goes to the first and to the second.
pub(crate) fn wire(medium: Medium) -> ([Box<dyn Transport>; 2], [Queue; 2]) {
    let queues = [Queue::new(medium), Queue::new(medium)];
    let ends = [0, 1].map(|at: usize| -> Box<dyn Transport> {
        let (incoming, outgoing) = (queues[at].clone(), queues[1 - at].clone());
        let end = End { incoming, outgoing, peer: Peer::Memory };
        match medium {
            Medium::Moved => Box::new(end),
            Medium::Bytes => {
                Box::new(Framed::new(Bytes(end), Peer::Memory, FramedLimits::default()))
            }
        }
    });
    (ends, queues)
}

impl End {
    fn gone(&self) -> TransportError {
        TransportError::PeerGone(self.peer.clone())
    }
}

impl Transport for End {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>> {
        if let Load::Moved { ready, .. } = &mut self.incoming.0.borrow_mut().load
            && let Some(message) = ready.pop_front()
        {
            return Poll::Ready(Ok(Some(message)));
        }
        self.incoming.look(cx).map(|end| end.map(|()| None).map_err(|()| self.gone()))
    }

    fn send(&mut self, message: Message) -> Result<(), TransportError> {
        if !self.outgoing.is_writable() {
            return Err(self.gone());
        }
        if let Load::Moved { held, .. } = &mut self.outgoing.0.borrow_mut().load {
            held.push_back(message);
        }
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.outgoing.end();
        Poll::Ready(Ok(()))
    }

    fn queued_bytes(&self) -> usize {
        0
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }
}

impl Drop for End {
    /// The peer hears what was sent, and then the end; what it sends is lost.
    fn drop(&mut self) {
        self.outgoing.end();
        self.incoming.break_off();
    }
}

/// The same with bytes.
struct Bytes(End);

impl ByteStream for Bytes {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if let Load::Bytes { ready, .. } = &mut self.0.incoming.0.borrow_mut().load
            && !ready.is_empty()
        {
            let count = ready.len().min(buffer.len());
            buffer.iter_mut().zip(ready.drain(..count)).for_each(|(to, from)| *to = from);
            return Poll::Ready(Ok(count));
        }
        let end = self.0.incoming.look(cx);
        end.map(|end| end.map(|()| 0).map_err(|()| io::ErrorKind::ConnectionReset.into()))
    }

    fn poll_write_vectored(
        &mut self,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.0.outgoing.is_writable() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if let Load::Bytes { held, .. } = &mut self.0.outgoing.0.borrow_mut().load {
            slices.iter().for_each(|slice| held.extend(slice.iter()));
        }
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.outgoing.end();
        Poll::Ready(Ok(()))
    }
}
