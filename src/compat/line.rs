//! A line is the transport of one connection of an RPC system, which can be cut from outside.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::rpc::Link;
use crate::transport::{Peer, Transport, TransportError};
use crate::wire::Message;

use super::drive::{Both, Stir};

/// What an RPC system and the vat share of one connection.
pub(super) struct Line {
    /// `None` while it is polled, and once the line is over.
    transport: RefCell<Option<Box<dyn Transport>>>,
    link: OnceCell<Link>,
    life: Cell<Life>,
    /// What ending it failed with.
    failed: RefCell<Option<capnp::Error>>,
    /// Those who wait for the end.
    waiting: RefCell<Vec<Waker>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Open,
    /// The streams are dropped, or will be as soon as nobody polls them.
    Over,
}

impl Line {
    pub(super) fn new(transport: Box<dyn Transport>) -> Rc<Self> {
        Rc::new(Self {
            transport: RefCell::new(Some(transport)),
            link: OnceCell::new(),
            life: Cell::new(Life::Open),
            failed: RefCell::default(),
            waiting: RefCell::default(),
        })
    }

    pub(super) fn connected(&self, link: Link) {
        // Set once, by who made the line.
        let _ = self.link.set(link);
    }

    pub(super) fn link(&self) -> Option<&Link> {
        self.link.get()
    }

    /// Ending it has failed.
    pub(super) fn fail(&self, why: capnp::Error) {
        self.failed.replace(Some(why));
    }

    /// What ending it failed with, if it did.
    pub(super) fn failure(&self) -> Option<capnp::Error> {
        self.failed.borrow().clone()
    }

    /// Drops the transport now: nothing more is read or written.
    pub(super) fn cut(&self) {
        self.life.set(Life::Over);
        let transport = self.transport.borrow_mut().take();
        drop(transport);
        let waiting = self.waiting.take();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Ready once the last message is written and the streams are dropped.
    pub(super) fn poll_over(&self, cx: &Context<'_>) -> Poll<()> {
        if self.life.get() == Life::Over {
            return Poll::Ready(());
        }
        let new = cx.waker().clone();
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.iter().any(|known| known.will_wake(&new)) {
            waiting.push(new);
        }
        Poll::Pending
    }

    fn with<R>(&self, f: impl FnOnce(&mut dyn Transport) -> R) -> Result<R, TransportError> {
        let Some(mut transport) = self.transport.borrow_mut().take() else {
            return Err(TransportError::Closed);
        };
        let result = f(&mut *transport);
        // Cut while it was polled: then it ends here.
        if self.life.get() == Life::Open {
            *self.transport.borrow_mut() = Some(transport);
        }
        Ok(result)
    }
}

/// The vat's end of a line.
pub(super) struct LineEnd {
    line: Rc<Line>,
    stir: Arc<Stir>,
    peer: Peer,
    receive: Stirring,
    flush: Stirring,
}

/// The waker of a direction that stirs the system too, kept for as long as the vat's stays the same.
#[derive(Default)]
struct Stirring(Option<(Waker, Waker)>);

impl Stirring {
    fn waker(&mut self, of: &Waker, stir: &Arc<Stir>) -> &Waker {
        let known = self.0.as_ref().is_some_and(|(known, _)| known.will_wake(of));
        if !known {
            let both = Both { first: of.clone(), stir: Arc::clone(stir) };
            self.0 = Some((of.clone(), Waker::from(Arc::new(both))));
        }
        self.0.as_ref().map_or(Waker::noop(), |(_, both)| both)
    }
}

impl LineEnd {
    pub(super) fn new(line: &Rc<Line>, stir: &Arc<Stir>) -> Self {
        let peer = line.with(|transport| transport.peer().clone());
        Self {
            line: Rc::clone(line),
            stir: Arc::clone(stir),
            peer: peer.unwrap_or_else(|_| Peer::Named("a peer that is gone".to_owned())),
            receive: Stirring::default(),
            flush: Stirring::default(),
        }
    }
}

impl Transport for LineEnd {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>> {
        let mut cx = Context::from_waker(self.receive.waker(cx.waker(), &self.stir));
        self.line
            .with(|transport| transport.poll_receive(&mut cx))
            .unwrap_or_else(|cut| Poll::Ready(Err(cut)))
    }

    fn send(&mut self, message: Message) -> Result<(), TransportError> {
        self.line.with(|transport| transport.send(message))?
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let mut cx = Context::from_waker(self.flush.waker(cx.waker(), &self.stir));
        self.line
            .with(|transport| transport.poll_flush(&mut cx))
            .unwrap_or_else(|cut| Poll::Ready(Err(cut)))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let mut cx = Context::from_waker(self.flush.waker(cx.waker(), &self.stir));
        self.line
            .with(|transport| transport.poll_close(&mut cx))
            .unwrap_or_else(|cut| Poll::Ready(Err(cut)))
    }

    fn queued_bytes(&self) -> usize {
        self.line.with(|transport| transport.queued_bytes()).unwrap_or(0)
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }
}

impl Drop for LineEnd {
    fn drop(&mut self) {
        self.line.cut();
    }
}
