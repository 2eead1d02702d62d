//! A vat of ours between a peer played by the test, over real bytes, and a neighbour who must not notice.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::{Turn, Vat};
use bowline::transport::{
    ByteStream, Framed, FramedLimits, MemoryPipe, Peer, Transport, memory_pipe, same_thread,
};
use bowline::wire::{Call, Message};

use crate::support::{Ask, Seen, number, object};
use crate::words::{bootstrap, keep, release};

pub(crate) struct Scene {
    pub(crate) vat: Vat,
    pub(crate) link: Link,
    /// What the vat offers: the peer's export 0 once it has asked, and the neighbour's bootstrap.
    pub(crate) offered: Client,
    pub(crate) seen: Seen,
    peer: Framed<MemoryPipe>,
    neighbour: Vat,
    neighbours: Client,
    near: Link,
}

/// More bytes than any test sends before it is read.
const PIPE: usize = 4 << 20;

impl Scene {
    /// Over a pipe that is full with so many bytes in one direction.
    pub(crate) fn with_pipe(config: Config, capacity: usize) -> Self {
        Self::new(config, FramedLimits::default(), capacity)
    }

    /// The same, and what the peer sends is within these limits.
    pub(crate) fn met_within(limits: FramedLimits) -> Self {
        Self::new(Config::default(), limits, PIPE).meets()
    }

    fn new(config: Config, limits: FramedLimits, capacity: usize) -> Self {
        let (vat, neighbour) = (Vat::local(), Vat::local());
        let (offered, seen) = object(vat.here());
        let framed = |end, limits| Framed::new(end, Peer::Memory, limits);
        let (ours, theirs) = memory_pipe(capacity);
        let link = Link::connect(vat.here(), framed(ours, limits), config, Some(&offered));
        let (left, right) = same_thread();
        let near = Link::connect(vat.here(), right, Config::default(), Some(&offered));
        let beside = Link::connect(neighbour.here(), left, Config::default(), None);
        let neighbours = beside.bootstrap();
        let peer = framed(theirs, FramedLimits::default());
        let scene = Self { vat, link, offered, seen, peer, neighbour, neighbours, near };
        scene.the_neighbour_lives_on();
        scene
    }

    /// The peer has asked for what the vat offers, which it knows as import 0 now.
    pub(crate) fn met() -> Self {
        Self::met_with(Config::default())
    }

    pub(crate) fn met_with(config: Config) -> Self {
        Self::with_pipe(config, PIPE).meets()
    }

    pub(crate) fn meets(self) -> Self {
        let mut scene = self;
        scene.says(bootstrap(0));
        scene.hears(&["return a0 results cap 0 [e0]"]);
        scene.says(keep(0));
        scene.hears(&[]);
        scene
    }

    /// The peer sends a message, and the vat does what it makes of it.
    pub(crate) fn says(&mut self, message: Message) {
        self.says_at_once([message]);
    }

    /// The peer sends messages that are read in one turn.
    pub(crate) fn says_at_once(&mut self, messages: impl IntoIterator<Item = Message>) {
        for message in messages {
            self.peer.send(message).expect("the pipe is open");
        }
        let mut cx = Context::from_waker(Waker::noop());
        assert!(self.peer.poll_flush(&mut cx).is_ready(), "the pipe is wide enough");
        self.quiet();
    }

    /// The peer says as much as the pipe takes; false if some of it waits to be read.
    pub(crate) fn tries_to_say(&mut self, messages: impl IntoIterator<Item = Message>) -> bool {
        for message in messages {
            self.peer.send(message).expect("the pipe is open");
        }
        let mut cx = Context::from_waker(Waker::noop());
        let mut said = self.peer.poll_flush(&mut cx).is_ready();
        self.quiet();
        said |= self.peer.poll_flush(&mut cx).is_ready();
        self.quiet();
        said
    }

    pub(crate) fn calls(&mut self, call: Call) {
        self.says(Message::Call(Box::new(call)));
    }

    /// The peer sends bytes.
    pub(crate) fn writes(&mut self, bytes: &[u8]) {
        let mut cx = Context::from_waker(Waker::noop());
        let slices = [std::io::IoSlice::new(bytes)];
        match self.peer.stream_mut().poll_write_vectored(&mut cx, &slices) {
            Poll::Ready(Ok(count)) => assert_eq!(count, bytes.len(), "the pipe is wide enough"),
            other => panic!("{other:?}"),
        }
        self.quiet();
    }

