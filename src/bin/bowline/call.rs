//! `bowline call`: the demo's work, against a vat somebody serves.

use std::time::Duration;

use bowline::rpc::Link;
use bowline::runtime::Vat;
use bowline::transport::{Address, FramedLimits};
use bowline::wire::Exception;
use tokio::task::spawn_local;

use crate::failure::Failure;
use crate::stream::Cargo;
use crate::{door, measure, place, protocol, table, work};

/// Checks and measures the vat served at the address that `text` is.
pub(crate) async fn run(text: &str, budget: Duration) -> Result<(), Failure> {
    if place::is_of_workers(text) {
        return Err(Failure::usage(format!(
            "{text} serves Workers: an expression says what to call, as in 'add(1, 2)'"
        )));
    }
    let address = &place::address(text)?;
    if *address == Address::Stdio {
        return Err(Failure::usage("`call` connects to tcp:HOST:PORT or unix:PATH, not to stdio"));
    }
    let socket = door::connect(address).await?;
    let vat = Vat::local();
    spawn_local(vat.tokio_driver());
    let transport = socket.framed(FramedLimits::default());
    let link = Link::connect(vat.here(), transport, protocol::config(), None);
    let outcome = work_over(&vat, &link, address, budget).await;
    outcome.map_err(|failure| failure.during(address))
}

async fn work_over(
    vat: &Vat,
    link: &Link,
    address: &Address,
    budget: Duration,
) -> Result<(), Failure> {
    let demo = link.bootstrap();
    let mut cargo = Cargo::new();
    work::check(vat.here(), &demo, &mut cargo).await?;
    let figures = measure::figures(&demo, &mut cargo, budget).await?;
    work::finish(demo, &[link]).await?;
    link.abort(Exception::disconnected("the work is done"));
    table::head()?;
    let kind = if matches!(address, Address::Unix(_)) { "unix socket" } else { "tcp" };
    table::row(kind, "two processes", &figures)
}
