//! `bowline call`: the demo's work, against a vat somebody serves.

use std::time::Duration;

use bowline::rpc::Link;
use bowline::runtime::Vat;
use bowline::transport::{Address, FramedLimits};
use bowline::wire::Exception;
use tokio::task::spawn_local;

use crate::failure::Failure;
use crate::stream::Cargo;
use crate::table::Table;
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
    let vat = Vat::local();
    spawn_local(vat.tokio_driver());
    let link = connect(&vat, address).await?;
    let outcome = work_over(&vat, link, address, budget).await;
    outcome.map_err(|failure| failure.during(address))
}

async fn connect(vat: &Vat, address: &Address) -> Result<Link, Failure> {
    let transport = door::connect(address).await?.framed(FramedLimits::default());
    Ok(Link::connect(vat.here(), transport, protocol::config(), None))
}

async fn work_over(
    vat: &Vat,
    link: Link,
    address: &Address,
    budget: Duration,
) -> Result<(), Failure> {
    let demo = link.bootstrap();
    let mut cargo = Cargo::new();
    work::check(vat.here(), &demo, &mut cargo).await?;
    let figures = measure::figures(&demo, &mut cargo, budget / 2).await?;
    // The third vat of the scenarios; there is no need of it while the first may turn out to be none.
    let links = [link, connect(vat, address).await?];
    let third = links[1].bootstrap();
    let played = measure::scenarios(vat.here(), [&demo, &third], &cargo, budget / 2).await?;
    work::finish(vec![demo, third], &links.each_ref()).await?;
    for link in links {
        link.abort(Exception::disconnected("the work is done"));
    }
    let kind = if matches!(address, Address::Unix(_)) { "unix socket" } else { "tcp" };
    let calls = Table::of_calls();
    calls.head("transport", "its two vats")?;
    calls.row(kind, "two processes", &table::calls(&figures))?;
    table::say("")?;
    let scenarios = Table::of_scenarios();
    scenarios.head("Workers", "their vats")?;
    scenarios.row(kind, "two processes", &table::scenarios(&played))
}
