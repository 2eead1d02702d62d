//! The bootstrap object of the interop schema, and `capnp-rpc` as the engine that carries it.
//!
//! What this peer cannot do: it has no tail calls, so `forward` is a call of its own; a cancelled call
//! never gets its Return, so the caller's question stays open for the life of the connection.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use capnp::Error;
use capnp_rpc::rpc_twoparty_capnp::Side;
use capnp_rpc::{RpcSystem, twoparty};
use futures::future::{join_all, pending};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::engine::{CapnpRpc, Engine};
use crate::interop_capnp::{counter, peer};
use crate::objects::{Chain, Counter, Live, Resolver, Sink, exception};

/// The bootstrap object; one per vat.
pub(crate) struct Peer<E> {
    engine: E,
    live: Live,
    held: RefCell<Option<counter::Client>>,
    cancelled: Rc<Cell<u32>>,
}

impl<E: Engine> Peer<E> {
    pub(crate) fn new(engine: E) -> Self {
        let (live, held) = (Live::default(), RefCell::default());
        Self { engine, live, held, cancelled: Rc::default() }
    }

    fn new_counter(&self, name: &str) -> counter::Client {
        self.engine.host(Counter::new(name, &self.live))
    }
}

/// Counts the call it belongs to as cancelled when dropped.
struct CancelMark(Rc<Cell<u32>>);

impl Drop for CancelMark {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

impl<E: Engine> peer::Server for Peer<E> {
    async fn null(self: Rc<Self>, _: peer::NullParams, _: peer::NullResults) -> capnp::Result<()> {
        Ok(())
    }

    async fn echo_number(
        self: Rc<Self>,
        params: peer::EchoNumberParams,
        mut results: peer::EchoNumberResults,
    ) -> capnp::Result<()> {
        results.get().set_value(params.get()?.get_value());
        Ok(())
    }

    async fn echo_text(
        self: Rc<Self>,
        params: peer::EchoTextParams,
        mut results: peer::EchoTextResults,
    ) -> capnp::Result<()> {
        results.get().set_value(params.get()?.get_value()?);
        Ok(())
    }

    async fn echo_data(
        self: Rc<Self>,
        params: peer::EchoDataParams,
        mut results: peer::EchoDataResults,
    ) -> capnp::Result<()> {
        results.get().set_value(params.get()?.get_value()?);
        Ok(())
    }

    async fn counter(
        self: Rc<Self>,
        params: peer::CounterParams,
        mut results: peer::CounterResults,
    ) -> capnp::Result<()> {
        results.get().set_counter(self.new_counter(params.get()?.get_name()?.to_str()?));
        Ok(())
    }

    async fn live_count(
        self: Rc<Self>,
        _: peer::LiveCountParams,
        mut results: peer::LiveCountResults,
    ) -> capnp::Result<()> {
        results.get().set_count(self.live.count());
        Ok(())
    }

    async fn chain(
        self: Rc<Self>,
        _: peer::ChainParams,
        mut results: peer::ChainResults,
    ) -> capnp::Result<()> {
        let first = Chain { engine: self.engine, depth: 1 };
        results.get().set_next(self.engine.host(first));
        Ok(())
    }

    async fn box_(
        self: Rc<Self>,
        params: peer::BoxParams,
        mut results: peer::BoxResults,
    ) -> capnp::Result<()> {
        let name = params.get()?.get_name()?.to_str()?;
        let mut made = results.get().init_box();
        made.set_label(name);
        if !name.is_empty() {
            made.set_inner(self.new_counter(name));
        }
        Ok(())
    }

    async fn call_back(
        self: Rc<Self>,
        params: peer::CallBackParams,
        mut results: peer::CallBackResults,
    ) -> capnp::Result<()> {
        let params = params.get()?;
        let target = params.get_target()?;
        let calls = (0..u64::from(params.get_times())).map(|n| {
            let mut request = target.call_request();
            request.get().set_n(n);
            request.send().promise
        });
        let mut sum = 0;
        for answer in join_all(calls).await {
            sum += answer?.get()?.get_n();
        }
        results.get().set_sum(sum);
        Ok(())
    }

