//! The objects of `typed.capnp`.

use std::cell::Cell as StdCell;
use std::future::pending;
use std::rc::Rc;

use futures::future::try_join_all;

use crate::typed_capnp::{cell, desk};
use crate::worlds::Engine;

pub(crate) struct Cell(StdCell<i64>);

impl Cell {
    pub(crate) fn new(value: i64) -> Self {
        Self(StdCell::new(value))
    }

    pub(crate) fn value(&self) -> i64 {
        self.0.get()
    }
}

impl cell::Server for Cell {
    async fn get(
        self: Rc<Self>,
        _: cell::GetParams,
        mut results: cell::GetResults,
    ) -> capnp::Result<()> {
        results.get().set_value(self.0.get());
        Ok(())
    }

    async fn set(
        self: Rc<Self>,
        params: cell::SetParams,
        _: cell::SetResults,
    ) -> capnp::Result<()> {
        self.0.set(params.get()?.get_value());
        Ok(())
    }
}

pub(crate) async fn value_of(cell: &cell::Client) -> capnp::Result<i64> {
    Ok(cell.get_request().send().promise.await?.get()?.get_value())
}

pub(crate) struct Desk<E> {
    pub(crate) engine: E,
}

pub(crate) fn a_desk<E: Engine>(engine: E) -> desk::Client {
    engine.host(Desk { engine })
}

impl<E: Engine> desk::Server for Desk<E> {
    async fn echo(
        self: Rc<Self>,
        params: desk::EchoParams,
        mut results: desk::EchoResults,
    ) -> capnp::Result<()> {
        results.get().set_cell(params.get()?.get_cell()?);
        Ok(())
    }

    async fn new(
        self: Rc<Self>,
        params: desk::NewParams,
        mut results: desk::NewResults,
    ) -> capnp::Result<()> {
        results.get().set_cell(self.engine.host(Cell::new(params.get()?.get_value())));
        Ok(())
    }

    async fn gather(
        self: Rc<Self>,
        params: desk::GatherParams,
        mut results: desk::GatherResults,
    ) -> capnp::Result<()> {
        let params = params.get()?;
        let (from, count) = (params.get_cells()?, params.get_cells()?.len());
        let mut to = results.get().init_cells(count);
        for at in 0..count {
            to.set(count - 1 - at, from.get(at)?.client.hook);
        }
        results.get().set_labelled(params.get_labelled()?)
    }

    async fn sum(
        self: Rc<Self>,
        params: desk::SumParams,
        mut results: desk::SumResults,
    ) -> capnp::Result<()> {
        let cells = params.get()?.get_cells()?;
        let cells = (0..cells.len()).map(|at| cells.get(at)).collect::<capnp::Result<Vec<_>>>()?;
        let values = try_join_all(cells.iter().map(value_of)).await?;
        results.get().set_value(values.into_iter().sum());
        Ok(())
    }

    async fn later(
        self: Rc<Self>,
        params: desk::LaterParams,
        mut results: desk::LaterResults,
    ) -> capnp::Result<()> {
        results.get().set_cell(params.get()?.get_cell()?);
        results.set_pipeline()?;
        pending().await
    }

    async fn pass(
        self: Rc<Self>,
        params: desk::PassParams,
        mut results: desk::PassResults,
    ) -> capnp::Result<()> {
        let request = params.get()?.get_cell()?.get_request();
        if E::TAIL_CALLS {
            return results.hook.tail_call(request.hook).await;
        }
        results.get().set_value(request.send().promise.await?.get()?.get_value());
        Ok(())
    }

    async fn hang(self: Rc<Self>, _: desk::HangParams, _: desk::HangResults) -> capnp::Result<()> {
        pending().await
    }

    async fn me(
        self: Rc<Self>,
        _: desk::MeParams,
        mut results: desk::MeResults,
    ) -> capnp::Result<()> {
        results.get().set_desk(self.engine.host_shared(Rc::clone(&self)));
        Ok(())
    }

    async fn fail(
        self: Rc<Self>,
        params: desk::FailParams,
        _: desk::FailResults,
    ) -> capnp::Result<()> {
        Err(capnp::Error::failed(params.get()?.get_reason()?.to_string()?))
    }

    async fn double(
        self: Rc<Self>,
        params: desk::DoubleParams,
        mut results: desk::DoubleResults,
    ) -> capnp::Result<()> {
        let cell = params.get()?.get_cell()?;
        results.get().set_first(cell.clone());
        results.get().set_second(cell);
        Ok(())
    }

    async fn nothing(
        self: Rc<Self>,
        _: desk::NothingParams,
        mut results: desk::NothingResults,
    ) -> capnp::Result<()> {
        results.get();
        Ok(())
    }

    async fn twice(
        self: Rc<Self>,
        params: desk::TwiceParams,
        mut results: desk::TwiceResults,
    ) -> capnp::Result<()> {
        results.get().set_cell(params.get()?.get_cell()?);
        results.set_pipeline()?;
        results.set_pipeline()
    }
}
