//! A network of two vats, over one stream of bytes each way.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use capnp::capability::Promise;
use capnp::message::{Builder, HeapAllocator, ReaderOptions};
use futures_io::{AsyncRead, AsyncWrite};

use crate::conn::Window;
use crate::schema::rpc_twoparty_capnp::Side;
use crate::transport::{Framed, FramedLimits, Peer, Transport, TransportError};
use crate::wire::{Limits, Message, ReadLimits};

use super::bytes::Halves;
use super::carried::{FlowController, IncomingMessage, OutgoingMessage};
use super::flow::FixedWindow;
use super::frames::{Frames, Outgoing};
use super::network;

/// Which of the two a vat is.
pub type VatId = Side;

/// A vat network with two parties, the client and the server.
pub struct VatNetwork<T>
where
    T: AsyncRead + 'static + Unpin,
{
    wire: Rc<RefCell<Wire<T>>>,
    /// Given to the first who accepts.
    incoming: Option<Connection<T>>,
    side: Side,
}

/// What the handles of one connection share.
struct Wire<T> {
    moved: Moved<T>,
    window_bytes: usize,
    options: ReaderOptions,
    /// The network's own future, and those who wait for the end.
    waiting: Vec<Waker>,
}

/// Who moves the bytes.
enum Moved<T> {
    /// Nobody has begun.
    Idle(Halves<T>),
    /// The vat, with a transport of its own.
    Native,
    /// Whoever sends and receives messages by hand.
    ByHand(Box<Frames<Halves<T>>>),
    Over(capnp::Result<()>),
}

struct Connection<T> {
    wire: Rc<RefCell<Wire<T>>>,
    side: Side,
}

impl<T> VatNetwork<T>
where
    T: AsyncRead + Unpin,
{
    /// A network that reads from `input_stream` and writes to `output_stream`. The engine reads and
    /// writes many messages at once; buffers of the caller's own gain nothing.
    ///
    /// `side` is ours: the other is whom `bootstrap` may ask. What comes in is read within
    /// `receive_options`.
    pub fn new<U>(
        input_stream: T,
        output_stream: U,
        side: Side,
        receive_options: ReaderOptions,
    ) -> Self
    where
        U: AsyncWrite + 'static + Unpin,
    {
        let wire = Rc::new(RefCell::new(Wire {
            moved: Moved::Idle(Halves::new(input_stream, output_stream)),
            window_bytes: FixedWindow::DEFAULT_BYTES,
            options: receive_options,
            waiting: Vec::new(),
        }));
        let incoming = Some(Connection { wire: Rc::clone(&wire), side });
        Self { wire, incoming, side }
    }

    /// How many bytes each stream made on the connection from here on may have under way.
    pub fn set_window_size(&mut self, window_size: usize) {
        self.wire.borrow_mut().window_bytes = window_size;
    }
}

impl<T> network::VatNetwork<VatId> for VatNetwork<T>
where
    T: AsyncRead + Unpin,
{
    fn connect(&mut self, host_id: VatId) -> Option<Box<dyn network::Connection<VatId>>> {
        if host_id == self.side {
            return None;
        }
        Some(Box::new(Connection { wire: Rc::clone(&self.wire), side: self.side }))
    }

    fn accept(&mut self) -> Promise<Box<dyn network::Connection<VatId>>, capnp::Error> {
        match self.incoming.take() {
            Some(connection) => Promise::ok(Box::new(connection)),
            None => Promise::from_future(pending()),
        }
    }

    fn drive_until_shutdown(&mut self) -> Promise<(), capnp::Error> {
        let wire = Rc::clone(&self.wire);
        Promise::from_future(poll_fn(move |cx| {
            Wire::with_frames(&wire, |frames| frames.poll_write(cx));
            Wire::poll_over(&wire, cx)
        }))
    }
}

impl<T: AsyncRead + Unpin + 'static> Wire<T> {
    /// Does something with the frames that are moved by hand, if they are.
    fn with_frames<R>(
        wire: &Rc<RefCell<Self>>,
        f: impl FnOnce(&mut Frames<Halves<T>>) -> R,
    ) -> Option<R> {
        // The streams are foreign code: polled outside of the borrow.
        let taken = Moved::Over(Err(disconnected()));
        let before = std::mem::replace(&mut wire.borrow_mut().moved, taken);
        let Moved::ByHand(mut frames) = before else {
            wire.borrow_mut().moved = before;
            return None;
        };
        let result = f(&mut frames);
        match frames.outcome() {
            Some(outcome) => Self::end(wire, outcome),
            None => wire.borrow_mut().moved = Moved::ByHand(frames),
        }
        Some(result)
    }

    fn poll_over(wire: &Rc<RefCell<Self>>, cx: &Context<'_>) -> Poll<capnp::Result<()>> {
        let mut wire = wire.borrow_mut();
        if let Moved::Over(outcome) = &wire.moved {
            return Poll::Ready(outcome.clone());
        }
        // Clones are compared: a waker need not be told from them.
        let new = cx.waker().clone();
        if !wire.waiting.iter().any(|known| known.will_wake(&new)) {
            wire.waiting.push(new);
        }
        Poll::Pending
    }

    /// There is something to be written.
    fn stir(wire: &Rc<RefCell<Self>>) {
        let waiting = std::mem::take(&mut wire.borrow_mut().waiting);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn begin_by_hand(wire: &Rc<RefCell<Self>>) {
        let mut state = wire.borrow_mut();
        let limits = limits(&state.options);
        let taken = Moved::Over(Err(disconnected()));
        state.moved = match std::mem::replace(&mut state.moved, taken) {
            Moved::Idle(halves) => Moved::ByHand(Box::new(Frames::new(halves, limits))),
            other => other,
        };
    }

    fn end(wire: &Rc<RefCell<Self>>, outcome: capnp::Result<()>) {
        let before = std::mem::replace(&mut wire.borrow_mut().moved, Moved::Over(outcome));
        drop(before);
        Self::stir(wire);
    }
}

