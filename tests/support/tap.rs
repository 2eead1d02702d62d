//! A tap is a transport in front of another: it writes down what passes, and holds it back.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bowline::transport::{Peer, Transport, TransportError};
use bowline::wire::Message;

/// What one end of a connection receives, in the hands of the test.
#[derive(Clone, Default)]
pub(crate) struct Gate(Rc<RefCell<Flow>>);

#[derive(Default)]
struct Flow {
    log: Vec<String>,
    held: VecDeque<Message>,
    /// How many messages may pass; `None` is all of them.
    credit: Option<usize>,
    reader: Option<Waker>,
}

impl Gate {
    /// From here on messages wait for `deliver`.
    pub(crate) fn hold(&self) {
        self.0.borrow_mut().credit = Some(0);
    }

    /// Lets `count` messages pass, held ones first.
    pub(crate) fn deliver(&self, count: usize) {
        self.set(Some(count));
    }

    /// Lets all pass, held ones first.
    pub(crate) fn open(&self) {
        self.set(None);
    }

    fn set(&self, credit: Option<usize>) {
        let reader = {
            let mut flow = self.0.borrow_mut();
            flow.credit = credit;
            flow.reader.take()
        };
        reader.into_iter().for_each(Waker::wake);
    }

    /// What waits, in order.
    pub(crate) fn held(&self) -> Vec<String> {
        self.0.borrow().held.iter().map(name).collect()
    }

    /// All that came so far, held or not: the name of each message and what it says.
    pub(crate) fn log(&self) -> Vec<String> {
        self.0.borrow().log.clone()
    }

    /// How many messages came so far whose text contains `what`.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.0.borrow().log.iter().filter(|line| line.contains(what)).count()
    }

    /// Forgets what came so far.
    pub(crate) fn forget(&self) {
        self.0.borrow_mut().log.clear();
    }
}

/// The message's name: the word its text begins with.
fn name(message: &Message) -> String {
    let text = format!("{message:?}");
    text.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

/// One tapped end.
pub(crate) struct Tap {
    inner: Box<dyn Transport>,
    gate: Gate,
}

impl Tap {
    pub(crate) fn new(inner: Box<dyn Transport>) -> (Self, Gate) {
        let gate = Gate::default();
        (Self { inner, gate: gate.clone() }, gate)
    }

    fn take_held(&self) -> Option<Message> {
        let mut flow = self.gate.0.borrow_mut();
        if flow.credit == Some(0) {
            return None;
        }
        let message = flow.held.pop_front()?;
        flow.credit = flow.credit.map(|credit| credit - 1);
        Some(message)
    }
}

impl Transport for Tap {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>> {
        loop {
            if let Some(message) = self.take_held() {
                return Poll::Ready(Ok(Some(message)));
            }
            let received = self.inner.poll_receive(cx);
            let mut flow = self.gate.0.borrow_mut();
            match received {
                Poll::Ready(Ok(Some(message))) => {
                    flow.log.push(format!("{message:?}"));
                    flow.held.push_back(message);
                }
                Poll::Ready(end) if flow.held.is_empty() => return Poll::Ready(end),
                Poll::Ready(_) | Poll::Pending => {
                    flow.reader = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        }
    }

    fn send(&mut self, message: Message) -> Result<(), TransportError> {
        self.inner.send(message)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_close(cx)
    }

    fn queued_bytes(&self) -> usize {
        self.inner.queued_bytes()
    }

    fn peer(&self) -> &Peer {
        self.inner.peer()
    }
}
