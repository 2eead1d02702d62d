//! An executor that does nothing else: whoever is woken has one poll a round, and the work is the first of each.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Set once its task is to be polled.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A task that was never polled is woken.
fn task() -> (Arc<Woken>, Waker) {
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    (Arc::clone(&woken), Waker::from(woken))
}

struct Spawned {
    future: Pin<Box<dyn Future<Output = ()>>>,
    woken: Arc<Woken>,
    waker: Waker,
}

/// What runs beside the work.
#[derive(Default)]
pub(crate) struct Pool(Vec<Spawned>);

impl Pool {
    pub(crate) fn spawn(&mut self, future: impl Future<Output = ()> + 'static) {
        let (woken, waker) = task();
        self.0.push(Spawned { future: Box::pin(future), woken, waker });
    }

    pub(crate) fn run_until<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let (woken, waker) = task();
        loop {
            let mut all_sleep = true;
            if woken.0.swap(false, Ordering::Relaxed) {
                all_sleep = false;
                if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return done;
                }
            }
            for Spawned { future, woken, waker } in &mut self.0 {
                if woken.0.swap(false, Ordering::Relaxed) {
                    all_sleep = false;
                    // A driver ends with its vat, which outlives the pool.
                    let _ = future.as_mut().poll(&mut Context::from_waker(waker));
                }
            }
            assert!(!all_sleep, "everybody sleeps");
        }
    }
}
