//! Connecting a vat to a peer.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use crate::conn::{Config, Stats};
use crate::runtime::{Ending, Local, Mailbox, gone};
use crate::transport::Transport;
use crate::vat::LinkId;
use crate::wire::Exception;

use super::bootstrap::bootstrap;
use super::caps;
use super::client::Client;
use super::promise::on;
use super::shut_down::is_shutting_down;
use super::vigil::Vigil;

/// A connection of a vat. Dropping it leaves the connection as it is.
#[derive(Clone)]
pub struct Link {
    mailbox: Arc<Mailbox>,
    link: LinkId,
    ending: Ending,
}

impl Link {
    /// Connects a vat of this thread to the peer behind `transport`, who gets `bootstrap` when it
    /// asks.
    pub fn connect(
        here: &Local,
        transport: impl Transport + 'static,
        config: Config,
        bootstrap: Option<&Client>,
    ) -> Self {
        let bootstrap = bootstrap.map(|client| match caps::lend(here, client) {
            Ok(cap) => cap,
            Err(why) => here.with(|graph| graph.broken(why)),
        });
        let (link, ending) = here.connect(Box::new(transport), config, bootstrap);
        Self { mailbox: Arc::clone(here.mailbox()), link, ending }
    }

    /// The same for a peer who came to us, and whom we know less well: it is hung up on when it is silent for longer
    /// than [`Config::patience`] and [`Config::idle_max`] allow (C-M11), and told to leave where the vat
    /// [shuts down](super::shut_down()).
    pub fn accept(
        here: &Local,
        transport: impl Transport + 'static,
        config: Config,
        bootstrap: Option<&Client>,
    ) -> Self {
        let (patience, idle_max) = (config.patience, config.idle_max);
        let link = Self::connect(here, transport, config, bootstrap);
        if let Some(why) = is_shutting_down(here) {
            link.abort(why);
            return link;
        }
        let vigil = Vigil::new(here, link.link, link.ending.clone(), patience, idle_max);
        here.spawn(Box::pin(vigil));
        link
    }

    /// What the peer offers to whoever connects. It can be called at once. Of a connection that is over it is
    /// broken, for the reason that ended it.
    #[must_use]
    pub fn bootstrap(&self) -> Client {
        let (link, ending) = (self.link, self.ending.clone());
        let make = move |here: &Local| match ending.get() {
            Some(why) => here.with(|graph| graph.broken(why.clone())),
            None => bootstrap(here, link),
        };
        match Local::find(self.mailbox.id()) {
            Some(here) => Client::adopt(&here, make(&here)),
            None => Client::promised(&self.mailbox, make),
        }
    }

    /// Ends the connection and tells the peer why.
    pub fn abort(&self, why: Exception) {
        let link = self.link;
        on(&self.mailbox, move |here| here.change(|graph| graph.abort(link, why)));
    }

    /// Ends the connection and tells the peer nothing, as a socket that closes. What was
    /// not sent by the last turn is lost; what of this connection still waits fails with `why`.
    pub fn hang_up(&self, why: Exception) {
        let link = self.link;
        on(&self.mailbox, move |here| here.change(|graph| graph.handle_disconnect(link, why)));
    }

    /// Why the connection is over, once it is.
    #[must_use]
    pub fn ending(&self) -> Option<Exception> {
        self.ending.get().cloned()
    }

    /// Ready when the connection is over, with the reason.
    ///
    /// To be awaited on the vat's thread; elsewhere only an ending that is known already is told,
    /// and `disconnected` before that. Cancel safe.
    pub async fn closed(&self) -> Exception {
        poll_fn(|cx| {
            let here = Local::find(self.mailbox.id());
            if let Some(here) = &here {
                here.pump(cx.waker());
            }
            if let Some(why) = self.ending.get() {
                return Poll::Ready(why.clone());
            }
            match here {
                Some(here) if !here.mailbox().is_closed() => {
                    here.watch_closed(self.link, cx.waker());
                    Poll::Pending
                }
                _ => Poll::Ready(gone()),
            }
        })
        .await
    }

    /// Ready when every table of the connection is empty: neither side holds anything of the
    /// other, and nothing is on its way. A connection that is over is idle.
    ///
    /// To be awaited on the vat's thread; ready at once elsewhere. Cancel safe.
    pub async fn idle(&self) {
        poll_fn(|cx| {
            let Some(here) = Local::find(self.mailbox.id()) else { return Poll::Ready(()) };
            here.pump(cx.waker());
            here.poll_idle(self.link, cx.waker())
        })
        .await;
    }

    /// What is in the tables. `None` elsewhere than on the vat's thread, and once the connection
    /// is over and forgotten.
    #[must_use]
    pub fn stats(&self) -> Option<Stats> {
        Local::find(self.mailbox.id())?.with(|graph| Some(graph.connection(self.link)?.stats()))
    }

    /// Whether all tables are empty.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        Local::find(self.mailbox.id()).is_none_or(|here| {
            here.with(|graph| graph.connection(self.link).is_none_or(|conn| conn.is_idle()))
        })
    }

    /// The tables, for a person.
    #[must_use]
    pub fn dump(&self) -> String {
        let here = Local::find(self.mailbox.id());
        here.and_then(|here| here.with(|graph| Some(graph.connection(self.link)?.dump())))
            .unwrap_or_default()
    }
}
