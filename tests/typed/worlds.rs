//! Where a scenario is played: who offers the object, who calls it, and what is between them.

use std::future::Future;
use std::rc::Rc;

use crate::network::{Counting, Seen};
use bowline::compat;
use bowline::compat::rpc_twoparty_capnp::Side;
use bowline::conn::Config;
use bowline::rpc::{Client, Link, exception, serve_shared};
use bowline::runtime::{Local, Vat, VatId};
use bowline::transport::same_thread;
use capnp::capability::{FromClientHook, FromServer};
use tokio::io::DuplexStream;
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

/// An engine that hosts objects behind generated clients.
pub(crate) trait Engine: Copy + 'static {
    /// Whether it makes tail calls.
    const TAIL_CALLS: bool = true;

    fn host_shared<C: FromServer<S>, S>(self, server: Rc<S>) -> C;

    fn host<C: FromServer<S>, S>(self, server: S) -> C {
        self.host_shared(Rc::new(server))
    }

    fn promise<C: FromClientHook + 'static>(
        self,
        settled: impl Future<Output = capnp::Result<C>> + 'static,
    ) -> C;
}

/// The engine behind the names of `capnp-rpc`.
#[derive(Clone, Copy)]
pub(crate) struct Compat;

impl Engine for Compat {
    fn host_shared<C: FromServer<S>, S>(self, server: Rc<S>) -> C {
        compat::new_client_from_rc(server)
    }

    fn promise<C: FromClientHook + 'static>(
        self,
        settled: impl Future<Output = capnp::Result<C>> + 'static,
    ) -> C {
        compat::new_future_client(settled)
    }
}

/// `capnp-rpc` itself.
#[derive(Clone, Copy)]
pub(crate) struct CapnpRpc;

impl Engine for CapnpRpc {
    const TAIL_CALLS: bool = false;

    fn host_shared<C: FromServer<S>, S>(self, server: Rc<S>) -> C {
        capnp_rpc::new_client_from_rc(server)
    }

    fn promise<C: FromClientHook + 'static>(
        self,
        settled: impl Future<Output = capnp::Result<C>> + 'static,
    ) -> C {
        capnp_rpc::new_future_client(settled)
    }
}

/// A vat of this thread.
#[derive(Clone, Copy)]
pub(crate) struct Native(VatId);

impl Native {
    fn here(self) -> Local {
        Local::find(self.0).expect("the vat outlives the scenario")
    }
}

impl Engine for Native {
    fn host_shared<C: FromServer<S>, S>(self, server: Rc<S>) -> C {
        serve_shared(&self.here(), server)
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

pub(crate) fn on_one_thread(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let test = async { tokio::time::timeout(std::time::Duration::from_secs(20), test).await };
    let ended = tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), test);
    ended.expect("the scenario hangs");
}

/// One end of a connection on `$engine`, spawned; gives what the peer offers.
macro_rules! end {
    ($engine:ident, $stream:expr, $side:ident, $other:ident, $offer:expr) => {{
        let (reader, writer) = tokio::io::split($stream);
        let network = $engine::twoparty::VatNetwork::new(
            reader.compat(),
            writer.compat_write(),
            $engine::rpc_twoparty_capnp::Side::$side,
            capnp::message::ReaderOptions::new(),
        );
        let mut system = $engine::RpcSystem::new(Box::new(network), $offer);
        let offered = system.bootstrap($engine::rpc_twoparty_capnp::Side::$other);
        tokio::task::spawn_local(system);
        offered
    }};
}

fn untyped<C: FromClientHook>(client: C) -> Option<capnp::capability::Client> {
    Some(capnp::capability::Client::new(client.into_client_hook()))
}

pub(crate) fn duplex() -> (DuplexStream, DuplexStream) {
    tokio::io::duplex(1 << 12)
}

/// Caller and object in one vat.
pub(crate) fn local<C, F: Future<Output = ()>>(
    offer: impl FnOnce(Compat) -> C,
    play: impl FnOnce(C, Compat) -> F,
) {
    on_one_thread(async { play(offer(Compat), Compat).await });
}

/// Both over `compat`, bytes between them.
pub(crate) fn compat<C: FromClientHook, F: Future<Output = ()>>(
    offer: impl FnOnce(Compat) -> C,
    play: impl FnOnce(C, Compat) -> F,
) {
    on_one_thread(async {
        let (left, right) = duplex();
        let _: C = end!(compat, right, Server, Client, untyped(offer(Compat)));
        play(end!(compat, left, Client, Server, None), Compat).await;
    });
}

