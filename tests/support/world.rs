//! A world is three vats of this thread and the links a scenario lays between them. Every turn is
//! followed by a check of every table, and at the end nothing may be left.

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::{Client, Link, Relay};
use bowline::runtime::{Driver, Local, Timeless, Vat};
use bowline::trace::{Recorded, Recorder, Side, Tables, TablesLimits, TapeReader, What};
use bowline::transport::{
    ByteStream, Framed, FramedLimits, Peer, Transport, Trickle, memory_pipe, same_thread,
    two_thread,
};

use super::leaks::is_counting;
use super::reactor;
use super::tap::{Gate, Tap};

/// What a link is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    SameThread,
    TwoThread,
    /// Bytes in memory.
    Pipe,
    /// Bytes in memory, one at a time.
    Trickle,
    /// Two pipes of the operating system.
    OsPipe,
    /// A pair of Unix sockets.
    Unix,
    /// A TCP connection over loopback.
    Tcp,
}

impl Kind {
    fn ends(self) -> (Box<dyn Transport>, Box<dyn Transport>) {
        match self {
            Self::SameThread => boxed(same_thread()),
            Self::TwoThread => boxed(two_thread()),
            Self::Pipe => {
                let (left, right) = memory_pipe(1 << 12);
                boxed((framed(left), framed(right)))
            }
            Self::Trickle => {
                let (left, right) = memory_pipe(1 << 6);
                let (left, right) = (Trickle::new(left, 1), Trickle::new(right, 1));
                boxed((framed(left), framed(right)))
            }
            Self::OsPipe => {
                let (left, right) = reactor::os_pipes();
                boxed((framed(left), framed(right)))
            }
            Self::Unix => boxed(reactor::unix()),
            Self::Tcp => boxed(reactor::tcp()),
        }
    }

    /// Whether what is written passes through the operating system.
    fn is_of_the_system(self) -> bool {
        matches!(self, Self::OsPipe | Self::Unix | Self::Tcp)
    }
}

fn framed<S: ByteStream>(stream: S) -> Framed<S> {
    Framed::new(stream, Peer::Memory, FramedLimits::default())
}

fn boxed<T: Transport + 'static>(
    (left, right): (T, T),
) -> (Box<dyn Transport>, Box<dyn Transport>) {
    (Box::new(left), Box::new(right))
}

/// A stream of choices; equal seeds make equal ones.
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let mut x = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        x ^= x >> 30;
        x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x ^= x >> 27;
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        usize::try_from(x >> 33).expect("31 bits") % bound
    }
}

impl Pair {
    /// From here on nothing arrives unless it is delivered.
    pub(crate) fn hold(&self) {
        self.to_near.hold();
        self.to_far.hold();
    }

    /// Everything arrives again.
    pub(crate) fn open(&self) {
        self.to_near.open();
        self.to_far.open();
    }
}

/// Nothing takes more rounds than this, not even a byte at a time.
const ROUNDS_MAX: usize = 200_000;

pub(crate) struct World {
    pub(crate) left: Vat,
    pub(crate) middle: Vat,
    pub(crate) right: Vat,
    kind: Kind,
    links: RefCell<Vec<Link>>,
    /// Links whose bootstrap is another vat's.
    relays: RefCell<Vec<Link>>,
    drivers: RefCell<Vec<Driver<Timeless>>>,
    woken: Arc<Woken>,
    /// Watches connections, from their near ends.
    recorder: Recorder,
}

/// Set when a vat has work again.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A connection between two vats. `near` is the end of the vat named first.
pub(crate) struct Pair {
    pub(crate) near: Link,
    pub(crate) far: Link,
    /// What the near end receives.
    pub(crate) to_near: Gate,
    /// What the far end receives.
    pub(crate) to_far: Gate,
}

impl World {
    /// Plays a scenario, after which nothing may be left.
    pub(crate) fn play(kind: Kind, scenario: fn(&Self)) {
        let (left, middle, right) = (Vat::local(), Vat::local(), Vat::local());
        let drivers = [&left, &middle, &right].map(Vat::timeless_driver);
        let drivers = RefCell::new(drivers.into());
        let (links, relays, woken) = Default::default();
        let recorder = Recorder::ring(1 << 30);
        let world = Self { left, middle, right, kind, links, relays, drivers, woken, recorder };
        scenario(&world);
        world.quiet();
        for relay in world.relays.take() {
            relay.abort(bowline::wire::Exception::failed("the end"));
        }
        world.quiet();
        for vat in world.vats() {
            let idle = vat.here().with(|graph| graph.is_idle());
            assert!(idle, "a vat is not idle at the end");
        }
        let links = world.links.take();
        assert!(links.iter().all(Link::is_idle), "a connection is not idle at the end");
        world.check_traces();
        links.iter().for_each(|link| link.abort(bowline::wire::Exception::failed("the end")));
        drop(links);
        world.quiet();
        for vat in world.vats() {
            let stats = vat.here().with(|graph| graph.stats());
            assert_eq!(stats, Default::default(), "a vat without connections is not empty");
        }
    }

