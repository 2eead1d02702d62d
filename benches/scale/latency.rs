//! How long the unlucky wait, while 64 calls are in flight.

use std::time::{Duration, Instant};

use bowline::rpc::Promise;
use futures::stream::{FuturesUnordered, StreamExt};
use hdrhistogram::Histogram;

use crate::verdict;
use crate::world::{World, call};

const IN_FLIGHT: usize = 64;
/// What the slowest in a thousand may take, in medians.
const TAIL: f64 = 4.0;

/// From when a call was made until whoever awaits it has the answer.
async fn timed(made: Instant, promise: Promise) -> u64 {
    promise.await.expect("it returns");
    u64::try_from(made.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn measured(world: &World, budget: Duration) -> Histogram<u64> {
    let World { clients, thread, .. } = world;
    let mut took = Histogram::<u64>::new(3).expect("three digits are possible");
    let begun = Instant::now();
    thread.block_on(async {
        let mut calls = FuturesUnordered::new();
        while begun.elapsed() < budget {
            while calls.len() < IN_FLIGHT {
                calls.push(timed(Instant::now(), call(&clients[0], 0)));
            }
            let nanoseconds = calls.next().await.expect("some are in flight");
            took.record(nanoseconds).expect("it grows as it must");
        }
        while calls.next().await.is_some() {}
    });
    took
}

/// So many calls always in flight: when one has come back, the next is made.
pub(crate) fn answer(budget: Duration) {
    println!("{IN_FLIGHT} calls in flight: ns of a call, 50 %, 99 %, 99.9 % and the slowest");
    for (what, world) in [("the same vat", World::alone()), ("in memory", World::connected(1))] {
        measured(&world, budget / 8);
        let took = measured(&world, budget / 2);
        let at = |part| took.value_at_quantile(part);
        let (median, tail) = (at(0.5), at(0.999));
        let reached = verdict(tail as f64 <= TAIL * median as f64);
        println!("{median:10}{:10}{tail:10}{:12} {what} {reached}", at(0.99), took.max());
    }
}
