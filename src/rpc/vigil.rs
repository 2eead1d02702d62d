//! A vigil is kept beside a peer who came to us, and ends the connection when it was silent for too long.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::runtime::{Ending, Local, TimerId};
use crate::vat::LinkId;
use crate::wire::Exception;

/// Ready when the connection is over, which it may have seen to. (C-M11)
pub(super) struct Vigil {
    here: Local,
    link: LinkId,
    ending: Ending,
    idle_max: Duration,
    /// How long from the last look to the next.
    pause: Duration,
    due: Option<Instant>,
    timer: Option<TimerId>,
    /// How many messages had come at the last look.
    heard: u64,
}

impl Vigil {
    pub(super) fn new(
        here: &Local,
        link: LinkId,
        ending: Ending,
        patience: Duration,
        idle_max: Duration,
    ) -> Self {
        let here = here.clone();
        Self { here, link, ending, idle_max, pause: patience, due: None, timer: None, heard: 0 }
    }

    /// Looks whether the peer did anything since the last look. False: the connection was ended.
    fn look(&mut self) -> bool {
        let seen = self
            .here
            .with(|graph| graph.connection(self.link).map(|conn| (conn.heard(), conn.is_idle())));
        let Some((heard, is_idle)) = seen else { return false };
        if heard == self.heard && (heard == 0 || is_idle) {
            let why = format!("nothing came for {:?}", self.pause);
            let why = Exception::disconnected(why);
            self.here.change(|graph| graph.abort(self.link, why));
            return false;
        }
        self.heard = heard;
        self.pause = self.idle_max;
        true
    }

    fn set_timer(&mut self, due: Instant, waker: &Waker) {
        self.cancel_timer();
        self.timer = Some(self.here.set_timer(due, waker.clone()));
    }

    fn cancel_timer(&mut self) {
        if let Some(id) = self.timer.take() {
            self.here.cancel_timer(id);
        }
    }
}

impl Future for Vigil {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.ending.get().is_some() {
            return Poll::Ready(());
        }
        self.here.watch_closed(self.link, cx.waker());
        // A time that cannot be told never comes; nor does one where nobody tells the time.
        let Some(now) = self.here.now() else { return Poll::Pending };
        let Some(due) = self.due.or_else(|| now.checked_add(self.pause)) else {
            return Poll::Pending;
        };
        if now < due {
            self.due = Some(due);
            self.set_timer(due, cx.waker());
            return Poll::Pending;
        }
        if !self.look() {
            return Poll::Ready(());
        }
        self.due = now.checked_add(self.pause);
        if let Some(due) = self.due {
            self.set_timer(due, cx.waker());
        }
        Poll::Pending
    }
}

impl Drop for Vigil {
    fn drop(&mut self) {
        self.cancel_timer();
    }
}