    /// Recorded, on two kinds of links: one that moves messages, and one of bytes. It takes its time.
    fn watched(&self, end: Tap) -> Box<dyn Transport> {
        match self.kind {
            Kind::TwoThread | Kind::Pipe => {
                Box::new(Recorded::new(end, &self.recorder, Side::Left, "near"))
            }
            _ => Box::new(end),
        }
    }

    /// What the messages tell of the tables is what stands in them: nothing, at the end of a connection that
    /// was not cut.
    fn check_traces(&self) {
        let mut tape = Vec::new();
        self.recorder.save(&mut tape).expect("there is room");
        let mut tape = TapeReader::new(tape.as_slice()).expect("it begins as it should");
        let mut traces = std::collections::BTreeMap::<u32, (Tables, bool, Vec<String>)>::new();
        while let Some(piece) = tape.read().expect("it can be read") {
            let new = || (Tables::new(TablesLimits::default()), false, Vec::new());
            let (tables, over, log) = traces.entry(piece.session).or_insert_with(new);
            let message = piece.what.message();
            match (&piece.what, message) {
                (What::Frame(from, _), Some(message)) if !*over => {
                    log.push(format!("{from}: {message}"));
                    let notes = tables.observe(log.len() as u64, *from, &message).notes;
                    assert!(notes.is_empty(), "{notes:?} of {log:#?}");
                    *over = matches!(message, bowline::wire::Message::Abort(_));
                }
                (What::Opened { .. } | What::Frame(..), _) => {}
                _ => *over = true,
            }
        }
        for (tables, _, log) in traces.into_values().filter(|(_, over, _)| !over) {
            let left: Vec<_> = tables.entries().collect();
            assert!(left.is_empty(), "{left:?} of {log:#?}");
        }
    }

    /// Seeds for a scenario played `count` times; fewer where every byte takes its turn.
    pub(crate) fn seeds(&self, count: u64) -> std::ops::Range<u64> {
        match self.kind {
            _ if is_counting() => 0..count.min(1),
            Kind::SameThread => 0..count,
            Kind::TwoThread | Kind::Pipe => 0..count / 10,
            Kind::Trickle => 0..count / 30,
            // Each look at the operating system takes its time.
            Kind::OsPipe | Kind::Unix | Kind::Tcp => 0..2,
        }
    }

    /// Whether every byte takes its turn.
    pub(crate) fn is_trickle(&self) -> bool {
        self.kind == Kind::Trickle
    }

    fn vats(&self) -> [&Vat; 3] {
        [&self.left, &self.middle, &self.right]
    }

    /// Connects two vats; `far` offers `bootstrap`.
    pub(crate) fn join(&self, near: &Vat, far: &Vat, bootstrap: Option<&Client>) -> Pair {
        self.join_with(near, far, None, bootstrap, Config::default())
    }

    pub(crate) fn join_with(
        &self,
        near: &Vat,
        far: &Vat,
        near_bootstrap: Option<&Client>,
        far_bootstrap: Option<&Client>,
        config: Config,
    ) -> Pair {
        let (a, b) = self.kind.ends();
        let ((a, to_near), (b, to_far)) = (Tap::new(a), Tap::new(b));
        let a = self.watched(a);
        let near = Link::connect(near.here(), a, config.clone(), near_bootstrap);
        let far = Link::connect(far.here(), b, config, far_bootstrap);
        self.links.borrow_mut().extend([near.clone(), far.clone()]);
        Pair { near, far, to_near, to_far }
    }

    /// A connection of `left` and `right`, and the client `left` has of what `right` offers.
    pub(crate) fn reach(&self, bootstrap: &Client) -> (Pair, Client) {
        let pair = self.join(&self.left, &self.right, Some(bootstrap));
        let client = pair.near.bootstrap();
        self.run(client.settled()).expect("the bootstrap is there");
        self.quiet();
        pair.to_near.forget();
        pair.to_far.forget();
        (pair, client)
    }

    /// Three vats in a row: what `right` offers is what `middle` offers to `left`.
    pub(crate) fn relay(&self, bootstrap: &Client) -> (Pair, Pair, Client) {
        let (inner, outer, _) = self.relaying(bootstrap);
        let client = inner.near.bootstrap();
        self.run(client.settled()).expect("the bootstrap is there");
        self.quiet();
        (inner, outer, client)
    }

