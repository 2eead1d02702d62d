//! A vat that has a driver: what a promise takes in before the driver is polled, and how a connection is let go of.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Client, Link, shut_down};
use bowline::runtime::{Clock, Turn, Vat};
use bowline::transport::same_thread;
use bowline::wire::Exception;

use super::fake::{Fake, Way};
use super::{ADD, add, adder};

thread_local! {
    static TIME: Cell<Option<Instant>> = const { Cell::new(None) };
}

fn time() -> Instant {
    TIME.get().expect("it was set")
}

/// A clock set by hand, which may or may not be read without it.
struct ByHand {
    teller: Option<fn() -> Instant>,
}

impl Clock for ByHand {
    fn now(&self) -> Instant {
        time()
    }

    fn poll_sleep(&mut self, _: Instant, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    fn teller(&self) -> Option<fn() -> Instant> {
        self.teller
    }
}

/// The far vat's object, which adds, as the near vat has it.
fn joined(near: &Vat, far: &Vat) -> Client {
    let (left, right) = same_thread();
    Link::connect(far.here(), right, Config::default(), Some(&adder(far.here())));
    Link::connect(near.here(), left, Config::default(), None).bootstrap()
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A call whose answer has come to a vat whose driver slept since the call left, an hour ago: what the promise says,
/// what it says once the driver was polled, and whether the vat then knew what time it is before.
fn answered(teller: Option<fn() -> Instant>) -> (Poll<u32>, Poll<u32>, bool) {
    let start = Instant::now();
    TIME.set(Some(start));
    let (near, far) = (Vat::local(), Vat::local());
    let client = joined(&near, &far);
    let mut driver = pin!(near.driver(ByHand { teller }));
    let mut sum = pin!(add(&client, ADD, 3));
    assert!(poll(sum.as_mut()).is_pending());
    assert!(poll(driver.as_mut()).is_pending());
    TIME.set(Some(start + Duration::from_secs(3600)));
    while far.turn(time()) == Turn::More {}
    let before = poll(sum.as_mut()).map(|sum| sum.expect("it adds"));
    let knew = near.here().now() == Some(time());
    assert!(poll(driver.as_mut()).is_pending());
    let after = match before {
        Poll::Ready(sum) => Poll::Ready(sum),
        Poll::Pending => poll(sum.as_mut()).map(|sum| sum.expect("it adds")),
    };
    (before, after, knew)
}

#[test]
fn a_promise_that_is_polled_first_takes_in_what_the_driver_was_woken_for() {
    assert_eq!(answered(Some(time)), (Poll::Ready(3), Poll::Ready(3), true));
}

#[test]
fn a_promise_leaves_it_to_a_driver_whose_time_it_cannot_tell() {
    assert_eq!(answered(None), (Poll::Pending, Poll::Ready(3), false));
}

/// What became of a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Flushed,
    Closed,
    Dropped,
}

/// A way to a peer that never says anything.
struct Mute {
    ends_when_dropped: bool,
    done: Rc<RefCell<Vec<Done>>>,
}

impl Mute {
    fn tell(&self, done: Done) -> Poll<()> {
        self.done.borrow_mut().push(done);
        Poll::Ready(())
    }
}

impl Way for Mute {
    fn flush(&mut self) -> Poll<()> {
        self.tell(Done::Flushed)
    }

    fn close(&mut self) -> Poll<()> {
        self.tell(Done::Closed)
    }

    fn ends_when_dropped(&self) -> bool {
        self.ends_when_dropped
    }
}

impl Drop for Mute {
    fn drop(&mut self) {
        let _told = self.tell(Done::Dropped);
    }
}

/// What is done to the transport of a connection from when `end` ends it.
fn let_go(ends_when_dropped: bool, end: impl FnOnce(&Vat, &Link)) -> Vec<Done> {
    let (vat, done) = (Vat::local(), Rc::<RefCell<Vec<Done>>>::default());
    let mute = Mute { ends_when_dropped, done: Rc::clone(&done) };
    let link = Link::accept(vat.here(), Fake::new(mute), Config::default(), None);
    while vat.turn(Instant::now()) == Turn::More {}
    done.borrow_mut().clear();
    end(&vat, &link);
    while vat.turn(Instant::now()) == Turn::More {}
    done.take()
}

#[test]
fn what_ends_when_it_is_dropped_is_flushed_and_dropped() {
    let hang_up = |_: &Vat, link: &Link| link.hang_up(Exception::disconnected("enough"));
    assert_eq!(let_go(true, hang_up), [Done::Flushed, Done::Dropped]);
    assert_eq!(let_go(false, hang_up), [Done::Closed, Done::Dropped]);
}

#[test]
fn last_words_are_flushed_before_it_is_dropped() {
    let abort = |_: &Vat, link: &Link| link.abort(Exception::failed("enough"));
    let done = let_go(true, abort);
    assert_eq!(done.last_chunk(), Some(&[Done::Flushed, Done::Dropped]));
    assert!(!done.contains(&Done::Closed), "{done:?}");
    assert_eq!(let_go(false, abort).last_chunk(), Some(&[Done::Closed, Done::Dropped]));
}

#[test]
fn what_waits_for_its_peer_to_leave_is_closed_and_not_dropped() {
    let leave = |vat: &Vat, _: &Link| {
        let mut leaving = pin!(shut_down(vat.here(), Duration::ZERO));
        for _ in 0..10 {
            let _at_rest = poll(leaving.as_mut());
        }
    };
    let done = let_go(true, leave);
    let closed = done.iter().position(|done| *done == Done::Closed);
    let dropped = done.iter().position(|done| *done == Done::Dropped);
    assert!(closed.is_some(), "{done:?}");
    assert!(dropped.is_none_or(|dropped| closed < Some(dropped)), "{done:?}");
}
