//! Streams: calls made one behind the other, each as soon as there is room for it, none awaited.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use futures_channel::oneshot;

use crate::runtime::{Local, Mailbox, gone, leave};
use crate::vat::CallId;
use crate::wire::Exception;

use super::client::Client;
#[cfg(feature = "worker")]
use super::promise::on;
use super::promise::{Hold, Promise, Promised, forward};
use super::send::{Manner, Outgoing};

/// A streaming call that was made: ready when there is room for the next.
///
/// - If the call goes to a peer, there is room while less than a window of bytes is on its way to the
///   capability it was sent to ([`Window`](crate::conn::Window)). Dropping this cancels nothing.
/// - If it goes to an object of the same vat, there is room when the call returned; dropping this
///   cancels the call, unless it is [detached](Self::detach).
///
/// The error is the first one any call of the stream failed with: all later ones fail with it and are
/// not sent. Cancel safe.
#[must_use = "it says when more may be written, and whether the stream failed"]
pub struct Written(Promise);

impl Written {
    pub(super) fn new(call: Outgoing) -> Self {
        call.client.note_stream(call.content.words());
        Self(call.send_as(Manner::Streaming))
    }

    /// There is room when the outcome of `call` is there.
    pub(super) fn waiting(here: &Local, call: CallId) -> Self {
        Self(Promise::new(here.mailbox(), Promised::Here(call)))
    }

    pub(super) fn failed(mailbox: &Arc<Mailbox>, why: Exception) -> Self {
        Self(Promise::failed(mailbox, why))
    }
}

impl Written {
    /// Lets the call run to its end, wherever it goes.
    pub fn detach(self) {
        self.0.detach();
    }
}

impl Future for Written {
    type Output = Result<(), Exception>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_ok(drop)
    }
}

impl Client {
    /// Nobody wants the streaming calls made on this client to arrive any more: while they wait for what a call returns,
    /// they do not keep that call. See `Graph::cut_stream`.
    #[cfg(feature = "worker")]
    pub(crate) fn cut_stream(&self) {
        let client = self.clone();
        on(self.mailbox(), move |here| {
            if let Some(cap) = client.cap_here(here) {
                here.with(|graph| graph.cut_stream(cap));
            }
        });
    }

    /// Whether a streaming call failed that was made before it was known what this is. Known on the vat's own thread only.
    #[cfg(feature = "worker")]
    pub(crate) fn lost_writes(&self) -> bool {
        let here = self.here();
        let cap = here.as_ref().and_then(|here| self.cap_here(here));
        let both = here.zip(cap);
        both.is_some_and(|(here, cap)| here.with(|graph| graph.why_stream_broken(cap).is_some()))
    }

    /// Ready when every streaming call made on this client so far has been acknowledged: it has
    /// returned. Fails with what the first of the stream failed with.
    pub fn acknowledged(&self) -> Written {
        if let Some(here) = self.here() {
            return Written(match self.cap_here(&here) {
                Some(cap) => Promise::new(here.mailbox(), Promised::Here(here.fence(cap))),
                None => Promise::failed(here.mailbox(), gone()),
            });
        }
        let client = self.clone();
        let known = Arc::new(OnceLock::new());
        let call = Arc::clone(&known);
        let (tell, hear) = oneshot::channel();
        leave(self.mailbox(), move |here| match client.cap_here(here) {
            Some(cap) => {
                let call = here.fence(cap);
                if known.set(call).is_ok() {
                    forward(here, call, tell);
                }
            }
            None => drop(tell.send(Err(gone()))),
        });
        let hold = Hold::new(self.mailbox(), &call);
        Written(Promise::new(self.mailbox(), Promised::Away { call, hear, hold }))
    }
}
