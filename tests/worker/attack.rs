//! Bytes that change on their way, and recordings that were tampered with: whatever comes of it, nothing panics,
//! and when the connection is gone nothing is left of it.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::sync::Once;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::Vat;
use bowline::transport::{ByteStream, Framed, FramedLimits, MemoryPipe, Peer, memory_pipe};
use bowline::vat::Stats;
use bowline::wire::Exception;
use bowline::worker::stream::{ReadableStream, identity};
use bowline::worker::value::value;
use bowline::worker::{AbortController, Args, Call, RpcStub, Service as Bound, Worker, args};

use crate::cast::{Counter, Log, Service, play, settle};
use crate::streams::source::{End, chunks};

/// How long each attack lasts: `BOWLINE_ATTACK_SECONDS`, or 2. The seeds that fit are played.
fn lasts() -> Duration {
    let asked = std::env::var("BOWLINE_ATTACK_SECONDS").ok();
    Duration::from_secs(asked.map_or(2, |asked| asked.parse().expect("a number of seconds")))
}

thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// How often this thread panicked, though a vat may have caught it.
fn panics() -> u32 {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.with(|panics| panics.set(panics.get() + 1));
            before(info);
        }));
    });
    PANICS.with(Cell::get)
}

/// Numbers that are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// Another byte than this one, perhaps.
    fn spoil(&mut self, byte: u8) -> u8 {
        match self.below(6) {
            0 => byte ^ 1 << self.below(8),
            1 => 0,
            2 => 0xff,
            3 => byte.wrapping_add(1),
            4 => byte.wrapping_sub(1),
            _ => self.next() as u8,
        }
    }
}

/// A stream on which one byte in so many is another than was written.
struct Noise {
    inner: MemoryPipe,
    dice: Dice,
    one_in: usize,
}

impl ByteStream for Noise {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let read = self.inner.poll_read(cx, buffer);
        if let Poll::Ready(Ok(count)) = &read {
            for byte in &mut buffer[..*count] {
                if self.dice.below(self.one_in) == 0 {
                    *byte = self.dice.spoil(*byte);
                }
            }
        }
        read
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.inner.poll_write_vectored(cx, slices)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_close(cx)
    }
}

/// A caller's vat and a worker's.
struct Scene {
    near: Rc<Vat>,
    far: Rc<Vat>,
    boot: Client,
    log: Log,
}

impl Scene {
    fn new() -> Self {
        let (near, far) = (Rc::new(Vat::local()), Rc::new(Vat::local()));
        play(&[&near, &far]);
        let log = Log::default();
        let noted = log.clone();
        let make = move |_| Service { log: noted.clone(), kept: Rc::default() };
        let worker = Worker::new("svc").entrypoint("default", make);
        let boot = worker.service("default").expect("it was just added").bootstrap(far.here());
        Self { near, far, boot, log }
    }

    /// Both ends of a connection.
    fn noisy(&self, dice: &mut Dice, one_in: usize) -> [Link; 2] {
        // It is never full: who waits for a peer that reads no more would wait for seconds.
        let (left, right) = memory_pipe(1 << 20);
        let [left, right] = [left, right].map(|inner| {
            let noise = Noise { inner, dice: Dice(dice.next()), one_in };
            Framed::new(noise, Peer::Memory, FramedLimits::default())
        });
        let near = Link::connect(self.near.here(), left, Config::default(), None);
        let far = Link::connect(self.far.here(), right, Config::default(), Some(&self.boot));
        [near, far]
    }

    /// What vats make once and keep is made.
    fn warm_up(&self) {
        let links = self.noisy(&mut Dice(0), usize::MAX);
        let boot = links[0].bootstrap();
        let svc = Bound::remote(move |_| boot.clone()).stub(self.near.here());
        chat(&self.near, &svc, &Log::default());
        drop(svc);
        settle();
        links.iter().for_each(|link| link.abort(Exception::failed("the end")));
        drop(links);
        settle();
    }

    /// What the vats hold once nothing goes on.
    fn left(&self) -> [Stats; 2] {
        [&self.near, &self.far].map(|vat| {
            vat.here().with(|graph| {
                assert_eq!(graph.check(), Ok(()));
                graph.stats()
            })
        })
    }
}

