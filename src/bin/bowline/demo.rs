//! `bowline demo`: one vat serves, another calls it, over every transport in turn.

use std::process::Stdio;
use std::time::Duration;

use bowline::rpc::{Client, Link};
use bowline::runtime::{Local, Vat};
use bowline::transport::{
    Address, Framed, FramedLimits, Joined, Listener, Peer, Socket, Transport, memory_pipe,
    same_thread,
};
use bowline::wire::Exception;
use tokio::process::{Child, Command};
use tokio::task::spawn_local;

use crate::args::TransportName;
use crate::failure::{Failure, ensure};
use crate::serve;
use crate::session::Served;
use crate::stream::Cargo;
use crate::table::Table;
use crate::{measure, protocol, table, work};

/// How many bytes a direction of the memory pipe holds: as many as a socket's buffer.
const PIPE_CAPACITY: usize = 256 << 10;

/// How long the child may take to leave after it was told that all is over.
const LEAVING: Duration = Duration::from_secs(5);

/// The near end of a connection, and what is known of the far one.
struct Pair {
    near: Link,
    far: Far,
}

enum Far {
    Here(Served),
    Child(Child),
}

/// The vats: ours, and two others that are served where a transport stays in this process.
struct Vats {
    near: Vat,
    far: Vat,
    third: Vat,
}

/// Works over the transports given, or over all.
pub(crate) async fn run(transports: &[TransportName], budget: Duration) -> Result<(), Failure> {
    let vats = Vats { near: Vat::local(), far: Vat::local(), third: Vat::local() };
    for vat in [&vats.near, &vats.far, &vats.third] {
        spawn_local(vat.tokio_driver());
    }
    // Half of the time for either table.
    let (mut cargo, budget) = (Cargo::new(), budget / 2);
    let asked = if transports.is_empty() { &TransportName::ALL } else { transports };
    let (mut failed, mut working) = (false, Vec::new());

    let table = Table::of_calls();
    table.head("transport", "its two vats")?;
    for &name in asked {
        let outcome = vats.call_over(name, &mut cargo, budget).await;
        match told(name.title(), outcome, |cells| table.row(name.title(), name.place(), cells))? {
            true => working.push(name),
            // It is told once what is wrong with it.
            false => failed = true,
        }
    }
    table::say("")?;
    let table = Table::of_scenarios();
    table.head("Workers", "their vats")?;
    if transports.is_empty() {
        let played = measure::scenarios_here(vats.near.here(), &cargo, budget).await;
        let cells = played.map(|played| table::scenarios(&played));
        failed |= !told("one vat", cells, |cells| table.row("one vat", "one thread", cells))?;
    }
    for name in working {
        let outcome = vats.play_over(name, &cargo, budget).await;
        failed |=
            !told(name.title(), outcome, |cells| table.row(name.title(), name.places(), cells))?;
    }
    match failed {
        true => Err(Failure::Told),
        false => table::say(SUMMARY),
    }
}

/// Whether it went well; if not, that is told.
fn told(
    what: &str,
    outcome: Result<Vec<String>, Failure>,
    row: impl FnOnce(&[String]) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    match outcome {
        Ok(cells) => row(&cells).map(|()| true),
        Err(failure) => {
            failure.during(what).tell();
            Ok(false)
        }
    }
}

const SUMMARY: &str = "
Checked over each transport, with the tables of all ends empty behind it. Calls: bootstrap, a callback, capabilities both
ways, a pipelined chain, a cancelled call, exceptions of every kind, a stream whose hash is taken at the far end.
Workers: a service adds; a counter is a function that is returned, called four times and disposed; a database is opened,
written and read in one round trip; a public and an admin entrypoint have different rights; a file larger than any value
is streamed; a counter of the second vat is passed on to a third; a gateway's fetch asks an auth service who somebody is.
Times are medians. A chain of 8 is 8 calls, each on what the one before will return, and one wait.";

