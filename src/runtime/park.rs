//! An executor of one future: the thread sleeps until it is woken or a timer is due.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

use futures_channel::oneshot;

use super::host::Vat;
use super::signal::Sleeper;
use super::turn::Turn;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs the vat until `ended`, with no executor but this thread.
pub(super) fn run(vat: &Vat, ended: oneshot::Receiver<()>) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut ended = pin!(ended);
    while Pin::new(&mut ended).poll(&mut cx) == Poll::Pending {
        let now = Instant::now();
        let Turn::Idle(due) = vat.turn(now) else { continue };
        if !vat.here().inner().near.sleep(Sleeper::Driver, &waker) {
            continue;
        }
        match due {
            Some(due) => thread::park_timeout(due.saturating_duration_since(now)),
            None => thread::park(),
        }
    }
}
