//! No whole body in memory: a large stream passes, and the process stays small.

use std::future::Future;
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::{Link, Relay};
use bowline::runtime::Vat;
use bowline::transport::{Framed, FramedLimits, Peer, Socket, Transport, memory_pipe};
use bowline::worker::value::External;
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use super::scene::{depot, put};
use super::source::{End, chunks};

/// How many bytes pass: `BOWLINE_STREAM_MIB` MiB, or 256 MiB.
fn amount() -> u64 {
    let asked = std::env::var("BOWLINE_STREAM_MIB").ok();
    asked.map_or(256, |asked| asked.parse().expect("a number of MiB")) << 20
}

/// How much larger the process may get.
const GROWTH_MAX: u64 = 64 << 20;

/// How many bytes of memory the process has resident, if this system says so.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

fn framed(stream: impl bowline::transport::ByteStream + 'static) -> Box<dyn Transport> {
    Box::new(Framed::new(stream, Peer::Memory, FramedLimits::default()))
}

/// A large stream passes from one vat through a second to a third.
async fn pass(ends: impl Fn() -> (Box<dyn Transport>, Box<dyn Transport>)) {
    let (left, middle, right) = (Vat::local(), Vat::local(), Vat::local());
    let drivers = [&left, &middle, &right].map(|vat| spawn_local(vat.tokio_driver()));
    let (boot, depot) = depot(right.here());
    let ((a, b), (c, d)) = (ends(), ends());
    let config = Config::default();
    let near = Link::connect(left.here(), a, config.clone(), None);
    let far = Link::connect(right.here(), d, config.clone(), Some(&boot));
    let relay = Relay::between(middle.here(), b, c, &config);
    let (stream, _) = chunks(amount() >> 16, 1 << 16, End::Clean);
    let boot = near.bootstrap();
    let (sent, _) = put(&boot, &External::new(stream)).expect("it is there");
    sent.await.expect("it is taken");
    let mut stream = depot.readable();
    let (before, start) = (resident(), Instant::now());
    let (mut count, mut most) = (0, 0);
    while let Some(bytes) = stream.next().await {
        count += bytes.expect("fine").len() as u64;
        if count % (8 << 20) == 0 {
            most = most.max(resident().unwrap_or(0));
        }
    }
    let took = start.elapsed();
    assert_eq!(count, amount());
    let grown = most.saturating_sub(before.unwrap_or(0));
    println!("{} MiB in {took:?}, {} KiB more resident", count >> 20, grown >> 10);
    assert!(grown < GROWTH_MAX, "the process grew by {grown} bytes");
    drop((relay, far));
    drivers.iter().for_each(JoinHandle::abort);
}

fn run(future: impl Future<Output = ()>) {
    let reactor = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&reactor.expect("an event queue"), future);
}

#[test]
fn a_large_stream_passes_over_byte_pipes() {
    run(pass(|| {
        let (left, right) = memory_pipe(1 << 16);
        (framed(left), framed(right))
    }));
}

#[cfg(unix)]
#[test]
fn a_large_stream_passes_over_unix_sockets() {
    run(pass(|| {
        let (left, right) = tokio::net::UnixStream::pair().expect("a pair of sockets");
        let end = |stream| -> Box<dyn Transport> {
            let socket = Socket::try_from(stream).expect("a socket");
            Box::new(socket.framed(FramedLimits::default()))
        };
        (end(left), end(right))
    }));
}
