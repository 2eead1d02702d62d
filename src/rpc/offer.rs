//! An offer is a call that is wanted, while it waits at a promise, by nobody but those who pipeline on it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use crate::runtime::{Local, Mailbox, gone};
use crate::vat::{CallId, Ends};
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
        (named, Offer { mailbox, call })
    }
}

impl Offer {
    /// The capability that will be at `path` in the results, if the call waits at no promise any more; what is
    /// pipelined keeps it. To be asked for before the outcome is taken.
    pub(crate) fn cap(&self, path: &Path) -> Option<Client> {
        let here = Local::find(self.mailbox.id())?;
        let call = *self.call.get()?;
        let cap =
            here.with(|graph| graph.is_under_way(call).then(|| graph.pipeline(call, path)))?;
        Some(Client::adopt(&here, cap))
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

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let here = Local::find(self.mailbox.id());
        let (Some(here), Some(call)) = (here, self.call.get()) else {
            return Poll::Ready(Err(gone()));
        };
        match here.poll_outcome(*call, Ends::Result, cx.waker()) {
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