    /// The same before anything was asked.
    pub(crate) fn relaying(&self, bootstrap: &Client) -> (Pair, Pair, Relay) {
        let ((a, b), (c, d)) = (self.kind.ends(), self.kind.ends());
        let ((a, to_left), (b, to_middle)) = (Tap::new(a), Tap::new(b));
        let ((c, to_back), (d, to_right)) = (Tap::new(c), Tap::new(d));
        let (a, c) = (self.watched(a), self.watched(c));
        let config = Config::default();
        let left = Link::connect(self.left.here(), a, config.clone(), None);
        let right = Link::connect(self.right.here(), d, config.clone(), Some(bootstrap));
        let relay = Relay::between(self.middle.here(), b, c, &config);
        let (near, far) = (relay.near().clone(), relay.far().clone());
        let all = [left.clone(), near.clone(), far.clone(), right.clone()];
        self.links.borrow_mut().extend(all);
        self.relays.borrow_mut().push(left.clone());
        let inner = Pair { near: left, far: near, to_near: to_left, to_far: to_middle };
        let outer = Pair { near: far, far: right, to_near: to_back, to_far: to_right };
        (inner, outer, relay)
    }

    /// Delivers all messages one by one, in an order of the directions that `seed` decides, until
    /// nothing happens any more.
    pub(crate) fn deliver_shuffled(&self, pairs: &[&Pair], seed: &mut Seed) {
        while self.deliver_one(pairs, seed) {}
        pairs.iter().flat_map(|pair| [&pair.to_near, &pair.to_far]).for_each(Gate::open);
        self.quiet();
    }

    /// Delivers one message of those held back; false if there is none.
    pub(crate) fn deliver_one(&self, pairs: &[&Pair], seed: &mut Seed) -> bool {
        self.quiet();
        let gates: Vec<_> = pairs.iter().flat_map(|pair| [&pair.to_near, &pair.to_far]).collect();
        let due: Vec<_> = gates.into_iter().filter(|gate| !gate.held().is_empty()).collect();
        if due.is_empty() {
            return false;
        }
        due[seed.below(due.len())].deliver(1);
        self.quiet();
        true
    }

    /// One turn of every vat; false if none has anything to do.
    fn turn(&self) -> bool {
        self.woken.0.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.woken));
        let mut cx = Context::from_waker(&waker);
        for (vat, driver) in self.vats().into_iter().zip(self.drivers.borrow_mut().iter_mut()) {
            // What one turn leaves, the driver does, which then has the waker woken for more.
            let _ = vat.turn(Instant::now());
            self.check(vat.here());
            let _ = Pin::new(driver).poll(&mut cx);
            self.check(vat.here());
        }
        if self.kind.is_of_the_system() && !self.woken.0.load(Ordering::SeqCst) {
            reactor::look();
        }
        self.woken.0.load(Ordering::SeqCst)
    }

    fn check(&self, here: &Local) {
        if let Err(rule) = here.with(|graph| graph.check()) {
            panic!("{rule}");
        }
    }

    /// Turns every vat until nothing happens any more.
    pub(crate) fn quiet(&self) {
        for _ in 0..ROUNDS_MAX {
            if !self.turn() {
                return;
            }
        }
        panic!("it never ends");
    }

    /// Runs all vats until the future is done; fails when nothing happens any more before.
    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        self.poll_until(|cx| future.as_mut().poll(cx)).expect("it is never done")
    }

    fn poll_until<T>(&self, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Option<T> {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..3 {
            if let Poll::Ready(done) = poll(&mut cx) {
                return Some(done);
            }
            self.quiet();
        }
        None
    }

    fn dump(&self) -> String {
        let names = ["left", "middle", "right"];
        let dumps = names
            .iter()
            .zip(self.vats())
            .map(|(name, vat)| format!("--- {name}\n{}", vat.here().with(|graph| graph.dump())));
        dumps.collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.dump());
        }
    }
}

/// Makes each scenario a test over every kind of link.
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        mod same_thread {
            $(#[test]
            fn $name() {
                let play = || crate::support::World::play(crate::support::Kind::SameThread, super::$name);
                crate::support::leaves_nothing(play);
            })*
        }
        mod two_thread {
            $(#[test]
            fn $name() {
                crate::support::World::play(crate::support::Kind::TwoThread, super::$name);
            })*
        }
        mod pipe {
            $(#[test]
            fn $name() {
                let play = || crate::support::World::play(crate::support::Kind::Pipe, super::$name);
                crate::support::leaves_nothing(play);
            })*
        }
        mod trickle {
            $(#[test]
            fn $name() {
                crate::support::World::play(crate::support::Kind::Trickle, super::$name);
            })*
        }
        mod os_pipe {
            $(#[test]
            fn $name() {
                crate::support::World::play(crate::support::Kind::OsPipe, super::$name);
            })*
        }
        mod unix {
            $(#[test]
            fn $name() {
                crate::support::World::play(crate::support::Kind::Unix, super::$name);
            })*
        }
        mod tcp {
            $(#[test]
            fn $name() {
                crate::support::World::play(crate::support::Kind::Tcp, super::$name);
            })*
        }
    };
}
pub(crate) use scenarios;
