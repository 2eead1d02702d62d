//! A promise is the outcome of a call that was made, and the way to what will be in it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use futures_channel::oneshot;

use crate::runtime::{Local, Mailbox, gone, leave};
use crate::vat::{CallId, Ends, Outcome};
use crate::wire::{Exception, Path};

use super::client::Client;
use super::reply::Reply;

/// The outcome of a call.
///
/// Awaiting it gives the [`Reply`]. Before that, [`pipeline`](Self::pipeline) leads to the
/// capabilities that will be in it. Dropping it cancels the call, unless something is pipelined on
/// it; [`detach`](Self::detach) lets the call run to its end.
///
/// Cancel safe: a poll that is not repeated loses nothing.
#[must_use = "dropping a promise cancels its call"]
pub struct Promise {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) state: Promised,
}

/// The life of a promise.
pub(super) enum Promised {
    /// Made on the vat's thread.
    Here(CallId),
    /// Made on another thread: which call it is, once the vat took it in, and what came of it.
    Away {
        call: Arc<OnceLock<CallId>>,
        hear: oneshot::Receiver<Result<Reply, Exception>>,
        hold: Hold,
    },
    /// A streaming call that was sent: there is room for the next.
    Sent,
    /// It failed before it was made.
    Failed(Exception),
    /// Taken.
    Over,
}

impl Promise {
    pub(super) fn new(mailbox: &Arc<Mailbox>, state: Promised) -> Self {
        Self { mailbox: Arc::clone(mailbox), state }
    }

    pub(super) fn failed(mailbox: &Arc<Mailbox>, why: Exception) -> Self {
        Self::new(mailbox, Promised::Failed(why))
    }

    /// The promise of a call of this thread.
    #[cfg(feature = "worker")]
    pub(crate) fn of(here: &Local, call: CallId) -> Self {
        Self::new(here.mailbox(), Promised::Here(call))
    }

    /// The vat, if it lives on this thread.
    pub(super) fn here(&self) -> Option<Local> {
        Local::find(self.mailbox.id())
    }

    /// The way to the capabilities in the results.
    #[must_use]
    pub fn pipeline(&self) -> Pipeline {
        let call = match &self.state {
            Promised::Here(call) => Which::Known(*call),
            Promised::Away { call, .. } => Which::Later(Arc::clone(call)),
            Promised::Failed(why) => Which::Never(why.clone()),
            Promised::Sent => Which::Never(Exception::failed("a stream has no results")),
            Promised::Over => Which::Never(Exception::failed("the results were taken")),
        };
        Pipeline::new(&self.mailbox, call)
    }

    /// The capability that will be at `path` in the results; calls on it need not wait for them.
    #[must_use]
    pub fn cap(&self, path: &Path) -> Client {
        if let Promised::Here(call) = self.state
            && let Some(here) = self.here()
        {
            // The promise keeps the call as a pipeline would.
            here.read_mail();
            return Client::adopt(&here, here.with(|graph| graph.pipeline(call, path)));
        }
        self.pipeline().cap(path)
    }

    /// Lets the call run to its end though nobody waits for it.
    pub fn detach(mut self) {
        match std::mem::replace(&mut self.state, Promised::Over) {
            Promised::Here(call) => on(&self.mailbox, move |here| {
                here.with(|graph| graph.detach(call));
                here.drop_pipeline(call);
            }),
            Promised::Away { call, hear, hold } => {
                on(&self.mailbox, move |here| {
                    if let Some(call) = call.get() {
                        here.with(|graph| graph.detach(*call));
                    }
                    drop((hear, hold));
                });
            }
            Promised::Sent | Promised::Failed(_) | Promised::Over => {}
        }
    }

    /// As [`detach`](Self::detach), of what is said to whoever is there: it keeps nobody there. See
    /// `Graph::detach_as_courtesy`.
    #[cfg(feature = "worker")]
    pub(crate) fn detach_as_courtesy(mut self) {
        let (call, away) = match std::mem::replace(&mut self.state, Promised::Over) {
            Promised::Here(call) => (Arc::new(OnceLock::from(call)), None),
            Promised::Away { call, hear, hold } => (call, Some((hear, hold))),
            Promised::Sent | Promised::Failed(_) | Promised::Over => return,
        };
        on(&self.mailbox, move |here| {
            if let Some(call) = call.get() {
                here.with(|graph| graph.detach_as_courtesy(*call));
                if away.is_none() {
                    here.drop_pipeline(*call);
                }
            }
            drop(away);
        });
    }

    fn poll_here(&mut self, here: &Local, call: CallId, cx: &Context<'_>) -> Poll<Outcome> {
        match here.poll_outcome(call, Ends::Both, cx.waker()) {
            Some(outcome) => {
                self.state = Promised::Over;
                Poll::Ready(outcome)
            }
            None if here.mailbox().is_closed() => Poll::Ready(Err(gone())),
            None => Poll::Pending,
        }
    }

    /// The outcome of a call of this thread, if it is there.
    pub(super) fn take_here(&mut self, here: &Local) -> Option<Outcome> {
        let Promised::Here(call) = self.state else { return None };
        let outcome = here.with(|graph| graph.collect_and_end(call, Ends::Both))?;
        self.state = Promised::Over;
        Some(outcome)
    }

    /// The promise came to another thread than the vat's: its outcome is sent after it.
    fn leave(&mut self, call: CallId) {
        let (tell, hear) = oneshot::channel();
        leave(&self.mailbox, move |here| forward(here, call, tell));
        let call = Arc::new(OnceLock::from(call));
        let hold = Hold::new(&self.mailbox, &call);
        self.state = Promised::Away { call, hear, hold };
    }
}