impl Vats {
    async fn call_over(
        &self,
        name: TransportName,
        cargo: &mut Cargo,
        budget: Duration,
    ) -> Result<Vec<String>, Failure> {
        let here = self.near.here();
        let pair = open(name, here, &self.far).await?;
        let demo = pair.near.bootstrap();
        work::check(here, &demo, cargo).await?;
        let figures = measure::figures(&demo, cargo, budget).await?;
        over(vec![demo], vec![pair]).await?;
        Ok(table::calls(&figures))
    }

    async fn play_over(
        &self,
        name: TransportName,
        cargo: &Cargo,
        budget: Duration,
    ) -> Result<Vec<String>, Failure> {
        let here = self.near.here();
        let pairs = [open(name, here, &self.far).await?, open(name, here, &self.third).await?];
        let [far, third] = pairs.each_ref().map(|pair| pair.near.bootstrap());
        let played = measure::scenarios(here, [&far, &third], cargo, budget).await?;
        over(vec![far, third], pairs.into()).await?;
        Ok(table::scenarios(&played))
    }
}

/// Gives up the last capabilities, and sees that no end of the connections holds anything then.
async fn over(demos: Vec<Client>, pairs: Vec<Pair>) -> Result<(), Failure> {
    let links = pairs.iter().flat_map(|pair| match &pair.far {
        Far::Here(served) => vec![&pair.near, served.link()],
        Far::Child(_) => vec![&pair.near],
    });
    work::finish(demos, &links.collect::<Vec<_>>()).await?;
    for Pair { near, far } in pairs {
        near.abort(Exception::disconnected("the demo is over"));
        match far {
            Far::Here(served) => served.over().await?,
            Far::Child(child) => left(child).await?,
        }
    }
    Ok(())
}

/// The child found nothing left behind either, if it leaves with 0.
async fn left(mut child: Child) -> Result<(), Failure> {
    let status = tokio::time::timeout(LEAVING, child.wait()).await;
    let status = status.map_err(|_| Failure::failed("the child does not leave"))??;
    ensure(status.success(), || format!("the child left with {status}"))
}

async fn open(name: TransportName, near: &Local, far: &Vat) -> Result<Pair, Failure> {
    match name {
        TransportName::SameThread => {
            let (left, right) = same_thread();
            Ok(pair(near, left, Served::new(far.here(), right)))
        }
        TransportName::Memory => {
            let (left, right) = memory_pipe(PIPE_CAPACITY);
            let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
            Ok(pair(near, framed(left), Served::new(far.here(), framed(right))))
        }
        TransportName::Child => child(near),
        TransportName::Unix => {
            let path = std::env::temp_dir().join(format!("bowline-{}.sock", std::process::id()));
            sockets(&Address::Unix(path), near, far).await
        }
        TransportName::Tcp => {
            let address = Address::Tcp { host: "127.0.0.1".to_owned(), port: 0 };
            sockets(&address, near, far).await
        }
    }
}

fn pair(near: &Local, transport: impl Transport + 'static, served: Served) -> Pair {
    let near = Link::connect(near, transport, protocol::config(), None);
    Pair { near, far: Far::Here(served) }
}

async fn sockets(address: &Address, near: &Local, far: &Vat) -> Result<Pair, Failure> {
    let mut listener = Listener::bind(address).await?;
    let address = listener.address().clone();
    // If one fails the other may wait for ever.
    let (accepted, connected) = tokio::try_join!(listener.accept(), Socket::connect(&address))?;
    let transport = connected.framed(FramedLimits::default());
    Ok(pair(near, transport, serve::served(far, accepted)))
}

/// This program once more, as the far end.
fn child(near: &Local) -> Result<Pair, Failure> {
    let program = std::env::current_exe()?;
    let mut child = Command::new(&program)
        .args(["serve", "stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Failure::failed("the child has no standard streams"));
    };
    let peer = Peer::Child { program: "bowline".to_owned(), pid: child.id().unwrap_or(0) };
    let transport = Framed::new(Joined::new(output, input), peer, FramedLimits::default());
    let near = Link::connect(near, transport, protocol::config(), None);
    Ok(Pair { near, far: Far::Child(child) })
}
