//! `bowline call`: the demo's work, against a vat somebody serves.

use std::time::Duration;

use bowline::rpc::Link;
use bowline::runtime::Vat;
use bowline::transport::{Address, FramedLimits, same_thread};
use bowline::wire::Exception;
use tokio::task::spawn_local;

use crate::failure::Failure;
use crate::session::Served;
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
    let transport = door::connect(address).await?.framed(FramedLimits::default());
    let link = Link::connect(vat.here(), transport, protocol::config(), None);
    let outcome = work_over(&vat, link, address, budget).await;
    outcome.map_err(|failure| failure.during(address))
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
    // The third vat of the scenarios is one of ours: whoever serves the other may take no second client.
    let third_vat = Vat::local();
    spawn_local(third_vat.tokio_driver());
    let (left, right) = same_thread();
    let served = Served::new(third_vat.here(), right);
    let beside = Link::connect(vat.here(), left, protocol::config(), None);
    let third = beside.bootstrap();
    let played = measure::scenarios(vat.here(), [&demo, &third], &cargo, budget / 2).await?;
    work::finish(vec![demo, third], &[&link, &beside, served.link()]).await?;
    for link in [link, beside] {
        link.hang_up(Exception::disconnected("the work is done"));
    }
    served.over().await?;
    let kind = if matches!(address, Address::Unix(_)) { "unix socket" } else { "tcp" };
    let calls = Table::of_calls();
    calls.head("transport", "its two vats")?;
    calls.row(kind, "two processes", &table::calls(&figures))?;
    table::say("")?;
    let scenarios = Table::of_scenarios();
    scenarios.head("Workers", "their vats")?;
    scenarios.row(kind, "two processes", &table::scenarios(&played))
}