    async fn echo(
        self: Rc<Self>,
        params: peer::EchoParams,
        mut results: peer::EchoResults,
    ) -> capnp::Result<()> {
        results.get().set_cap(params.get()?.get_cap()?);
        Ok(())
    }

    async fn hold(
        self: Rc<Self>,
        params: peer::HoldParams,
        _: peer::HoldResults,
    ) -> capnp::Result<()> {
        let before = self.held.replace(Some(params.get()?.get_cap()?));
        drop(before);
        Ok(())
    }

    async fn call_held(
        self: Rc<Self>,
        params: peer::CallHeldParams,
        mut results: peer::CallHeldResults,
    ) -> capnp::Result<()> {
        let held = self.held.borrow().clone();
        let held = held.ok_or_else(|| Error::failed("nothing is held".to_owned()))?;
        let mut request = held.get_call_sequence_request();
        request.get().set_expected(params.get()?.get_expected());
        results.set(request.send().promise.await?.get()?)
    }

    async fn release_held(
        self: Rc<Self>,
        _: peer::ReleaseHeldParams,
        _: peer::ReleaseHeldResults,
    ) -> capnp::Result<()> {
        let before = self.held.take();
        drop(before);
        Ok(())
    }

    async fn never(
        self: Rc<Self>,
        params: peer::NeverParams,
        _: peer::NeverResults,
    ) -> capnp::Result<()> {
        let mark = CancelMark(self.cancelled.clone());
        let kept = params.get()?.get_cap()?;
        pending::<()>().await;
        drop((kept, mark));
        Ok(())
    }

    async fn cancelled(
        self: Rc<Self>,
        _: peer::CancelledParams,
        mut results: peer::CancelledResults,
    ) -> capnp::Result<()> {
        results.get().set_count(self.cancelled.get());
        Ok(())
    }

    async fn throw(
        self: Rc<Self>,
        params: peer::ThrowParams,
        _: peer::ThrowResults,
    ) -> capnp::Result<()> {
        let params = params.get()?;
        Err(exception(params.get_kind()?, params.get_reason()?.to_string()?))
    }

    async fn later(
        self: Rc<Self>,
        _: peer::LaterParams,
        mut results: peer::LaterResults,
    ) -> capnp::Result<()> {
        let (promise, resolver) = Resolver::pair(self.engine, &self.live);
        results.get().set_cap(promise);
        results.get().set_resolver(self.engine.host(resolver));
        Ok(())
    }

    async fn forward(
        self: Rc<Self>,
        params: peer::ForwardParams,
        mut results: peer::ForwardResults,
    ) -> capnp::Result<()> {
        let params = params.get()?;
        let mut request = params.get_target()?.get_call_sequence_request();
        request.get().set_expected(params.get_expected());
        results.set(request.send().promise.await?.get()?)
    }

    async fn open_sink(
        self: Rc<Self>,
        _: peer::OpenSinkParams,
        mut results: peer::OpenSinkResults,
    ) -> capnp::Result<()> {
        results.get().set_sink(self.engine.host(Sink::default()));
        Ok(())
    }
}

/// Runs one `capnp-rpc` connection over `stream` on the current `LocalSet` until either end hangs up,
/// serving `bootstrap` if there is one; the peer's bootstrap object comes back.
pub(crate) fn connect(
    stream: impl AsyncRead + AsyncWrite + 'static,
    side: Side,
    bootstrap: Option<peer::Client>,
) -> peer::Client {
    let (reader, writer) = tokio::io::split(stream);
    let network = twoparty::VatNetwork::new(
        reader.compat(),
        writer.compat_write(),
        side,
        capnp::message::ReaderOptions::new(),
    );
    let mut system = RpcSystem::new(Box::new(network), bootstrap.map(|own| own.client));
    let other = if side == Side::Client { Side::Server } else { Side::Client };
    let peers = system.bootstrap(other);
    tokio::task::spawn_local(system);
    peers
}

/// Serves a fresh [`Peer`] over `stream` on `capnp-rpc`.
pub(crate) fn serve(stream: impl AsyncRead + AsyncWrite + 'static) {
    let peers = connect(stream, Side::Server, Some(CapnpRpc.host(Peer::new(CapnpRpc))));
    drop(peers);
}
