//! Streams over a path that takes time: how much of it they use, how much is on its way, and whom they keep waiting.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bowline::conn::{Config, Window};
use bowline::rpc::{Call, Client, Link, Promise};
use bowline::runtime::{Turn, Vat};
use bowline::wire::Message;
use futures::channel::oneshot;

use super::ID;
use super::fake::{Fake, Way};

const WRITE: u16 = 7;
const SMALL: u16 = 8;
const BYTES: usize = 4096;
/// Bytes of an envelope, about.
const ENVELOPE: usize = 128;
const MEGABIT: u64 = 1_000_000 / 8;

/// One direction of a path.
struct Lane {
    now: Instant,
    /// Bytes a second.
    rate: u64,
    delay: Duration,
    /// When what was sent so far has passed the narrowest place.
    passed: Instant,
    messages: VecDeque<(Instant, Message)>,
    reader: Option<Waker>,
    /// How many messages were sent, and the number of the last small call.
    sent: usize,
    small: Option<usize>,
}

struct End {
    incoming: Rc<RefCell<Lane>>,
    outgoing: Rc<RefCell<Lane>>,
}

impl Way for End {
    fn receive(&mut self, cx: &mut Context<'_>) -> Poll<Message> {
        let mut lane = self.incoming.borrow_mut();
        let now = lane.now;
        if let Some((_, message)) = lane.messages.pop_front_if(|(arrives, _)| *arrives <= now) {
            return Poll::Ready(message);
        }
        lane.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    fn send(&mut self, message: Message) {
        let mut lane = self.outgoing.borrow_mut();
        let bytes = (message.content_words() * 8 + ENVELOPE) as u64;
        lane.passed =
            lane.passed.max(lane.now) + Duration::from_nanos(bytes * 1_000_000_000 / lane.rate);
        lane.sent += 1;
        if matches!(&message, Message::Call(call) if call.method == SMALL) {
            lane.small = Some(lane.sent);
        }
        let arrives = lane.passed + lane.delay;
        lane.messages.push_back((arrives, message));
    }
}

/// Two vats, a path between them, and a writer that never runs dry.
struct Scene {
    near: Vat,
    far: Vat,
    lanes: [Rc<RefCell<Lane>>; 2],
    now: Instant,
    client: Client,
    writer: Pin<Box<dyn Future<Output = ()>>>,
    written: Rc<Cell<usize>>,
    taken: Rc<Cell<usize>>,
    /// Writes that an object that takes its time has not ended.
    held: Rc<RefCell<VecDeque<oneshot::Sender<()>>>>,
    /// The most writes that were made and not taken.
    most: usize,
}

impl Scene {
    /// The object takes what comes at once, or when it is told to.
    fn new(window: Window, rate: u64, round: Duration, at_once: bool) -> Self {
        let (near, far, now) = (Vat::local(), Vat::local(), Instant::now());
        let (taken, written) = (Rc::<Cell<usize>>::default(), Rc::<Cell<usize>>::default());
        let held = Rc::<RefCell<VecDeque<_>>>::default();
        let (counts, waits) = (Rc::clone(&taken), Rc::clone(&held));
        let sink = Client::new(far.here(), move |call: Call| {
            let (counts, waits) = (Rc::clone(&counts), Rc::clone(&waits));
            async move {
                if call.method() == WRITE {
                    call.streaming();
                    if !at_once {
                        let (tell, hear) = oneshot::channel();
                        waits.borrow_mut().push_back(tell);
                        hear.await.expect("it is told");
                    }
                    counts.set(counts.get() + 1);
                }
                Ok(call.reply())
            }
        });
        let lane = || {
            let (messages, reader, sent) = (VecDeque::new(), None, 0);
            let (passed, delay, small) = (now, round / 2, None);
            Rc::new(RefCell::new(Lane { now, rate, delay, passed, messages, reader, sent, small }))
        };
        let lanes = [lane(), lane()];
        let end = |to: usize, from: usize| {
            let (incoming, outgoing) = (Rc::clone(&lanes[from]), Rc::clone(&lanes[to]));
            Fake::new(End { incoming, outgoing })
        };
        let mut config = Config::default();
        config.stream_window = window;
        let _served = Link::connect(far.here(), end(1, 0), config.clone(), Some(&sink));
        let client = Link::connect(near.here(), end(0, 1), config, None).bootstrap();
        let writer = Box::pin(write(client.clone(), Rc::clone(&written)));
        Self { near, far, lanes, now, client, writer, written, taken, held, most: 0 }
    }

    /// Everything that happens now.
    fn settle(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            let before = (self.written.get(), self.lanes[0].borrow().sent);
            for vat in [&self.near, &self.far] {
                while vat.turn(self.now) == Turn::More {}
            }
            assert!(self.writer.as_mut().poll(&mut cx).is_pending(), "it goes on for ever");
            self.most = self.most.max(self.written.get() - self.taken.get());
            if before == (self.written.get(), self.lanes[0].borrow().sent) {
                return;
            }
        }
    }

