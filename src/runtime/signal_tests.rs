//! A signal and its two sides, on real threads. `tests/mailbox` plays every order of what they do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use super::signal::{Near, Raise, Ready, Signal, Sleeper};

fn waker(signal: &Arc<Signal>, ready: Ready) -> Waker {
    Waker::from(Arc::new(Raise { ready, signal: Arc::clone(signal) }))
}

#[test]
fn a_raise_before_the_sleep_is_not_missed() {
    let signal = Arc::new(Signal::new(0));
    let near = Near::enter(&signal);
    waker(&signal, Ready::Task(7)).wake();
    let far = waker(&signal, Ready::Task(8));
    std::thread::spawn(|| far.wake()).join().expect("it does not panic");
    assert!(!near.sleep(Sleeper::Driver, Waker::noop()));
    let mut ready = Vec::new();
    near.take(&mut ready);
    assert_eq!(ready, [Ready::Task(7), Ready::Task(8)]);
    assert!(near.sleep(Sleeper::Driver, Waker::noop()));
}

/// A vat's driver, which notes that it was woken.
struct Dozer(AtomicBool);

impl Wake for Dozer {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

#[test]
fn every_raise_from_wherever_wakes_who_sleeps() {
    let signal = Arc::new(Signal::new(0));
    let near = Near::enter(&signal);
    let sleeper = Arc::new(Dozer(AtomicBool::new(false)));
    let sleeps = Waker::from(Arc::clone(&sleeper));
    let woken = || sleeper.0.swap(false, Ordering::AcqRel);
    // Each after each, twice: what one side remembers does not keep the other from waking.
    for from_here in [true, false, false, true, true, false] {
        near.take(&mut Vec::new());
        assert!(near.sleep(Sleeper::Driver, &sleeps));
        assert!(!woken());
        let raise = waker(&signal, Ready::Task(1));
        match from_here {
            true => raise.wake(),
            false => std::thread::spawn(|| raise.wake()).join().expect("it does not panic"),
        }
        assert!(woken(), "from here: {from_here}");
    }
    near.leave();
    near.take(&mut Vec::new());
    assert!(near.sleep(Sleeper::Driver, &sleeps));
    signal.raise();
    assert!(woken(), "after the vat has left its place");
}
