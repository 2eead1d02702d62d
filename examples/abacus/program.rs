// A client and a server of `abacus.capnp`, as one writes them for `capnp-rpc`. The file that includes
// this one says which engine that is.

use std::rc::Rc;

use capnp::message::ReaderOptions;
use engine::rpc_twoparty_capnp::Side;
use engine::{RpcSystem, new_client, twoparty};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::abacus_capnp::{Kind, abacus, cell, operation};

struct Abacus;

struct Cell(f64);

impl cell::Server for Cell {
    async fn read(
        self: Rc<Self>,
        _: cell::ReadParams,
        mut results: cell::ReadResults,
    ) -> capnp::Result<()> {
        results.get().set_value(self.0);
        Ok(())
    }
}

/// An operation the abacus knows.
struct Known(Kind);

impl operation::Server for Known {
    async fn apply(
        self: Rc<Self>,
        params: operation::ApplyParams,
        mut results: operation::ApplyResults,
    ) -> capnp::Result<()> {
        let params = params.get()?;
        let (left, right) = (params.get_left(), params.get_right());
        results.get().set_value(match self.0 {
            Kind::Add => left + right,
            Kind::Subtract => left - right,
            Kind::Multiply => left * right,
            Kind::Divide if right == 0.0 => {
                return Err(capnp::Error::failed("division by zero".to_owned()));
            }
            Kind::Divide => left / right,
        });
        Ok(())
    }
}

impl abacus::Server for Abacus {
    async fn number(
        self: Rc<Self>,
        params: abacus::NumberParams,
        mut results: abacus::NumberResults,
    ) -> capnp::Result<()> {
        results.get().set_cell(new_client(Cell(params.get()?.get_value())));
        Ok(())
    }

    async fn combine(
        self: Rc<Self>,
        params: abacus::CombineParams,
        mut results: abacus::CombineResults,
    ) -> capnp::Result<()> {
        let params = params.get()?;
        let left = params.get_left()?.read_request().send().promise;
        let right = params.get_right()?.read_request().send().promise;
        let mut request = params.get_by()?.apply_request();
        request.get().set_left(left.await?.get()?.get_value());
        request.get().set_right(right.await?.get()?.get_value());
        let value = request.send().promise.await?.get()?.get_value();
        results.get().set_cell(new_client(Cell(value)));
        Ok(())
    }

    async fn operation(
        self: Rc<Self>,
        params: abacus::OperationParams,
        mut results: abacus::OperationResults,
    ) -> capnp::Result<()> {
        results.get().set_operation(new_client(Known(params.get()?.get_kind()?)));
        Ok(())
    }
}

/// An operation of the client's own, which the server calls back.
struct Power;

impl operation::Server for Power {
    async fn apply(
        self: Rc<Self>,
        params: operation::ApplyParams,
        mut results: operation::ApplyResults,
    ) -> capnp::Result<()> {
        let params = params.get()?;
        results.get().set_value(params.get_left().powf(params.get_right()));
        Ok(())
    }
}

/// One end of a connection, run on the current `LocalSet`.
fn system(
    stream: tokio::io::DuplexStream,
    side: Side,
    offer: Option<abacus::Client>,
) -> RpcSystem<twoparty::VatId> {
    let (reader, writer) = tokio::io::split(stream);
    let network = twoparty::VatNetwork::new(
        reader.compat(),
        writer.compat_write(),
        side,
        ReaderOptions::new(),
    );
    RpcSystem::new(Box::new(network), offer.map(|offer| offer.client))
}

/// A cell for `value`, which need not be there yet.
fn number(abacus: &abacus::Client, value: f64) -> cell::Client {
    let mut request = abacus.number_request();
    request.get().set_value(value);
    request.send().pipeline.get_cell()
}

fn known(abacus: &abacus::Client, kind: Kind) -> operation::Client {
    let mut request = abacus.operation_request();
    request.get().set_kind(kind);
    request.send().pipeline.get_operation()
}

fn combined(
    abacus: &abacus::Client,
    by: &operation::Client,
    left: &cell::Client,
    right: &cell::Client,
) -> cell::Client {
    let mut request = abacus.combine_request();
    request.get().set_by(by.clone());
    request.get().set_left(left.clone());
    request.get().set_right(right.clone());
    request.send().pipeline.get_cell()
}

async fn read(cell: &cell::Client) -> String {
    match cell.read_request().send().promise.await {
        Ok(answer) => answer.get().map_or_else(|why| why.to_string(), |at| at.get_value().to_string()),
        Err(why) => format!("{why}"),
    }
}

/// Calculates a few things, and tells what came out.
pub(crate) async fn run() -> Vec<String> {
    let (left, right) = tokio::io::duplex(4096);
    tokio::task::spawn_local(system(right, Side::Server, Some(new_client(Abacus))));
    let mut near = system(left, Side::Client, None);
    let disconnector = near.get_disconnector();
    let abacus: abacus::Client = near.bootstrap(Side::Server);
    tokio::task::spawn_local(near);

    let mut told = Vec::new();
    let (add, multiply) = (known(&abacus, Kind::Add), known(&abacus, Kind::Multiply));
    let divide = known(&abacus, Kind::Divide);
    let (two, three, nothing) =
        (number(&abacus, 2.0), number(&abacus, 3.0), number(&abacus, 0.0));

    // Nothing was waited for so far, and all of this takes one round trip.
    let five = combined(&abacus, &add, &two, &three);
    let ten = combined(&abacus, &multiply, &five, &two);
    told.push(format!("(2 + 3) * 2 = {}", read(&ten).await));

    let power = new_client(Power);
    told.push(format!("2 ^ 10 = {}", read(&combined(&abacus, &power, &two, &ten)).await));
    let quotient = combined(&abacus, &divide, &five, &nothing);
    let why = read(&quotient).await;
    told.push(format!("5 / 0 is refused: {}", why.contains("division by zero")));
    told.push(match disconnector.await {
        Ok(()) => "disconnected".to_owned(),
        Err(why) => format!("the connection failed: {why}"),
    });
    let why = read(&ten).await;
    told.push(format!("afterwards calls fail: {}", why.to_lowercase().contains("disconnect")));
    told
}
