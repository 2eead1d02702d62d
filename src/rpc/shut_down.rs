//! Shutting down: nobody new is served, what runs comes to its end, and everybody is told goodbye.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::runtime::{Local, TimerId};
use crate::vat::LinkId;
use crate::wire::Exception;

use super::bridge::bridges;

/// How shutting down ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutDown {
    /// What ran came to its end.
    Finished,
    /// The deadline came before: so many calls and streams were cut off. Their callers are told `disconnected`.
    CutOff(usize),
}

/// Why the connections of a vat end, once it shuts down.
#[derive(Default)]
struct Reason(RefCell<Option<Exception>>);

/// The vat `here` leaves its peers in good order: (C-A7)
///
/// 1. From the first poll on nobody is served who was not before. What was offered to a peer takes no more calls:
///    they fail with `disconnected`, and so does who asks for it anew. Connections that are
///    [accepted](super::Link::accept) are ended at once. Calls on all else that a peer was given go on: what runs may
///    need them.
/// 2. What runs is waited for, but not longer than `within`: calls of peers that are not answered, calls to peers,
///    streams on their way, and what [`Local::engage`] holds, such as a `wait_until`.
/// 3. Every connection is ended with an Abort that says why, behind all that was to be said before, and is kept
///    until the peer has closed its end or the grace of a connection that ends (5 s) is over. Calls that still run
///    are cancelled, and their callers told `disconnected`.
///
/// Stop accepting yourself: drop the listener, or what awaits [`listen`](super::listen()). The vat itself goes on; drop it
/// when this is done. Without a clock (see [`Driver`](crate::runtime::Driver)) the deadline never comes.
///
/// Run it beside the vat's driver, on the vat's thread. Cancel safe: dropped, it leaves the doors shut; called
/// again, it goes on.
pub async fn shut_down(here: &Local, within: Duration) -> ShutDown {
    let why = reason(here);
    own_links(here).into_iter().for_each(|link| here.with(|graph| graph.shut(link, &why)));
    let rest = Rest { here, within, due: None, timer: None };
    let ended = rest.await;
    // Those that came while we waited, too.
    let links = own_links(here);
    for link in &links {
        here.linger(*link);
        here.change(|graph| graph.abort(*link, why.clone()));
    }
    for link in links {
        let mut gone = pin!(poll_fn(|cx| {
            here.pump(cx.waker());
            here.poll_forgotten(link, cx.waker())
        }));
        gone.as_mut().await;
    }
    ended
}

/// Why the vat ends its connections, if it shuts down.
pub(super) fn is_shutting_down(here: &Local) -> Option<Exception> {
    here.slot::<Reason>().0.borrow().clone()
}

fn reason(here: &Local) -> Exception {
    let why = || Exception::disconnected("the vat is shutting down");
    here.slot::<Reason>().0.borrow_mut().get_or_insert_with(why).clone()
}

/// The connections to others than vats of this process.
fn own_links(here: &Local) -> Vec<LinkId> {
    let bridges = bridges(here);
    here.with(|graph| graph.links().filter(|link| !bridges.contains(link)).collect())
}

/// Ready when nothing is under way, or the time is over.
struct Rest<'a> {
    here: &'a Local,
    within: Duration,
    due: Option<Instant>,
    timer: Option<(TimerId, Waker)>,
}

impl Future for Rest<'_> {
    type Output = ShutDown;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ShutDown> {
        let here = self.here;
        here.pump(cx.waker());
        if here.poll_rest(cx.waker()).is_ready() || here.mailbox().is_closed() {
            return Poll::Ready(ShutDown::Finished);
        }
        if self.within.is_zero() {
            return Poll::Ready(ShutDown::CutOff(here.under_way()));
        }
        // A time that cannot be told never comes; nor does one where nobody tells the time.
        let Some(now) = here.now() else { return Poll::Pending };
        let Some(due) = self.due.or_else(|| now.checked_add(self.within)) else {
            return Poll::Pending;
        };
        self.due = Some(due);
        if now >= due {
            return Poll::Ready(ShutDown::CutOff(here.under_way()));
        }
        // To set a timer is work for the vat: done once for each task that asks.
        if self.timer.as_ref().is_none_or(|(_, waker)| !waker.will_wake(cx.waker())) {
            self.cancel_timer();
            let waker = cx.waker().clone();
            self.timer = Some((here.set_timer(due, waker.clone()), waker));
        }
        Poll::Pending
    }
}

impl Rest<'_> {
    fn cancel_timer(&mut self) {
        if let Some((timer, _)) = self.timer.take() {
            self.here.cancel_timer(timer);
        }
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.cancel_timer();
    }
}
