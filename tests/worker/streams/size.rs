//! No whole body in memory: a large stream passes, and the process stays small.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::Link;
use bowline::runtime::{Turn, Vat};
use bowline::transport::{Framed, FramedLimits, Peer, Transport, memory_pipe};
use bowline::worker::value::External;

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

fn drive<T>(vats: &[&Vat], future: impl Future<Output = T>, mut between: impl FnMut()) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
        for vat in vats {
            while vat.turn(Instant::now()) == Turn::More {}
        }
        between();
    }
}

/// A large stream passes from one vat through a second to a third.
fn pass(ends: impl Fn() -> (Box<dyn Transport>, Box<dyn Transport>), mut between: impl FnMut()) {
    let (left, middle, right) = (Vat::local(), Vat::local(), Vat::local());
    let (boot, depot) = depot(right.here());
    let ((a, b), (c, d)) = (ends(), ends());
    let config = Config::default();
    let near = Link::connect(left.here(), a, config.clone(), None);
    Link::connect(right.here(), d, config.clone(), Some(&boot));
    let relay = bowline::rpc::Relay::between(middle.here(), b, c, &config);
    let vats = [&left, &middle, &right];
    let (stream, _) = chunks(amount() >> 16, 1 << 16, End::Clean);
    let (sent, _) =
        put(left.here(), &near.bootstrap(), &External::new(stream)).expect("it is there");
    drive(&vats, sent, &mut between).expect("it is taken");
    let mut stream = depot.readable();
    let (before, start) = (resident(), Instant::now());
    let (mut count, mut most) = (0, 0);
    while let Some(bytes) = drive(&vats, stream.next(), &mut between) {
        count += bytes.expect("fine").len() as u64;
        if count % (8 << 20) < 1 << 16 {
            most = most.max(resident().unwrap_or(0));
        }
    }
    let took = start.elapsed();
    assert_eq!(count, amount());
    let grown = most.saturating_sub(before.unwrap_or(0));
    println!("{} MiB in {took:?}, {} KiB more resident", count >> 20, grown >> 10);
    assert!(grown < GROWTH_MAX, "the process grew by {grown} bytes");
    drop(relay);
}

#[test]
fn a_large_stream_passes_over_byte_pipes() {
    let framed = |stream| -> Box<dyn Transport> {
        Box::new(Framed::new(stream, Peer::Memory, FramedLimits::default()))
    };
    let ends = || {
        let (left, right) = memory_pipe(1 << 16);
        (framed(left), framed(right))
    };
    pass(ends, || {});
}

#[cfg(all(feature = "tokio", unix))]
#[test]
fn a_large_stream_passes_over_unix_sockets() {
    let ends = || -> (Box<dyn Transport>, Box<dyn Transport>) {
        let (left, right) = crate::support::unix();
        (Box::new(left), Box::new(right))
    };
    pass(ends, crate::support::look);
}
