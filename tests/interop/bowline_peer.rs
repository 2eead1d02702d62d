//! bowline as the engine that carries the interop schema.

use std::future::Future;
use std::time::Duration;

use bowline::conn::{Config, Stats};
use bowline::rpc::{Client, Link, exception, serve};
use bowline::runtime::{Local, Vat, VatId};
use bowline::transport::{Framed, FramedLimits, Peer as Far, Tokio, Transport};
use capnp::capability::{FromClientHook, FromServer};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::capnp_rpc_peer::Peer;
use crate::engine::Engine;
use crate::interop_capnp::peer;

/// The hosting side of a vat of this thread.
#[derive(Clone, Copy)]
pub(crate) struct Bowline(VatId);

impl Bowline {
    fn here(self) -> Local {
        Local::find(self.0).expect("the vat outlives the scenarios")
    }
}

impl Engine for Bowline {
    fn host<C: FromServer<S>, S>(self, server: S) -> C {
        serve(&self.here(), server)
    }

    fn promise<C: FromClientHook + 'static>(
        self,
        settled: impl Future<Output = capnp::Result<C>> + 'static,
    ) -> C {
        let (promise, resolver) = Client::promise(&self.here());
        self.here().spawn(Box::pin(async move {
            let settled = settled.await.map(|cap| Client::from_hook(cap.as_client_hook()));
            resolver.resolve(settled.map_err(exception));
        }));
        C::new(promise.hook())
    }
}

/// A vat that runs on the current `LocalSet` until it is dropped.
pub(crate) fn vat() -> Vat {
    let vat = Vat::local();
    tokio::task::spawn_local(vat.tokio_driver());
    vat
}

pub(crate) fn engine(vat: &Vat) -> Bowline {
    Bowline(vat.here().id())
}

/// Messages over a stream of tokio.
pub(crate) fn framed(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
) -> impl Transport + 'static {
    Framed::new(Tokio(stream), Far::Named("the peer".to_owned()), FramedLimits::default())
}

/// Connects and asks for the bootstrap object.
pub(crate) fn connect(vat: &Vat, transport: impl Transport + 'static) -> (Link, peer::Client) {
    let link = Link::connect(vat.here(), transport, Config::default(), None);
    let peer = FromClientHook::new(link.bootstrap().hook());
    (link, peer)
}

/// Connects and serves a fresh [`Peer`].
pub(crate) fn serve_peer(vat: &Vat, transport: impl Transport + 'static) -> Link {
    let own: peer::Client = engine(vat).host(Peer::new(engine(vat)));
    let own = Client::from_hook(own.as_client_hook());
    Link::connect(vat.here(), transport, Config::default(), Some(&own))
}

/// Every table of the connection empties, after messages of its own.
pub(crate) async fn assert_idles(link: &Link) {
    assert_idles_but(link, 0).await;
    assert!(link.is_idle());
}

/// Every table empties, but for so many `questions` the peer never returns.
pub(crate) async fn assert_idles_but(link: &Link, questions: usize) {
    let mut wanted = Stats::default();
    wanted.questions = questions;
    for _ in 0..400 {
        if link.stats().is_none_or(|stats| stats == wanted) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("not idle: {:?}\n{}", link.stats(), link.dump());
}

/// References, pins and lists of the vat agree, and nothing is left in it but what it
/// offers.
pub(crate) async fn assert_at_rest(vat: &Vat) {
    for _ in 0..400 {
        if vat.here().with(|graph| graph.is_idle()) {
            return vat.here().with(|graph| graph.check()).expect("the tables agree");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("not at rest:\n{}", vat.here().with(|graph| graph.dump()));
}