fn disconnected() -> capnp::Error {
    capnp::Error::disconnected("the connection is over".into())
}

fn limits(options: &ReaderOptions) -> Limits {
    let read = ReadLimits {
        traversal_words_max: options.traversal_limit_in_words.unwrap_or(usize::MAX),
        nesting_max: u16::try_from(options.nesting_limit.max(0)).unwrap_or(u16::MAX),
    };
    let frame_words_max = u32::try_from(read.traversal_words_max).unwrap_or(u32::MAX);
    Limits { frame_words_max, read, ..Limits::default() }
}

impl<T> network::Connection<VatId> for Connection<T>
where
    T: AsyncRead + Unpin + 'static,
{
    fn get_peer_vat_id(&self) -> VatId {
        match self.side {
            Side::Server => Side::Client,
            Side::Client => Side::Server,
        }
    }

    fn new_outgoing_message(&mut self, first_segment_word_size: u32) -> Box<dyn OutgoingMessage> {
        Wire::begin_by_hand(&self.wire);
        let wire = Rc::clone(&self.wire);
        let send = Box::new(move |message: &Builder<HeapAllocator>| {
            let sent = Wire::with_frames(&wire, |frames| frames.queue(message));
            Wire::stir(&wire);
            sent.unwrap_or_else(|| Promise::err(disconnected()))
        });
        Box::new(Outgoing::new(first_segment_word_size, send))
    }

    fn receive_incoming_message(
        &mut self,
    ) -> Promise<Option<Box<dyn IncomingMessage>>, capnp::Error> {
        Wire::begin_by_hand(&self.wire);
        let wire = Rc::clone(&self.wire);
        let options = wire.borrow().options;
        Promise::from_future(poll_fn(move |cx| {
            let polled = Wire::with_frames(&wire, |frames| frames.poll_read(cx, options));
            polled.unwrap_or_else(|| Poll::Ready(Err(disconnected())))
        }))
    }

    fn new_stream(&mut self) -> (Box<dyn FlowController>, Promise<(), capnp::Error>) {
        FixedWindow::begin(self.wire.borrow().window_bytes)
    }

    fn shutdown(&mut self, result: capnp::Result<()>) -> Promise<(), capnp::Error> {
        Wire::begin_by_hand(&self.wire);
        let wire = Rc::clone(&self.wire);
        let ended = Wire::with_frames(&wire, |frames| frames.end(result));
        if ended.is_none() {
            return Promise::ok(());
        }
        Wire::stir(&wire);
        Promise::from_future(poll_fn(move |cx| Wire::poll_over(&wire, cx)))
    }

    fn native(&mut self) -> Option<(Box<dyn Transport>, Window)> {
        let mut wire = self.wire.borrow_mut();
        let limits = FramedLimits { incoming: limits(&wire.options), ..FramedLimits::default() };
        match std::mem::replace(&mut wire.moved, Moved::Native) {
            Moved::Idle(halves) => {
                let framed = Framed::new(halves, Peer::Named("the peer".to_owned()), limits);
                let window = Window::Fixed(wire.window_bytes as u64);
                Some((Box::new(Native { framed, wire: Rc::clone(&self.wire) }), window))
            }
            other => {
                wire.moved = other;
                None
            }
        }
    }
}

/// The vat's transport; the network ends with it.
struct Native<T: AsyncRead + Unpin + 'static> {
    framed: Framed<Halves<T>>,
    wire: Rc<RefCell<Wire<T>>>,
}

impl<T: AsyncRead + Unpin + 'static> Transport for Native<T> {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>> {
        self.framed.poll_receive(cx)
    }

    fn send(&mut self, message: Message) -> Result<(), TransportError> {
        self.framed.send(message)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.framed.poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.framed.poll_close(cx)
    }

    fn queued_bytes(&self) -> usize {
        self.framed.queued_bytes()
    }

    fn peer(&self) -> &Peer {
        self.framed.peer()
    }
}

impl<T: AsyncRead + Unpin + 'static> Drop for Native<T> {
    fn drop(&mut self) {
        Wire::end(&self.wire, Ok(()));
    }
}
