//! Two ends, a task to poll them from, and messages to tell apart.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

#[cfg(feature = "tokio")]
use bowline::transport::{Address, Listener, Socket};
use bowline::transport::{ByteStream, Framed, FramedLimits, Peer, Transport, TransportError};
use bowline::wire::{
    Call, Content, Finish, ImportId, Message, MessageTarget, Payload, QuestionId, SendResultsTo,
};

/// The two ends of one transport.
pub(crate) struct Pair {
    pub(crate) left: Box<dyn Transport>,
    pub(crate) right: Box<dyn Transport>,
}

impl Pair {
    pub(crate) fn new(ends: (impl Transport + 'static, impl Transport + 'static)) -> Self {
        Self { left: Box::new(ends.0), right: Box::new(ends.1) }
    }

    pub(crate) fn framed(ends: (impl ByteStream + 'static, impl ByteStream + 'static)) -> Self {
        Self::new((framed(ends.0), framed(ends.1)))
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

/// A call with `bytes` of data.
pub(crate) fn large(bytes: u32) -> Message {
    let content = Content::build(bytes / 8 + 2, |root| {
        let data: capnp::data::Builder<'_> = root.initn_as(bytes);
        data.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at % 251) as u8);
        Ok(())
    });
    Message::Call(Box::new(Call {
        question: QuestionId(bytes),
        target: MessageTarget::ImportedCap(ImportId(0)),
        interface: 0,
        method: 0,
        params: Payload { content: content.expect("it is built"), caps: Vec::new() },
        results_to: SendResultsTo::Caller,
        no_promise_pipelining: false,
        only_promise_pipeline: false,
    }))
}

/// What arrived is what [`large`] made.
pub(crate) fn assert_large(received: Received, bytes: u32) {
    let Ok(Some(Message::Call(call))) = received else {
        panic!("expected a large message, not {received:?}");
    };
    let root = call.params.content.root().expect("a root");
    let data: capnp::data::Reader<'_> = root.get_as().expect("data");
    assert_eq!(data.len(), bytes as usize);
    assert!(data.iter().enumerate().all(|(at, byte)| *byte == (at % 251) as u8));
}

pub(crate) fn framed<S: ByteStream>(stream: S) -> Framed<S> {
    Framed::new(stream, Peer::Memory, FramedLimits::default())
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
