//! An RPC system: one vat network, and what this thread's vat offers on it.

use std::cell::RefCell;
use std::future::{Future, pending};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use capnp::ErrorKind;
use capnp::capability::{Client, FromClientHook, Promise};

use crate::conn::Config;
use crate::rpc::{self, Link, ambient};
use crate::wire::Exception;

use super::client::new_broken_cap;
use super::copying::Copying;
use super::drive::Share;
use super::line::{Line, LineEnd};
use super::network::{Connection, VatNetwork};

/// Carries calls between the vat of this thread and the vats of a network.
///
/// It is a future of this thread, ready when the network has shut down; poll it, as with
/// `spawn_local`. While it is polled it drives the vat of the thread, for all. Dropping it hangs up
/// at once.
#[must_use = "futures do nothing unless polled"]
pub struct RpcSystem<VatId>
where
    VatId: 'static,
{
    network: Box<dyn VatNetwork<VatId>>,
    offer: Option<rpc::Client>,
    accept: Promise<Box<dyn Connection<VatId>>, capnp::Error>,
    shutdown: Promise<(), capnp::Error>,
    slot: Slot<VatId>,
    share: Share,
    /// What accepting failed with, told when the network has shut down.
    failed: Option<capnp::Error>,
}

/// The connection of a system, while there is one.
struct Slot<VatId> {
    line: Rc<RefCell<Option<Rc<Line>>>>,
    of: PhantomData<fn(VatId)>,
}

impl<VatId> Clone for Slot<VatId> {
    fn clone(&self) -> Self {
        Self { line: Rc::clone(&self.line), of: PhantomData }
    }
}

impl<VatId> Slot<VatId> {
    fn line(&self) -> Option<Rc<Line>> {
        self.line.borrow().clone()
    }

    /// The connection, if it has not ended.
    fn live(&self) -> Option<Link> {
        let link = self.line()?.link()?.clone();
        link.ending().is_none().then_some(link)
    }
}

impl<VatId> RpcSystem<VatId> {
    /// A system on `network`, whose peers get `bootstrap` when they ask.
    pub fn new(mut network: Box<dyn VatNetwork<VatId>>, bootstrap: Option<Client>) -> Self {
        let shutdown = network.drive_until_shutdown();
        let accept = network.accept();
        Self {
            network,
            offer: bootstrap.map(|offer| rpc::Client::from_hook(offer.hook.as_ref())),
            accept,
            shutdown,
            slot: Slot { line: Rc::default(), of: PhantomData },
            share: Share::new(),
            failed: None,
        }
    }

    /// What the vat `vat_id` offers, over the connection there is or a new one. It can be called at
    /// once.
    pub fn bootstrap<T>(&mut self, vat_id: VatId) -> T
    where
        T: FromClientHook,
    {
        let Some(connection) = self.network.connect(vat_id) else {
            return T::new(match &self.offer {
                Some(offer) => offer.clone().hook(),
                None => new_broken_cap(capnp::Error::failed("no bootstrap capability".into())).hook,
            });
        };
        T::new(self.link(connection).bootstrap().hook())
    }

    /// The connection of the system: the one there is, or over what the network gave.
    fn link(&self, mut connection: Box<dyn Connection<VatId>>) -> Link {
        if let Some(link) = self.slot.live() {
            return link;
        }
        let line = match connection.native() {
            Some(transport) => Line::new(transport),
            None => Copying::line(connection),
        };
        let end = LineEnd::new(&line, self.share.stir());
        // Peers of the time before this hint cannot take a cancel that overtakes its call.
        let config = Config { early_cancellation_workaround: true, ..Config::default() };
        let link = Link::connect(&ambient(), end, config, self.offer.as_ref());
        line.connected(link.clone());
        *self.slot.line.borrow_mut() = Some(line);
        link
    }

    /// A future that ends the connection in good order and is ready when its last message was
    /// written. To be asked for before the system is spawned.
    pub fn get_disconnector(&self) -> Disconnector<VatId> {
        Disconnector { slot: self.slot.clone(), line: None }
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(accepted) = Pin::new(&mut self.accept).poll(cx) {
            match accepted {
                Ok(connection) => {
                    drop(self.link(connection));
                    self.accept = self.network.accept();
                }
                Err(why) => {
                    self.accept = Promise::from_future(pending());
                    self.failed = Some(why);
                }
            }
        }
    }

    /// Why the system ended, where that is more than a disconnect.
    fn outcome(&mut self, shutdown: capnp::Result<()>) -> capnp::Result<()> {
        let ending = self.slot.line().and_then(|line| line.link()?.ending());
        // To the calls it is a disconnect, whoever is at fault.
        let broken = ending.filter(|why| why.reason().starts_with(MISBEHAVED));
        let broken = broken.map(|why| capnp::Error::failed(why.reason().to_owned()));
        let whys = [broken, shutdown.err(), self.failed.take()];
        let told = whys.into_iter().flatten().find(|why| why.kind != ErrorKind::Disconnected);
        told.map_or(Ok(()), Err)
    }
}

/// How the reason begins where the peer broke a rule.
const MISBEHAVED: &str = "peer misbehaved";

impl<VatId> Future for RpcSystem<VatId>
where
    VatId: 'static,
{
    type Output = Result<(), capnp::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_accept(cx);
        self.share.poll(cx);
        let shutdown = ready!(Pin::new(&mut self.shutdown).poll(cx));
        self.shutdown = Promise::from_future(pending());
        Poll::Ready(self.outcome(shutdown))
    }
}

impl<VatId> Drop for RpcSystem<VatId> {
    fn drop(&mut self) {
        if let Some(line) = self.slot.line() {
            if let Some(link) = line.link() {
                link.abort(Exception::disconnected("the RPC system was dropped"));
            }
            line.cut();
        }
    }
}

/// Ends the connection of an [`RpcSystem`] when it is first polled, and is ready when that is done.
#[must_use = "futures do nothing unless polled"]
pub struct Disconnector<VatId>
where
    VatId: 'static,
{
    slot: Slot<VatId>,
    /// What is being ended.
    line: Option<Rc<Line>>,
}

impl<VatId> Future for Disconnector<VatId>
where
    VatId: 'static,
{
    type Output = Result<(), capnp::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(line) = self.line.clone().or_else(|| self.slot.line()) else {
            return Poll::Ready(Ok(()));
        };
        if self.line.is_none() {
            if let Some(link) = line.link() {
                link.abort(Exception::disconnected("client requested disconnect"));
            }
            self.line = Some(Rc::clone(&line));
        }
        ambient().pump(cx.waker());
        line.poll_over(cx).map(Ok)
    }
}
