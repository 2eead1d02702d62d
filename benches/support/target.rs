//! The object that is called: the least a server can do for each kind of work.

use std::cell::Cell;
use std::rc::Rc;

use crate::interop_capnp::{chain, peer, sink};

/// Hosts objects on the engine measured.
pub(crate) trait Host: Clone + 'static {
    fn chain(&self, link: Depth<Self>) -> chain::Client;
    fn sink(&self, sink: Swallow) -> sink::Client;
}

/// The bootstrap object.
pub(crate) struct Target<H>(pub(crate) H);

impl<H: Host> peer::Server for Target<H> {
    async fn null(self: Rc<Self>, _: peer::NullParams, _: peer::NullResults) -> capnp::Result<()> {
        Ok(())
    }

    async fn never(
        self: Rc<Self>,
        _: peer::NeverParams,
        _: peer::NeverResults,
    ) -> capnp::Result<()> {
        std::future::pending().await
    }

    async fn echo_data(
        self: Rc<Self>,
        params: peer::EchoDataParams,
        mut results: peer::EchoDataResults,
    ) -> capnp::Result<()> {
        results.get().set_value(params.get()?.get_value()?);
        Ok(())
    }

    async fn chain(
        self: Rc<Self>,
        _: peer::ChainParams,
        mut results: peer::ChainResults,
    ) -> capnp::Result<()> {
        results.get().set_next(self.0.chain(Depth { depth: 1, host: self.0.clone() }));
        Ok(())
    }

    async fn open_sink(
        self: Rc<Self>,
        _: peer::OpenSinkParams,
        mut results: peer::OpenSinkResults,
    ) -> capnp::Result<()> {
        results.get().set_sink(self.0.sink(Swallow::default()));
        Ok(())
    }
}

/// A link of the chain.
pub(crate) struct Depth<H> {
    depth: u32,
    host: H,
}

impl<H: Host> chain::Server for Depth<H> {
    async fn next(
        self: Rc<Self>,
        _: chain::NextParams,
        mut results: chain::NextResults,
    ) -> capnp::Result<()> {
        let next = Self { depth: self.depth + 1, host: self.host.clone() };
        results.get().set_next(self.host.chain(next));
        Ok(())
    }

    async fn depth(
        self: Rc<Self>,
        _: chain::DepthParams,
        mut results: chain::DepthResults,
    ) -> capnp::Result<()> {
        results.get().set_depth(self.depth);
        Ok(())
    }
}

/// Counts what a stream holds, and does not look at it.
#[derive(Default)]
pub(crate) struct Swallow(Cell<u64>);

impl sink::Server for Swallow {
    async fn write(self: Rc<Self>, params: sink::WriteParams) -> capnp::Result<()> {
        self.0.set(self.0.get() + params.get()?.get_data()?.len() as u64);
        Ok(())
    }

    async fn done(
        self: Rc<Self>,
        _: sink::DoneParams,
        mut results: sink::DoneResults,
    ) -> capnp::Result<()> {
        results.get().set_bytes(self.0.get());
        Ok(())
    }
}