/// Calls of all kinds, whatever comes of them.
fn chat(near: &Vat, svc: &RpcStub, log: &Log) {
    let here = near.here();
    let counter = Counter::stub(here, 0.0, log);
    let shout = RpcStub::function(here, |call: Call| async move { call.arg::<String>(0) });
    let (to, mut from) = identity();
    let controller = AbortController::new();
    let nested = svc.call("makeNested", args![]);
    let mut calls = vec![
        svc.call("add", args![1, 2]),
        svc.call("echo", args![value!({ a: [1.5, "x", null], b: (counter.clone()) })]),
        svc.call("callCb", args![&shout, "hey"]),
        svc.call("incr", Args::new().with(&counter).with(3)),
        svc.call("makeCounter", args![1]).call("increment", args![2]),
        nested.get("a").get("b").get("c").call("increment", args![]),
        svc.call("text", args![ReadableStream::from("a body")]),
        svc.call("count", args![chunks(20, 1000, End::Clean).0]),
        svc.call("chunks", args![3]),
        svc.call("mirror", args![]),
        svc.call("writeInto", args![to, "text"]),
        svc.call("untilAborted", args![controller.signal()]),
        svc.call("throw", args![]),
        svc.call("makeFunc", args![2]).invoke(args![21]),
    ];
    let mut cx = Context::from_waker(Waker::noop());
    let mut got = Vec::new();
    for _ in 0..3 {
        settle();
        calls.retain_mut(|call| match std::pin::Pin::new(call).poll(&mut cx) {
            Poll::Ready(done) => {
                got.extend(done.ok());
                false
            }
            Poll::Pending => true,
        });
        controller.abort("enough");
        let _ = std::pin::pin!(from.next()).poll(&mut cx);
    }
    for stream in got.iter().filter_map(|got| got.to::<ReadableStream>().ok()) {
        let mut stream = stream;
        let _ = std::pin::pin!(stream.read_all(1 << 20)).poll(&mut cx);
    }
    settle();
}

#[test]
fn whatever_changes_on_the_way_nothing_panics_and_nothing_is_left() {
    let (scene, panicked) = (Scene::new(), panics());
    let mut before = None;
    let (begun, mut seed, mut lost) = (Instant::now(), 0, 0);
    while begun.elapsed() < lasts() || seed < 20 {
        let mut dice = Dice(seed);
        // The first hears every word; the others are less lucky.
        let one_in = if seed == 0 { usize::MAX } else { 64 << dice.below(8) };
        let links = scene.noisy(&mut dice, one_in);
        let boot = links[0].bootstrap();
        let svc = Bound::remote(move |_| boot.clone()).stub(scene.near.here());
        let log = Log::default();
        chat(&scene.near, &svc, &log);
        drop(svc);
        settle();
        lost += u32::from(links[0].stats().is_none() || links[1].stats().is_none());
        if seed == 0 {
            assert!(links.iter().all(Link::is_idle), "nothing was spoilt, and nothing is left");
            assert_eq!(log.all(), ["Counter disposed"]);
        }
        links.iter().for_each(|link| link.abort(Exception::failed("the end")));
        drop(links);
        settle();
        assert_eq!(panics(), panicked, "seed {seed}: something panicked");
        let left = scene.left();
        assert_eq!(*before.get_or_insert(left), left, "seed {seed}: something is left");
        assert_eq!(log.count("Counter disposed"), 1, "seed {seed}: an object is left");
        scene.log.forget();
        seed += 1;
    }
    assert!(lost > 0, "in none of {seed} conversations anything was noticed");
    println!("{seed} conversations, {lost} of them broken off");
}

/// What the real runtime said.
fn recordings() -> Vec<Vec<u8>> {
    let ours: [&[u8]; 6] = [
        include_bytes!("../data/workerd/add.bin"),
        include_bytes!("../data/workerd/callback.bin"),
        include_bytes!("../data/workerd/counter.bin"),
        include_bytes!("../data/workerd/func.bin"),
        include_bytes!("../data/workerd/pipelined.bin"),
        include_bytes!("../data/workerd/prop.bin"),
    ];
    let mut all: Vec<_> = ours.iter().map(|bytes| bytes.to_vec()).collect();
    // More of them, if there are more at hand.
    let more = std::env::var_os("BOWLINE_RECORDINGS").map(std::fs::read_dir);
    for file in more.into_iter().flat_map(|found| found.expect("a directory")) {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("a recording");
        if path.extension().is_some_and(|end| end == "bin") && bytes.len() < 1 << 16 {
            all.push(bytes);
        }
    }
    all
}

