//! Two vats of one thread: who is woken for what is said between them.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link};
use bowline::runtime::{Clock, Driver, Vat};
use bowline::transport::{Framed, FramedLimits, Peer, memory_pipe, same_thread};
use bowline::wire::Exception;

use super::{ADD, ID, LATER, add, adder};

/// Counts how often its task is woken.
#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A clock that stands until it is set to another time.
#[derive(Clone)]
struct At(Rc<Cell<Instant>>);

impl At {
    fn passes(&self, time: Duration) {
        self.0.set(self.0.get() + time);
    }
}

impl Clock for At {
    fn now(&self) -> Instant {
        self.0.get()
    }

    fn poll_sleep(&mut self, _: Instant, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// A driver, and how often it was woken.
struct Task {
    driver: Driver<At>,
    clock: At,
    woken: Arc<Woken>,
}

impl Task {
    fn of(vat: &Vat, time: Instant) -> Self {
        let clock = At(Rc::new(Cell::new(time)));
        Self { driver: vat.driver(clock.clone()), clock, woken: Arc::default() }
    }

    fn poll(&mut self) {
        let waker = Waker::from(Arc::clone(&self.woken));
        assert!(Pin::new(&mut self.driver).poll(&mut Context::from_waker(&waker)).is_pending());
    }

    fn wakes(&self) -> u32 {
        self.woken.0.swap(0, Ordering::Relaxed)
    }
}

/// Two vats, the time of the far one so much later, their drivers asleep, and a client of an object of the far one.
fn pair(off: Duration, bytes: bool) -> (Vec<Vat>, Client, [Task; 2]) {
    let (near, far, time) = (Vat::local(), Vat::local(), Instant::now());
    let own = adder(far.here());
    let client = if bytes {
        let (left, right) = memory_pipe(1 << 16);
        let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
        Link::connect(far.here(), framed(right), Config::default(), Some(&own));
        Link::connect(near.here(), framed(left), Config::default(), None).bootstrap()
    } else {
        let (left, right) = same_thread();
        Link::connect(far.here(), right, Config::default(), Some(&own));
        Link::connect(near.here(), left, Config::default(), None).bootstrap()
    };
    drop(own);
    let mut tasks = [Task::of(&near, time), Task::of(&far, time + off)];
    for _ in 0..4 {
        tasks.iter_mut().for_each(Task::poll);
    }
    for task in &tasks {
        task.wakes();
    }
    (vec![near, far], client, tasks)
}

fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn answered_in_one_poll_of_the_driver(bytes: bool) {
    let (_vats, client, [mut near, far]) = pair(Duration::ZERO, bytes);
    for sum in 1..=3 {
        let mut call = pin!(add(&client, ADD, 1));
        assert!(poll(call.as_mut()).is_pending());
        assert_eq!((near.wakes(), far.wakes()), (1, 0));
        near.poll();
        assert_eq!(poll(call), Poll::Ready(Ok(sum)));
        assert_eq!((near.wakes(), far.wakes()), (0, 0), "nobody else is woken for it");
    }
}

#[test]
fn a_question_is_answered_while_whoever_wrote_it_is_polled() {
    answered_in_one_poll_of_the_driver(false);
}

#[test]
fn a_question_in_bytes_is_answered_while_whoever_wrote_it_is_polled() {
    answered_in_one_poll_of_the_driver(true);
}

#[test]
fn a_vat_that_is_not_done_when_it_was_seen_to_has_its_driver_woken() {
    let (_vats, client, [mut near, mut far]) = pair(Duration::ZERO, false);
    let mut call = pin!(add(&client, LATER, 1));
    assert!(poll(call.as_mut()).is_pending());
    near.poll();
    assert_eq!(far.wakes(), 1, "its object is to be polled again");
    far.poll();
    near.poll();
    assert_eq!(poll(call), Poll::Ready(Ok(1)));
}

#[test]
fn a_vat_at_another_time_is_left_to_its_own_driver() {
    let (_vats, client, [mut near, mut far]) = pair(Duration::from_millis(1), false);
    let mut call = pin!(add(&client, ADD, 1));
    assert!(poll(call.as_mut()).is_pending());
    near.poll();
    assert_eq!(far.wakes(), 1);
    assert!(poll(call.as_mut()).is_pending());
    far.poll();
    near.poll();
    assert_eq!(poll(call), Poll::Ready(Ok(1)));
}

#[test]
fn a_timer_that_is_set_while_a_vat_is_seen_to_is_known_to_its_driver() {
    let (vats, _, [mut near, far]) = pair(Duration::ZERO, false);
    let here = vats[1].here().clone();
    let due = Instant::now() + Duration::from_secs(60);
    let sets = Client::new(vats[1].here(), move |call: Call| {
        here.set_timer(due, Waker::noop().clone());
        async move { Ok(call.reply()) }
    });
    let (left, right) = same_thread();
    Link::connect(vats[1].here(), right, Config::default(), Some(&sets));
    let client = Link::connect(vats[0].here(), left, Config::default(), None).bootstrap();
    let mut call = pin!(client.request(ID, 0).send());
    let mut wakes = 0;
    for _ in 0..8 {
        let done = poll(call.as_mut()).is_ready();
        near.poll();
        wakes += far.wakes();
        if done {
            break;
        }
    }
    assert!(wakes > 0, "it has to sleep until then");
}

#[test]
fn a_driver_that_is_gone_is_not_waited_for() {
    let (_vats, client, [mut near, far]) = pair(Duration::ZERO, false);
    drop(far);
    let mut call = pin!(add(&client, ADD, 1));
    assert!(poll(call.as_mut()).is_pending());
    near.poll();
    // Whoever polls a promise of the far vat drives it from here on; here nobody does.
    assert!(poll(call).is_pending());
}

#[test]
fn time_does_not_pass_in_a_vat_whose_clock_stands() {
    let (vats, client, [mut near, mut far]) = pair(Duration::ZERO, false);
    let due = far.clock.now() + Duration::from_millis(5);
    let woken = Arc::new(Woken::default());
    vats[1].here().set_timer(due, Waker::from(Arc::clone(&woken)));
    far.poll();
    far.wakes();
    for sum in 1..=20 {
        near.clock.passes(Duration::from_micros(900));
        let mut call = pin!(add(&client, ADD, 1));
        assert!(poll(call.as_mut()).is_pending());
        near.poll();
        if far.wakes() > 0 {
            far.poll();
            near.poll();
        }
        assert_eq!(poll(call), Poll::Ready(Ok(sum)));
    }
    assert_eq!(woken.0.load(Ordering::Relaxed), 0, "it is not due");
    far.clock.passes(Duration::from_millis(5));
    far.poll();
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
}

/// One who cannot be woken.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("nobody wakes me");
    }
}