    /// The peer hangs up, in the middle of whatever it was saying.
    pub(crate) fn hangs_up(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(self.peer.poll_close(&mut cx).is_ready());
        self.quiet();
    }

    /// All the vat has sent since, a line each; `end` last if it hung up.
    pub(crate) fn heard(&mut self) -> Vec<String> {
        self.quiet();
        let mut cx = Context::from_waker(Waker::noop());
        let mut heard = Vec::new();
        loop {
            match self.peer.poll_receive(&mut cx) {
                Poll::Ready(Ok(Some(message))) => heard.push(message.summary()),
                Poll::Ready(Ok(None)) => {
                    heard.push("end".to_owned());
                    return heard;
                }
                Poll::Ready(Err(error)) => panic!("{error}"),
                Poll::Pending => return heard,
            }
        }
    }

    #[track_caller]
    pub(crate) fn hears(&mut self, expected: &[&str]) {
        assert_eq!(self.heard(), expected);
    }

    /// The peer is told the rule it broke and hung up on; the vat forgets it and goes on.
    #[track_caller]
    pub(crate) fn gets_aborted(mut self, rule: &str) {
        let abort = format!("abort failed: peer misbehaved: {rule}");
        self.hears(&[&abort, "end"]);
        self.ends_over();
    }

    /// The connection is over and nothing of it is left; the neighbour did not notice.
    #[track_caller]
    pub(crate) fn ends_over(self) {
        self.quiet();
        assert!(self.link.stats().is_none(), "the connection is not over: {}", self.link.dump());
        self.nothing_is_left();
    }

    /// The peer gives back what the vat offered; nothing of the connection is left but itself.
    #[track_caller]
    pub(crate) fn ends(mut self) {
        self.says(release(0, 1));
        self.hears(&[]);
        self.ends_idle();
    }

    #[track_caller]
    pub(crate) fn ends_idle(self) {
        let stats = self.link.stats().expect("the connection is open");
        assert!(self.link.is_idle(), "{stats}\n{}", self.link.dump());
        self.nothing_is_left();
    }

    #[track_caller]
    fn nothing_is_left(self) {
        self.the_neighbour_lives_on();
        let Self { vat, neighbour, neighbours, near, offered, seen, .. } = self;
        drop((neighbours, offered));
        seen.let_go();
        turn_all(&[&vat, &neighbour]);
        assert!(near.is_idle(), "{}", near.dump());
        let left = vat.here().with(|graph| (graph.is_idle(), graph.dump()));
        assert!(left.0, "{}", left.1);
    }

    fn the_neighbour_lives_on(&self) {
        let note = self.run(self.neighbours.note(u64::MAX)).expect("the neighbour's call returns");
        assert_eq!(number(&note), u64::MAX);
    }

    /// Turns the vats until nothing happens any more.
    pub(crate) fn quiet(&self) {
        turn_all(&[&self.vat, &self.neighbour]);
    }

    /// Runs the vats until the future is done.
    #[track_caller]
    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..3 {
            if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
                return done;
            }
            self.quiet();
        }
        panic!("it is never done\n{}", self.link.dump());
    }

    /// What the neighbour hosts, as the vat knows it.
    pub(crate) fn neighbours_object(&self) -> (Client, Seen) {
        let (hosted, seen) = object(self.neighbour.here());
        let request = self.neighbours.ask(crate::support::method::HOLD, 0, &[&hosted]);
        self.run(request).expect("it is held");
        (hosted, seen)
    }
}

/// What a future gives that is done.
pub(crate) fn polled<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    let mut cx = Context::from_waker(Waker::noop());
    match Pin::new(future).poll(&mut cx) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

/// A turn that sends may leave nothing to do here, but something where it is read: rounds without
/// more to do, one after the other, that are as good as silence.
const QUIET_ROUNDS: usize = 8;

fn turn_all(vats: &[&Vat]) {
    let mut quiet = 0;
    for _ in 0..200_000 {
        let mut more = false;
        for vat in vats {
            more |= vat.turn(Instant::now()) == Turn::More;
            if let Err(rule) = vat.here().with(|graph| graph.check()) {
                panic!("{rule}\n{}", vat.here().with(|graph| graph.dump()));
            }
        }
        quiet = if more { 0 } else { quiet + 1 };
        if quiet == QUIET_ROUNDS {
            return;
        }
    }
    panic!("it never ends");
}