    /// Something arrives, or it is this late.
    fn advance(&mut self, until: Instant) {
        let arrives = |lane: &Rc<RefCell<Lane>>| lane.borrow().messages.front().map(|(at, _)| *at);
        let next = self.lanes.iter().filter_map(arrives).min();
        self.now = next.map_or(until, |next| next.clamp(self.now, until));
        for lane in &self.lanes {
            lane.borrow_mut().now = self.now;
            let reader = lane.borrow_mut().reader.take();
            reader.into_iter().for_each(Waker::wake);
        }
    }

    /// Lets so much time pass; how many writes were taken meanwhile.
    fn run(&mut self, time: Duration) -> usize {
        let (until, before) = (self.now + time, self.taken.get());
        self.most = 0;
        while self.now < until {
            self.settle();
            self.advance(until);
        }
        self.settle();
        self.taken.get() - before
    }

    /// Which part of what the path can carry was carried in so much time.
    fn share(&mut self, time: Duration) -> f64 {
        let rate = self.lanes[0].borrow().rate;
        let bytes = self.run(time) * (BYTES + ENVELOPE);
        bytes as f64 / (rate as f64 * time.as_secs_f64())
    }
}

async fn write(client: Client, written: Rc<Cell<usize>>) {
    let text = "x".repeat(BYTES);
    loop {
        let mut request = client.request(ID, WRITE);
        request.build(|mut root| root.set_as::<capnp::text::Owned>(text.as_str()).expect("fits"));
        written.set(written.get() + 1);
        request.stream().await.expect("the stream goes on");
    }
}

const SECOND: Duration = Duration::from_secs(1);
const ROUND: Duration = Duration::from_millis(50);

#[test]
fn a_stream_fills_a_path_of_50_ms_and_100_mbit_where_a_fixed_window_leaves_it_empty() {
    let mut scene = Scene::new(Window::default(), 100 * MEGABIT, ROUND, true);
    scene.run(SECOND);
    let share = scene.share(2 * SECOND);
    assert!(share >= 0.9, "{share}");
    let holds = (100 * MEGABIT) as usize / 20;
    assert!(scene.most * BYTES < 2 * holds, "{} bytes on their way", scene.most * BYTES);

    let mut fixed = Scene::new(Window::Fixed(64 << 10), 100 * MEGABIT, ROUND, true);
    fixed.run(SECOND);
    let share = fixed.share(2 * SECOND);
    assert!((0.08..0.15).contains(&share), "{share}");
}

#[test]
fn on_a_path_of_no_length_the_window_stays_narrow() {
    let mut scene = Scene::new(Window::default(), 1000 * MEGABIT, SECOND / 10_000, true);
    scene.run(SECOND / 5);
    assert!(scene.share(SECOND / 5) > 0.95);
    assert!(scene.most * BYTES <= 320 << 10, "{} bytes on their way", scene.most * BYTES);
}

#[test]
fn an_object_that_takes_its_time_is_not_flooded() {
    let mut scene = Scene::new(Window::default(), 1000 * MEGABIT, SECOND / 1000, false);
    let mut most = 0;
    for _ in 0..600 {
        scene.run(SECOND / 200);
        most = most.max(scene.most);
        if let Some(first) = scene.held.borrow_mut().pop_front() {
            first.send(()).expect("it waits");
        }
    }
    assert!(scene.taken.get() > 500);
    assert!(most * BYTES <= 320 << 10, "{} bytes on their way", most * BYTES);
}

#[test]
fn no_more_is_on_its_way_than_the_most() {
    let window = Window::Adaptive { min: 64 << 10, max: 256 << 10 };
    let mut scene = Scene::new(window, 1000 * MEGABIT, ROUND, true);
    scene.run(2 * SECOND);
    let writes = (256 << 10) / (BYTES + ENVELOPE);
    assert!((writes..writes + 4).contains(&scene.most), "{} writes", scene.most);
}

#[test]
fn a_small_call_beside_a_stream_at_full_speed_leaves_in_the_turn_that_follows_and_is_answered_in_two_trips()
 {
    let mut scene = Scene::new(Window::default(), 100 * MEGABIT, ROUND, true);
    scene.run(2 * SECOND);
    for _ in 0..20 {
        scene.run(SECOND / 37);
        let (sent, made) = (scene.lanes[0].borrow().sent, scene.now);
        scene.lanes[0].borrow_mut().small = None;
        let mut answer: Pin<Box<Promise>> = Box::pin(scene.client.request(ID, SMALL).send());
        let _ = scene.near.turn(scene.now);
        let number = scene.lanes[0].borrow().small.expect("it left in one turn");
        assert!(number - sent <= 64, "{} messages left before it", number - sent);
        while answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            scene.settle();
            scene.advance(made + SECOND);
        }
        assert!(scene.now - made < 2 * ROUND, "{:?}", scene.now - made);
    }
}
