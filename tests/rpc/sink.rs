//! An object that takes a stream, as slowly as the test wants.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bowline::conn::{Config, Window};
use bowline::rpc::{Call, Client, Promise, Response, Written};
use bowline::runtime::Local;
use bowline::wire::Exception;
use futures_channel::oneshot;

use crate::support::{ID, Pair, World, fill, number};

/// A streaming call: takes the number in. Waits while the sink is closed; fails for [`BAD`].
pub(crate) const WRITE: u16 = 100;
/// Takes the number in, as an ordinary call.
pub(crate) const NOTE: u16 = 101;
/// Returns how many numbers were written.
pub(crate) const DONE: u16 = 102;

/// What no sink takes.
pub(crate) const BAD: u64 = 13;

/// What one write of the tests counts in a window: six words and what every call costs.
pub(crate) const WRITE_BYTES: u64 = 6 * 8 + 128;

/// What the test sees of a sink.
#[derive(Clone, Default)]
pub(crate) struct Sink(Rc<State>);

#[derive(Default)]
struct State {
    taken: RefCell<Vec<u64>>,
    closed: Cell<bool>,
    waiting: RefCell<VecDeque<oneshot::Sender<()>>>,
    dropped: Cell<usize>,
}

/// Counts a write that is dropped before its end.
struct Writing(Sink, bool);

impl Drop for Writing {
    fn drop(&mut self) {
        let dropped = &self.0.0.dropped;
        dropped.set(dropped.get() + usize::from(!self.1));
    }
}

impl Sink {
    /// What arrived, in order.
    pub(crate) fn taken(&self) -> Vec<u64> {
        self.0.taken.borrow().clone()
    }

    /// How many writes were cancelled while the sink was at them.
    pub(crate) fn cancelled(&self) -> usize {
        self.0.dropped.get()
    }

    /// From here on every write waits for [`finish_one`](Self::finish_one).
    pub(crate) fn close(&self) {
        self.0.closed.set(true);
    }

    /// The write that waits longest is done. False if none waits.
    pub(crate) fn finish_one(&self) -> bool {
        let next = self.0.waiting.borrow_mut().pop_front();
        next.is_some_and(|one| one.send(()).is_ok())
    }

    /// No write waits any more.
    pub(crate) fn open(&self) {
        self.0.closed.set(false);
        while self.finish_one() {}
    }

    async fn write(&self, number: u64) -> Result<(), Exception> {
        self.0.taken.borrow_mut().push(number);
        let mut writing = Writing(self.clone(), false);
        if self.0.closed.get() {
            let (go, wait) = oneshot::channel();
            self.0.waiting.borrow_mut().push_back(go);
            wait.await.map_err(|_| Exception::failed("nobody let it go"))?;
        }
        writing.1 = true;
        match number {
            BAD => Err(Exception::failed("the sink refuses it").with_detail(5, *b"thirteen")),
            _ => Ok(()),
        }
    }
}

/// Hosts a sink.
pub(crate) fn sink(here: &Local) -> (Client, Sink) {
    let sink = Sink::default();
    let state = sink.clone();
    let client = Client::new(here, move |call: Call| {
        let sink = state.clone();
        async move { answer(call, &sink).await }
    });
    (client, sink)
}

async fn answer(mut call: Call, sink: &Sink) -> Result<Response, Exception> {
    let given = number(call.params());
    match call.method() {
        WRITE => {
            call.streaming();
            sink.write(given).await?;
        }
        NOTE => {
            sink.0.taken.borrow_mut().push(given);
            call.build(fill(given, &[]));
        }
        DONE => {
            let count = sink.0.taken.borrow().len() as u64;
            call.build(fill(count, &[]));
        }
        _ => return Err(call.unimplemented()),
    }
    Ok(call.reply())
}

/// Ways to call a sink.
pub(crate) trait Pour {
    fn write(&self, number: u64) -> Written;
    fn note_down(&self, number: u64) -> Promise;
    fn done(&self) -> Promise;
}

impl Pour for Client {
    fn write(&self, number: u64) -> Written {
        self.request(ID, WRITE).with(fill(number, &[])).stream()
    }

    fn note_down(&self, number: u64) -> Promise {
        self.request(ID, NOTE).with(fill(number, &[])).send()
    }

    fn done(&self) -> Promise {
        self.request(ID, DONE).with(fill(0, &[])).send()
    }
}

/// What one poll says.
pub(crate) fn look<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Whether it has not come to an end yet, when nothing happens any more.
pub(crate) fn waits<F: Future + Unpin>(world: &World, future: &mut F) -> bool {
    world.quiet();
    pin!(&mut *future).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// A window for `writes` writes, and the largest of them besides.
pub(crate) fn window(writes: u64) -> Config {
    let mut config = Config::default();
    config.stream_window = Window::Fixed(writes * WRITE_BYTES);
    config
}

/// A connection of left and right with a window for `writes` writes, and left's client of `boot`.
pub(crate) fn reach(world: &World, boot: &Client, writes: u64) -> (Pair, Client) {
    let pair = world.join_with(&world.left, &world.right, None, Some(boot), window(writes));
    let client = pair.near.bootstrap();
    world.run(client.settled()).expect("the bootstrap is there");
    world.quiet();
    (pair, client)
}