/// Both over `compat`, on networks of their own.
pub(crate) fn networks<C: FromClientHook, F: Future<Output = ()>>(
    offer: impl FnOnce(Compat) -> C,
    play: impl FnOnce(C, Compat) -> F,
) {
    on_one_thread(async {
        let (left, right) = duplex();
        let (near, far) = (Rc::<Seen>::default(), Rc::<Seen>::default());
        let counting = |stream, side, seen: &Rc<Seen>| {
            Box::new(Counting { inner: two_party(stream, side), seen: Rc::clone(seen) })
        };
        let serving =
            compat::RpcSystem::new(counting(right, Side::Server, &far), untyped(offer(Compat)));
        let mut calling = compat::RpcSystem::new(counting(left, Side::Client, &near), None);
        let (disconnector, offered) = (calling.get_disconnector(), calling.bootstrap(Side::Server));
        let calling = tokio::task::spawn_local(calling);
        let serving = tokio::task::spawn_local(serving);
        play(offered, Compat).await;
        assert!(near.sent.get() > 0 && near.received.get() > 0 && far.received.get() > 0);
        disconnector.await.expect("an end in good order");
        calling.await.expect("it did not panic").expect("an end in good order");
        serving.await.expect("it did not panic").expect("an end in good order");
        assert_eq!((near.shut_down.get(), far.shut_down.get()), (1, 1));
    });
}

pub(crate) fn two_party(
    stream: DuplexStream,
    side: Side,
) -> compat::twoparty::VatNetwork<impl futures::AsyncRead + Unpin> {
    let (reader, writer) = tokio::io::split(stream);
    compat::twoparty::VatNetwork::new(
        reader.compat(),
        writer.compat_write(),
        side,
        capnp::message::ReaderOptions::new(),
    )
}

/// Two vats, messages moved between them.
pub(crate) fn vats<C: FromClientHook, F: Future<Output = ()>>(
    offer: impl FnOnce(Native) -> C,
    play: impl FnOnce(C, Native) -> F,
) {
    on_one_thread(async {
        let (near, far) = (Vat::local(), Vat::local());
        tokio::task::spawn_local(near.tokio_driver());
        tokio::task::spawn_local(far.tokio_driver());
        let (left, right) = same_thread();
        let link = Link::connect(near.here(), left, Config::default(), None);
        let offered = offer(Native(far.here().id()));
        let offered = Client::from_hook(offered.as_client_hook());
        Link::connect(far.here(), right, Config::default(), Some(&offered));
        play(C::new(link.bootstrap().hook()), Native(near.here().id())).await;
    });
}

/// `capnp-rpc` calls `compat`.
pub(crate) fn called_by_capnp_rpc<C: FromClientHook, F: Future<Output = ()>>(
    offer: impl FnOnce(Compat) -> C,
    play: impl FnOnce(C, CapnpRpc) -> F,
) {
    on_one_thread(async {
        let (left, right) = duplex();
        let _: C = end!(compat, right, Server, Client, untyped(offer(Compat)));
        play(end!(capnp_rpc, left, Client, Server, None), CapnpRpc).await;
    });
}

/// `compat` calls `capnp-rpc`.
pub(crate) fn calling_capnp_rpc<C: FromClientHook, F: Future<Output = ()>>(
    offer: impl FnOnce(CapnpRpc) -> C,
    play: impl FnOnce(C, Compat) -> F,
) {
    on_one_thread(async {
        let (left, right) = duplex();
        let _: C = end!(capnp_rpc, right, Server, Client, untyped(offer(CapnpRpc)));
        play(end!(compat, left, Client, Server, None), Compat).await;
    });
}

/// An object of `capnp-rpc`, hosted as a foreign hook.
pub(crate) fn foreign<C: FromClientHook, F: Future<Output = ()>>(
    offer: impl FnOnce(CapnpRpc) -> C,
    play: impl FnOnce(C, Compat) -> F,
) {
    on_one_thread(async {
        let hosted = Client::from_hook(offer(CapnpRpc).as_client_hook());
        play(C::new(hosted.hook()), Compat).await;
    });
}

/// Plays scenarios in every world, or in those that are named: each takes the object offered and the
/// caller's engine.
macro_rules! everywhere {
    ($offer:ident: $($name:ident)*) => {
        crate::worlds::everywhere!(
            $offer in foreign calling_capnp_rpc called_by_capnp_rpc local compat networks vats: $($name)*
        );
    };
    ($offer:ident in $world:ident $($more:ident)*: $($name:ident)*) => {
        mod $world {
            use super::*;
            $(
                #[test]
                fn $name() {
                    crate::worlds::$world($offer, super::$name);
                }
            )*
        }
        crate::worlds::everywhere!(@rest $offer in $($more)*: $($name)*);
    };
    (@rest $offer:ident in: $($name:ident)*) => {};
    (@rest $offer:ident in $($world:ident)+: $($name:ident)*) => {
        crate::worlds::everywhere!($offer in $($world)+: $($name)*);
    };
}
pub(crate) use everywhere;
