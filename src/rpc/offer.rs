//! An offer is a call that is wanted, while it waits at a promise, by nobody but those who pipeline on it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use crate::runtime::{Local, Mailbox, gone};
use crate::vat::{CallId, Ends, LinkId};
use crate::wire::{Content, Exception, Path};

use super::client::Client;
use super::promise::on;
use super::reply::Reply;
use super::send::Outgoing;

/// The outcome of a call that was offered: see `Graph::offer`. To be polled on the vat's thread. Cancel safe.
pub(crate) struct Offer {
    mailbox: Arc<Mailbox>,
    /// Which call it is, once the vat took it in.
    call: Arc<OnceLock<CallId>>,
    /// The connection it was sent over.
    over: Option<LinkId>,
}

/// A capability in the results of an offer. Whoever only waits for it to be known is not to keep what it is the result of
/// once the connection it came over is lost. (C-A8)
pub(crate) struct Offered {
    pub(crate) client: Client,
    over: Option<LinkId>,
    /// Whether the end of the connection is heard of.
    listens: bool,
}

impl Offered {
    /// Whether the connection ended before it was known what this is, or what it was, or what was written to it, is gone
    /// with that. If not, whoever asked first is woken when the connection ends. To be asked on the vat's thread, by one
    /// task.
    pub(crate) fn is_lost(&mut self, cx: &Context<'_>) -> bool {
        let (Some(here), Some(over)) = (self.client.here(), self.over) else { return false };
        if here.with(|graph| graph.is_connected(over)) {
            if !std::mem::replace(&mut self.listens, true) {
                here.watch_closed(over, cx.waker());
            }
            return false;
        }
        self.client.is_promise() || self.client.is_broken() || self.client.lost_writes()
    }
}

impl Client {
    /// Makes a call for the sake of what will be at `path` in its results. Made on another thread, it has a place
    /// behind all that was posted before.
    pub(crate) fn offer(
        &self,
        (interface, method): (u64, u16),
        content: Content,
        path: Path,
    ) -> (Self, Offer) {
        let mailbox = Arc::clone(self.mailbox());
        let call = Arc::new(OnceLock::new());
        let known = Arc::clone(&call);
        let outgoing =
            Outgoing { client: self.clone(), interface, method, content, caps: Vec::new() };
        let make = move |here: &Local| match outgoing.ready(here) {
            Ok((cap, request)) => {
                let call = here.call(cap, request);
                here.release(cap);
                // Nobody else sets it.
                let _ = known.set(call);
                here.with(|graph| {
                    let named = graph.pipeline(call, &path);
                    graph.offer(call);
                    named
                })
            }
            Err(why) => here.with(|graph| graph.broken(why)),
        };
        let named = match self.here() {
            Some(here) => Self::adopt(&here, make(&here)),
            None => Self::promised(&mailbox, make),
        };
        (named, Offer { mailbox, call, over: None })
    }
}

impl Offer {
    /// The capability that will be at `path` in the results, if the call waits at no promise any more; what is
    /// pipelined keeps it. To be asked for before the outcome is taken.
    pub(crate) fn cap(&mut self, path: &Path) -> Option<Offered> {
        let here = Local::find(self.mailbox.id())?;
        let call = *self.call.get()?;
        self.note_way(&here, call);
        let cap =
            here.with(|graph| graph.is_under_way(call).then(|| graph.pipeline(call, path)))?;
        Some(self.offered(Client::adopt(&here, cap)))
    }

    /// The same, of what came.
    pub(crate) fn cap_of(&self, results: &Reply, path: &Path) -> Option<Offered> {
        results.cap(path).ok().map(|client| self.offered(client))
    }

    fn offered(&self, client: Client) -> Offered {
        Offered { client, over: self.over, listens: false }
    }

    fn note_way(&mut self, here: &Local, call: CallId) {
        if self.over.is_none() {
            self.over = here.with(|graph| graph.sent_over(call));
        }
    }

    /// Lets the call run to its end though nobody awaits it.
    pub(crate) fn detach(self) {
        if let (Some(here), Some(call)) = (Local::find(self.mailbox.id()), self.call.get()) {
            here.with(|graph| graph.detach(*call));
        }
    }
}

impl Future for Offer {
    type Output = Result<Reply, Exception>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let here = Local::find(self.mailbox.id());
        let (Some(here), Some(call)) = (here, self.call.get().copied()) else {
            return Poll::Ready(Err(gone()));
        };
        self.note_way(&here, call);
        match here.poll_outcome(call, Ends::Result, cx.waker()) {
            Some(outcome) => Poll::Ready(outcome.map(|payload| Reply::new(&here, payload))),
            None if self.mailbox.is_closed() => Poll::Ready(Err(gone())),
            None => Poll::Pending,
        }
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        let call = Arc::clone(&self.call);
        on(&self.mailbox, move |here| {
            if let Some(call) = call.get() {
                here.drop_result(*call);
            }
        });
    }
}
