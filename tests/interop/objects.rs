//! The small objects of the interop schema, served by any engine.

use std::cell::Cell;
use std::rc::Rc;

use capnp::{Error, ErrorKind};
use futures::channel::oneshot;

use crate::crc::Crc;
use crate::engine::Engine;
use crate::interop_capnp::{Kind, callback, chain, counter, resolver, sink};

/// Counts the counters alive in one vat.
#[derive(Clone, Default)]
pub(crate) struct Live(Rc<Cell<u32>>);

impl Live {
    pub(crate) fn count(&self) -> u32 {
        self.0.get()
    }
}

/// Answers each call with how many came before.
pub(crate) struct Counter {
    name: String,
    calls: Cell<u32>,
    live: Live,
}

impl Counter {
    pub(crate) fn new(name: &str, live: &Live) -> Self {
        live.0.set(live.count() + 1);
        Self { name: name.to_owned(), calls: Cell::new(0), live: live.clone() }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.live.0.set(self.live.count() - 1);
    }
}

impl counter::Server for Counter {
    async fn get_call_sequence(
        self: Rc<Self>,
        _: counter::GetCallSequenceParams,
        mut results: counter::GetCallSequenceResults,
    ) -> capnp::Result<()> {
        results.get().set_n(self.calls.replace(self.calls.get() + 1));
        Ok(())
    }

    async fn name(
        self: Rc<Self>,
        _: counter::NameParams,
        mut results: counter::NameResults,
    ) -> capnp::Result<()> {
        results.get().set_name(&self.name);
        Ok(())
    }
}

/// One link: knows its depth, makes the next.
pub(crate) struct Chain<E> {
    pub(crate) engine: E,
    pub(crate) depth: u32,
}

impl<E: Engine> chain::Server for Chain<E> {
    async fn next(
        self: Rc<Self>,
        _: chain::NextParams,
        mut results: chain::NextResults,
    ) -> capnp::Result<()> {
        let next = Self { engine: self.engine, depth: self.depth + 1 };
        results.get().set_next(self.engine.host(next));
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

/// Answers ten times what it is told.
pub(crate) struct Callback;

impl callback::Server for Callback {
    async fn call(
        self: Rc<Self>,
        params: callback::CallParams,
        mut results: callback::CallResults,
    ) -> capnp::Result<()> {
        results.get().set_n(params.get()?.get_n() * 10);
        Ok(())
    }
}

/// Settles one promise; dropped unused, it breaks it.
pub(crate) struct Resolver<E> {
    engine: E,
    live: Live,
    settle: Cell<Option<Settle>>,
}

type Settle = oneshot::Sender<capnp::Result<counter::Client>>;

impl<E: Engine> Resolver<E> {
    /// A promise and its resolver.
    pub(crate) fn pair(engine: E, live: &Live) -> (counter::Client, Self) {
        let (settle, settled) = oneshot::channel();
        let promise = engine.promise(async move {
            settled.await.unwrap_or_else(|_| Err(Error::failed("resolver dropped".into())))
        });
        (promise, Self { engine, live: live.clone(), settle: Cell::new(Some(settle)) })
    }

    pub(crate) fn settle(&self, outcome: capnp::Result<counter::Client>) -> capnp::Result<()> {
        let settle =
            self.settle.take().ok_or_else(|| Error::failed("already settled".to_owned()))?;
        // Nobody waits any more: the promise was dropped, which is its holder's right.
        let _ = settle.send(outcome);
        Ok(())
    }
}

impl<E: Engine> resolver::Server for Resolver<E> {
    async fn to_server(
        self: Rc<Self>,
        params: resolver::ToServerParams,
        _: resolver::ToServerResults,
    ) -> capnp::Result<()> {
        let name = params.get()?.get_name()?.to_str()?;
        self.settle(Ok(self.engine.host(Counter::new(name, &self.live))))
    }

    async fn to_cap(
        self: Rc<Self>,
        params: resolver::ToCapParams,
        _: resolver::ToCapResults,
    ) -> capnp::Result<()> {
        self.settle(Ok(params.get()?.get_cap()?))
    }

    async fn to_error(
        self: Rc<Self>,
        params: resolver::ToErrorParams,
        _: resolver::ToErrorResults,
    ) -> capnp::Result<()> {
        self.settle(Err(Error::failed(params.get()?.get_reason()?.to_string()?)))
    }
}

/// Takes a stream in, keeping its length and CRC. It refuses an empty write.
#[derive(Default)]
pub(crate) struct Sink {
    bytes: Cell<u64>,
    crc: Cell<Crc>,
}

impl sink::Server for Sink {
    async fn write(self: Rc<Self>, params: sink::WriteParams) -> capnp::Result<()> {
        let data = params.get()?.get_data()?;
        if data.is_empty() {
            return Err(Error::failed("nothing was written".to_owned()));
        }
        self.bytes.set(self.bytes.get() + data.len() as u64);
        self.crc.set(self.crc.get().over(data));
        Ok(())
    }

    async fn done(
        self: Rc<Self>,
        _: sink::DoneParams,
        mut results: sink::DoneResults,
    ) -> capnp::Result<()> {
        let mut end = results.get();
        end.set_bytes(self.bytes.get());
        end.set_crc(self.crc.get().sum());
        Ok(())
    }
}

/// The exception a caller of `throw` asked for.
pub(crate) fn exception(kind: Kind, reason: String) -> Error {
    Error { kind: error_kind(kind), extra: reason }
}

/// The schema's name of a kind, as the `capnp` crate's.
pub(crate) fn error_kind(kind: Kind) -> ErrorKind {
    match kind {
        Kind::Failed => ErrorKind::Failed,
        Kind::Overloaded => ErrorKind::Overloaded,
        Kind::Disconnected => ErrorKind::Disconnected,
        Kind::Unimplemented => ErrorKind::Unimplemented,
    }
}
