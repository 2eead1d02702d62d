//! A call whose promise came to another thread than it was made on.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_channel::oneshot;

use crate::rpc::{Client, Promise, lend, on};
use crate::runtime::{Local, Mailbox, gone};
use crate::vat::Cap;
use crate::wire::{Exception, Path};

use super::error::JsError;
use super::exception::{caught, thrown};
use super::lobby::{Came, Seat};
use super::outcome::{again, received};
use super::received::Received;
use super::returned::PIPELINE;

type Outcome = Result<Received, JsError>;

/// Hears on its thread what the call brings. Dropping it cancels the call.
pub(super) struct Away {
    mailbox: Arc<Mailbox>,
    /// What is gone on with.
    root: Client,
    hear: oneshot::Receiver<Outcome>,
}

impl Away {
    /// Of a call that waits in the lobby.
    pub(super) fn of_seat(mut seat: Seat) -> Self {
        Self::new(seat.mailbox(), move |here| seat.give_up(here))
    }

    /// Of a call that is in the graph.
    pub(super) fn of_promise(promise: Promise) -> Self {
        let mailbox = Arc::clone(promise.mailbox());
        Self::new(mailbox, move |_| Some(Came::Entered(promise, false)))
    }

    fn new(
        mailbox: Arc<Mailbox>,
        come: impl FnOnce(&Local) -> Option<Came> + Send + 'static,
    ) -> Self {
        let (tell, hear) = oneshot::channel();
        let root = Client::promised(&mailbox, move |here| {
            let root = match come(here) {
                Some(Came::Entered(mut promise, _)) => match promise.take_now() {
                    Some(outcome) => done(here, received(outcome), tell),
                    None => {
                        let root = promise.cap(&Path::root().field(PIPELINE));
                        forward(here, promise, tell);
                        lend(here, &root)
                    }
                },
                Some(Came::Done(outcome)) => done(here, outcome, tell),
                None => Err(gone()),
            };
            root.unwrap_or_else(|why| here.with(|graph| graph.broken(why)))
        });
        Self { mailbox, root, hear }
    }

    /// The vat the call is of.
    pub(super) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// What is gone on with.
    pub(super) fn root(&self) -> &Client {
        &self.root
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        if let Some(here) = Local::find(self.mailbox.id()) {
            // The promise came home, where nobody else may be driving the vat.
            here.pump(cx.waker());
        }
        let heard = Pin::new(&mut self.hear).poll(cx);
        heard.map(|heard| heard.unwrap_or_else(|_| Err(caught(&gone()))))
    }

    /// Lets the call run to its end.
    pub(super) fn detach(self) {
        let Self { mailbox, hear, .. } = self;
        // Somebody has to listen, or it is cancelled.
        on(&mailbox, |here| here.spawn(Box::pin(async move { drop(hear.await) })));
    }
}

/// Sends what the call brings; it is cancelled when nobody listens.
fn forward(here: &Local, promise: Promise, tell: oneshot::Sender<Outcome>) {
    let (mut promise, mut tell) = (promise, tell);
    here.spawn(Box::pin(async move {
        let outcome = poll_fn(|cx| {
            if tell.poll_canceled(cx).is_ready() {
                return Poll::Ready(None);
            }
            Pin::new(&mut promise).poll(cx).map(Some)
        });
        if let Some(outcome) = outcome.await {
            // Nobody may be left to be told.
            let _ = tell.send(received(outcome));
        }
    }));
}

/// Sends what the call brought.
fn done(here: &Local, outcome: Outcome, tell: oneshot::Sender<Outcome>) -> Result<Cap, Exception> {
    let stub = outcome.as_ref().map_err(Clone::clone);
    let stub = stub.and_then(|received| again(received, here.mailbox()));
    let root = stub.and_then(|stub| stub.client()).map_err(|why| thrown(&why));
    // Nobody may be left to be told.
    let _ = tell.send(outcome);
    lend(here, &root?)
}