impl Future for Promise {
    type Output = Result<Reply, Exception>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Promised::Here(call) = self.state {
            match Local::find(self.mailbox.id()) {
                Some(here) => {
                    let outcome = self.poll_here(&here, call, cx);
                    return outcome
                        .map(|outcome| outcome.map(|payload| Reply::new(&here, payload)));
                }
                None if self.mailbox.is_closed() => {
                    self.state = Promised::Over;
                    return Poll::Ready(Err(gone()));
                }
                None => self.leave(call),
            }
        }
        if let (Promised::Away { .. }, Some(here)) = (&self.state, Local::find(self.mailbox.id())) {
            // The promise came home, where nobody else may be driving the vat.
            here.pump(cx.waker());
        }
        match &mut self.state {
            Promised::Away { hear, .. } => {
                let heard = Pin::new(hear).poll(cx);
                heard.map(|heard| {
                    self.state = Promised::Over;
                    heard.unwrap_or_else(|_| Err(gone()))
                })
            }
            Promised::Sent => Poll::Ready(Ok(Reply::nothing())),
            Promised::Failed(why) => Poll::Ready(Err(why.clone())),
            Promised::Here(_) | Promised::Over => {
                Poll::Ready(Err(Exception::failed("the results were taken")))
            }
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if let Promised::Here(call) = self.state {
            on(&self.mailbox, move |here| {
                here.drop_result(call);
                here.drop_pipeline(call);
            });
        }
    }
}

/// Keeps what will be pipelined on a call from another thread possible, as long as its promise
/// lives there: the results may be here before the thread asks for what is in them.
pub(super) struct Hold {
    mailbox: Arc<Mailbox>,
    call: Arc<OnceLock<CallId>>,
}

impl Hold {
    pub(super) fn new(mailbox: &Arc<Mailbox>, call: &Arc<OnceLock<CallId>>) -> Self {
        Self { mailbox: Arc::clone(mailbox), call: Arc::clone(call) }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let call = Arc::clone(&self.call);
        // Posted on the vat's own thread too: what made the call may still lie in the mailbox.
        leave(&self.mailbox, move |here| {
            if let Some(call) = call.get() {
                here.drop_pipeline(*call);
            }
        });
    }
}

/// Sends the outcome of a call to another thread; the call is cancelled when nobody listens there.
pub(super) fn forward(
    here: &Local,
    call: CallId,
    mut tell: oneshot::Sender<Result<Reply, Exception>>,
) {
    here.with(|graph| graph.add_pipeline(call));
    let mut promise = Promise::new(here.mailbox(), Promised::Here(call));
    here.spawn(Box::pin(async move {
        let outcome = std::future::poll_fn(|cx| {
            if tell.poll_canceled(cx).is_ready() {
                return Poll::Ready(None);
            }
            Pin::new(&mut promise).poll(cx).map(Some)
        });
        if let Some(outcome) = outcome.await {
            // Nobody may be left to be told.
            let _ = tell.send(outcome);
        }
    }));
}

/// Does something on the vat's thread: now if this is it, else behind what was posted.
pub(crate) fn on(mailbox: &Arc<Mailbox>, f: impl FnOnce(&Local) + Send + 'static) {
    match Local::find(mailbox.id()) {
        Some(here) => f(&here),
        None => leave(mailbox, f),
    }
}

/// The way to the capabilities in the results of a call. It keeps the call wanted, and what it leads
/// to usable after the results were taken and dropped.
pub struct Pipeline {
    mailbox: Arc<Mailbox>,
    call: Which,
}

/// The call a pipeline belongs to.
#[derive(Clone)]
enum Which {
    Known(CallId),
    Later(Arc<OnceLock<CallId>>),
    Never(Exception),
}

impl Which {
    fn known(&self) -> Result<CallId, Exception> {
        match self {
            Self::Known(call) => Ok(*call),
            Self::Later(call) => {
                call.get().copied().ok_or_else(|| Exception::failed("the call was not made"))
            }
            Self::Never(why) => Err(why.clone()),
        }
    }
}

impl Pipeline {
    fn new(mailbox: &Arc<Mailbox>, call: Which) -> Self {
        let held = call.clone();
        on(mailbox, move |here| {
            if let Ok(call) = held.known() {
                here.with(|graph| graph.add_pipeline(call));
            }
        });
        Self { mailbox: Arc::clone(mailbox), call }
    }

    /// The capability that will be at `path` in the results; calls on it need not wait for them.
    #[must_use]
    pub fn cap(&self, path: &Path) -> Client {
        let (call, path) = (self.call.clone(), path.clone());
        let make = move |here: &Local| {
            let call = call.known();
            here.with(|graph| match call {
                Ok(call) => graph.pipeline(call, &path),
                Err(why) => graph.broken(why),
            })
        };
        match Local::find(self.mailbox.id()) {
            Some(here) => {
                here.read_mail();
                Client::adopt(&here, make(&here))
            }
            None => Client::promised(&self.mailbox, make),
        }
    }
}

impl Clone for Pipeline {
    fn clone(&self) -> Self {
        Self::new(&self.mailbox, self.call.clone())
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        let call = self.call.clone();
        on(&self.mailbox, move |here| {
            if let Ok(call) = call.known() {
                here.drop_pipeline(call);
            }
        });
    }
}
