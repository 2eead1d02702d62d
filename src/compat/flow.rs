//! Flow control: a fixed window of bytes that a stream may have under way.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use capnp::capability::Promise;

use super::outgoing::{FlowController, OutgoingMessage};

/// Lets messages go while less than a window of bytes is not acknowledged. The first failure stays:
/// every later message is sent, and fails.
pub(super) struct FixedWindow(Rc<RefCell<Window>>);

struct Window {
    bytes_max: usize,
    under_way: usize,
    /// The largest message so far. The window is wider by it, or one message larger than the window
    /// would have the stream wait a round trip for each.
    largest: usize,
    /// A stream's messages are acknowledged in order.
    acks: VecDeque<(usize, Promise<(), capnp::Error>)>,
    failed: Option<capnp::Error>,
    waiting: Vec<Waker>,
}

impl FixedWindow {
    /// What other engines use.
    pub(super) const DEFAULT_BYTES: usize = 64 << 10;

    /// A window, and the promise that takes acknowledgements in while it is polled.
    pub(super) fn begin(bytes_max: usize) -> (Box<dyn FlowController>, Promise<(), capnp::Error>) {
        let window = Rc::new(RefCell::new(Window {
            bytes_max,
            under_way: 0,
            largest: 0,
            acks: VecDeque::new(),
            failed: None,
            waiting: Vec::new(),
        }));
        let driven = Rc::downgrade(&window);
        let drive = poll_fn(move |cx| {
            let Some(window) = driven.upgrade() else { return Poll::Ready(Ok(())) };
            take_acks(&window, cx);
            remember(&window, cx);
            Poll::Pending
        });
        (Box::new(Self(window)), Promise::from_future(drive))
    }

    /// A promise of what `done` says, asked after each acknowledgement.
    fn once(&self, done: fn(&Window) -> bool) -> Promise<(), capnp::Error> {
        let window = Rc::clone(&self.0);
        Promise::from_future(poll_fn(move |cx| {
            take_acks(&window, cx);
            let state = window.borrow();
            if let Some(why) = &state.failed {
                return Poll::Ready(Err(why.clone()));
            }
            if done(&state) {
                return Poll::Ready(Ok(()));
            }
            drop(state);
            remember(&window, cx);
            Poll::Pending
        }))
    }
}

impl FlowController for FixedWindow {
    fn send(
        &mut self,
        message: Box<dyn OutgoingMessage>,
        ack: Promise<(), capnp::Error>,
    ) -> Promise<(), capnp::Error> {
        let bytes = message.size_in_words().saturating_mul(8);
        // Sent now, or a later message could overtake it. Its promise says only when it was written.
        drop(message.send());
        let mut window = self.0.borrow_mut();
        window.largest = window.largest.max(bytes);
        window.under_way = window.under_way.saturating_add(bytes);
        window.acks.push_back((bytes, ack));
        let waiting = std::mem::take(&mut window.waiting);
        drop(window);
        waiting.into_iter().for_each(Waker::wake);
        self.once(|window| window.under_way < window.bytes_max.saturating_add(window.largest))
    }

    fn wait_all_acked(&mut self) -> Promise<(), capnp::Error> {
        self.once(|window| window.acks.is_empty())
    }
}

/// Takes in the acknowledgements that are there; whoever waits looks again.
fn take_acks(window: &RefCell<Window>, cx: &mut Context<'_>) {
    let mut taken = false;
    loop {
        // Polled outside of the borrow: what it wakes or drops may come back here.
        let Some((bytes, mut ack)) = window.borrow_mut().acks.pop_front() else { break };
        let polled = Pin::new(&mut ack).poll(cx);
        let mut state = window.borrow_mut();
        match polled {
            Poll::Pending => {
                state.acks.push_front((bytes, ack));
                break;
            }
            Poll::Ready(outcome) => {
                state.under_way = state.under_way.saturating_sub(bytes);
                if let Err(why) = outcome {
                    state.failed.get_or_insert(why);
                }
                taken = true;
            }
        }
    }
    if taken {
        let waiting = std::mem::take(&mut window.borrow_mut().waiting);
        waiting.into_iter().for_each(Waker::wake);
    }
}

fn remember(window: &RefCell<Window>, cx: &Context<'_>) {
    let new = cx.waker().clone();
    let mut state = window.borrow_mut();
    if !state.waiting.iter().any(|known| known.will_wake(&new)) {
        state.waiting.push(new);
    }
}