/// The messages behind the HTTP head, each with its frame.
fn frames(recording: &[u8]) -> Vec<Vec<u8>> {
    let head = recording.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
    let mut rest = &recording[head..];
    let mut all = Vec::new();
    let word = |bytes: &[u8], at: usize| {
        let four = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(four.try_into().expect("four")) as usize)
    };
    while let Some(segments) = word(rest, 0).map(|count| count + 1) {
        let table = (segments / 2 + 1) * 8;
        let words: Option<usize> = (0..segments).map(|at| word(rest, 4 + 4 * at)).sum();
        let Some(length) = words.map(|words| table + words * 8) else { break };
        let Some(frame) = rest.get(..length) else { break };
        all.push(frame.to_vec());
        rest = &rest[length..];
    }
    all
}

/// Some of these frames, some of them twice, some of them with other bytes in them.
fn tampered(frames: &[Vec<u8>], others: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut frames = frames.to_vec();
    for _ in 0..=dice.below(4) {
        let (at, other) = (dice.below(frames.len()), dice.below(others.len()));
        match dice.below(8) {
            0 => frames.insert(at, others[other].clone()),
            1 => drop(frames.remove(at)),
            2 => {
                let to = dice.below(frames.len());
                frames.swap(at, to);
            }
            3 => {
                let (from, to) = (frames[at].clone(), dice.below(frames.len() + 1));
                frames.insert(to, from);
            }
            _ => {
                // The frame itself stays whole, so that what is in it is looked at.
                let frame = &mut frames[at];
                let place = (8 + dice.below(frame.len().saturating_sub(8))).min(frame.len() - 1);
                frame[place] = dice.spoil(frame[place]);
            }
        }
        if frames.is_empty() {
            break;
        }
    }
    frames.concat()
}

/// Writes all of it to a worker, as fast as that reads; how many bytes it has to say to that.
fn say(scene: &Scene, bytes: &[u8]) -> usize {
    let (mut left, right) = memory_pipe(1 << 16);
    let framed = Framed::new(right, Peer::Memory, FramedLimits::default());
    let link = Link::connect(scene.far.here(), framed, Config::default(), Some(&scene.boot));
    let mut cx = Context::from_waker(Waker::noop());
    let (mut rest, mut heard, mut count) = (bytes, vec![0; 1 << 16], 0);
    for _ in 0..100 {
        if rest.is_empty() {
            break;
        }
        match left.poll_write_vectored(&mut cx, &[IoSlice::new(rest)]) {
            Poll::Ready(Ok(count)) => rest = &rest[count..],
            Poll::Ready(Err(_)) => break,
            Poll::Pending => {}
        }
        settle();
        while let Poll::Ready(Ok(more @ 1..)) = left.poll_read(&mut cx, &mut heard) {
            count += more;
        }
    }
    drop(left);
    settle();
    link.abort(Exception::failed("the end"));
    drop(link);
    settle();
    count
}

#[test]
fn whatever_a_recording_is_made_to_say_nothing_panics_and_nothing_is_left() {
    let (scene, panicked) = (Scene::new(), panics());
    let mut recordings: Vec<_> = recordings().iter().map(|bytes| frames(bytes)).collect();
    recordings.retain(|frames| !frames.is_empty());
    let others: Vec<_> = recordings.concat();
    scene.warm_up();
    let before = scene.left();
    let (begun, mut seed) = (Instant::now(), 0);
    while begun.elapsed() < lasts() || seed < 20 {
        let mut dice = Dice(seed);
        let recording = &recordings[seed as usize % recordings.len()];
        // Each is said as it was once; then the tampering begins.
        let bytes = match seed < recordings.len() as u64 {
            true => recording.concat(),
            false => tampered(recording, &others, &mut dice),
        };
        let answer = say(&scene, &bytes);
        assert!(answer > 100 || seed > 5, "{answer} bytes of answers");
        assert_eq!(panics(), panicked, "seed {seed}: something panicked");
        assert_eq!(before, scene.left(), "seed {seed}: something is left");
        scene.log.forget();
        seed += 1;
    }
    println!("{seed} recordings");
}
