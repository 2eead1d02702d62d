//! `bowline demo`: one vat serves, another calls it, over every transport in turn.

use std::process::Stdio;
use std::time::Duration;

use bowline::rpc::Link;
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
use crate::measure::Figures;
use crate::serve;
use crate::session::Served;
use crate::stream::Cargo;
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

/// Works over the transports given, or over all.
pub(crate) async fn run(transports: &[TransportName], budget: Duration) -> Result<(), Failure> {
    let (near, far) = (Vat::local(), Vat::local());
    spawn_local(near.tokio_driver());
    spawn_local(far.tokio_driver());
    let transports = if transports.is_empty() { &TransportName::ALL } else { transports };
    let mut cargo = Cargo::new();
    let mut failed = 0;
    table::head()?;
    for &name in transports {
        match over(name, &near, &far, &mut cargo, budget).await {
            // A table nobody reads is not gone on with.
            Ok(figures) => table::row(name.title(), name.place(), &figures)?,
            Err(failure) => {
                failure.during(name.title()).tell();
                failed += 1;
            }
        }
    }
    if failed > 0 {
        return Err(Failure::Told);
    }
    table::say(SUMMARY)
}

const SUMMARY: &str = "
Checked over each: bootstrap, a callback, capabilities both ways, a pipelined chain, a cancelled call, exceptions of
every kind, a stream whose hash was taken at the far end; and the tables of both ends are empty.
Times are medians. A chain of 8 is 8 calls, each on what the one before will return, and one wait.";

async fn over(
    name: TransportName,
    near: &Vat,
    far: &Vat,
    cargo: &mut Cargo,
    budget: Duration,
) -> Result<Figures, Failure> {
    let pair = open(name, near.here(), far).await?;
    let demo = pair.near.bootstrap();
    work::check(near.here(), &demo, cargo).await?;
    let figures = measure::figures(&demo, cargo, budget).await?;
    match &pair.far {
        Far::Here(served) => work::finish(demo, &[&pair.near, served.link()]).await?,
        Far::Child(_) => work::finish(demo, &[&pair.near]).await?,
    }
    pair.near.abort(Exception::disconnected("the demo is over"));
    match pair.far {
        Far::Here(served) => served.over().await?,
        Far::Child(child) => left(child).await?,
    }
    Ok(figures)
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
