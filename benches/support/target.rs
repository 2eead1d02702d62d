//! The object that is called: the least a server can do for each kind of work.

use std::cell::Cell;
use std::rc::Rc;

use crate::interop_capnp::{chain, peer, sink};

/// The bootstrap object. It makes the objects it hands out with `chain` and `sink`, which host them
/// on the engine measured.
pub(crate) struct Target {
    pub(crate) chain: fn(Depth) -> chain::Client,
    pub(crate) sink: fn(Swallow) -> sink::Client,
}

impl peer::Server for Target {
    async fn null(self: Rc<Self>, _: peer::NullParams, _: peer::NullResults) -> capnp::Result<()> {
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

    async fn chain(
        self: Rc<Self>,
        _: peer::ChainParams,
        mut results: peer::ChainResults,
    ) -> capnp::Result<()> {
        results.get().set_next((self.chain)(Depth { depth: 1, host: self.chain }));
        Ok(())
    }

    async fn open_sink(
        self: Rc<Self>,
        _: peer::OpenSinkParams,
        mut results: peer::OpenSinkResults,
    ) -> capnp::Result<()> {
        results.get().set_sink((self.sink)(Swallow::default()));
        Ok(())
    }
}

/// A link of the chain.
pub(crate) struct Depth {
    depth: u32,
    host: fn(Self) -> chain::Client,
}

impl chain::Server for Depth {
    async fn next(
        self: Rc<Self>,
        _: chain::NextParams,
        mut results: chain::NextResults,
    ) -> capnp::Result<()> {
        results.get().set_next((self.host)(Self { depth: self.depth + 1, host: self.host }));
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