#[test]
fn what_panics_in_a_vat_that_is_seen_to_is_told_to_its_own_driver() {
    let (vats, client, [mut near, mut far]) = pair(Duration::ZERO, false);
    let (promised, resolver) = Client::promise(vats[1].here());
    let resolver = Cell::new(Some(resolver));
    let resolves = Client::new(vats[1].here(), move |call: Call| {
        let resolver = resolver.take().expect("it is called once");
        resolver.resolve(Err(Exception::failed("enough")));
        async move { Ok(call.reply()) }
    });
    let (left, right) = same_thread();
    Link::connect(vats[1].here(), right, Config::default(), Some(&resolves));
    let other = Link::connect(vats[0].here(), left, Config::default(), None).bootstrap();
    for _ in 0..4 {
        near.poll();
        far.poll();
    }
    let mut settled = pin!(promised.settled());
    let panics = Waker::from(Arc::new(Panics));
    assert!(settled.as_mut().poll(&mut Context::from_waker(&panics)).is_pending());
    near.poll();
    far.poll();
    far.wakes();
    let mut asked = pin!(other.request(ID, 0).send());
    assert!(poll(asked.as_mut()).is_pending());
    near.poll();
    assert_eq!(far.wakes(), 1);
    let heard = catch_unwind(AssertUnwindSafe(|| far.poll()));
    assert!(heard.is_err(), "its own driver is told");
    let mut call = pin!(add(&client, ADD, 1));
    assert!(poll(call.as_mut()).is_pending());
    near.poll();
    far.poll();
    near.poll();
    assert_eq!(poll(call), Poll::Ready(Ok(1)), "the other goes on");
}
