//! Two ends, a task to poll them from, and messages to tell apart.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

#[cfg(feature = "tokio")]
use bowline::transport::{Address, Listener, Socket};
use bowline::transport::{Transport, TransportError};
use bowline::wire::{Finish, Message, QuestionId};

/// The two ends of one transport.
pub(crate) struct Pair {
    pub(crate) left: Box<dyn Transport>,
    pub(crate) right: Box<dyn Transport>,
}

impl Pair {
    pub(crate) fn new(ends: (impl Transport + 'static, impl Transport + 'static)) -> Self {
        Self { left: Box::new(ends.0), right: Box::new(ends.1) }
    }
}

pub(crate) type Received = Result<Option<Message>, TransportError>;

/// A message that says `number`.
pub(crate) fn message(number: u32) -> Message {
    Message::Finish(Finish {
        question: QuestionId(number),
        release_result_caps: true,
        require_early_cancellation_workaround: false,
    })
}

/// What a message made by [`message`] says.
pub(crate) fn number(received: Received) -> u32 {
    match received {
        Ok(Some(Message::Finish(finish))) => finish.question.0,
        other => panic!("expected a numbered message, not {other:?}"),
    }
}

pub(crate) fn is_clean_end(received: &Received) -> bool {
    matches!(received, Ok(None))
}

pub(crate) async fn receive(end: &mut dyn Transport) -> Received {
    poll_fn(|cx| end.poll_receive(cx)).await
}

pub(crate) async fn flush(end: &mut dyn Transport) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_flush(cx)).await
}

pub(crate) async fn close(end: &mut dyn Transport) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_close(cx)).await
}

/// Receives at `to` while `from` goes on flushing.
pub(crate) async fn carry(from: &mut dyn Transport, to: &mut dyn Transport) -> Received {
    poll_fn(|cx| {
        let _ = from.poll_flush(cx);
        to.poll_receive(cx)
    })
    .await
}

/// Sends `number` from one end and receives it at the other.
pub(crate) async fn ping(from: &mut dyn Transport, to: &mut dyn Transport, number: u32) {
    from.send(message(number)).expect("the way is open");
    assert_eq!(self::number(carry(from, to).await), number);
}

/// A waker that counts.
#[derive(Default)]
pub(crate) struct Bell(AtomicUsize);

impl Bell {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let bell = Arc::new(Self::default());
        (Arc::clone(&bell), Waker::from(bell))
    }

    pub(crate) fn rings(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs `future` on this thread, which sleeps while it waits.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        thread::park();
    }
}

/// Runs `future` on a tokio runtime of its own, on this thread.
#[cfg(feature = "tokio")]
pub(crate) fn on_tokio<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// A path for a socket of this process alone.
#[cfg(feature = "tokio")]
pub(crate) fn scratch(name: &str) -> std::path::PathBuf {
    let count = SCRATCH.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("bowline-{}-{count}-{name}", std::process::id()))
}

#[cfg(feature = "tokio")]
static SCRATCH: AtomicUsize = AtomicUsize::new(0);

#[cfg(feature = "tokio")]
pub(crate) async fn tcp() -> (Socket, Socket) {
    connected("tcp:127.0.0.1:0".parse().expect("a good address")).await
}

#[cfg(feature = "tokio")]
pub(crate) async fn unix() -> (Socket, Socket) {
    connected(Address::Unix(scratch("pair"))).await
}

#[cfg(feature = "tokio")]
async fn connected(address: Address) -> (Socket, Socket) {
    let mut listener = Listener::bind(&address).await.expect("a free address");
    let left = Socket::connect(listener.address()).await.expect("it listens");
    (left, listener.accept().await.expect("it connected"))
}
