//! Cost of a call against how much else there is: flat, if it is as it should be.

use std::time::{Duration, Instant};

use futures::stream::{FuturesUnordered, StreamExt};

use crate::verdict;
use crate::world::{World, call};

/// Rounds of each size; odd, so that the median is one of them.
const ROUNDS: usize = 15;

/// How much more than at the smallest size a call may cost.
const FLAT: f64 = 1.10;

/// A world of one size, with what is done in it.
type Sized = (usize, World, fn(&mut World, usize, u64));

/// Nanoseconds of an operation at each size. Between two rounds of one size all others have one.
fn measure(sizes: &mut [Sized], budget: Duration) -> Vec<f64> {
    let slice = budget / ROUNDS as u32 / sizes.len() as u32;
    let timed = |(size, world, work): &mut Sized, operations: u64| {
        let begun = Instant::now();
        work(world, *size, operations);
        begun.elapsed()
    };
    let mut operations = vec![64u64; sizes.len()];
    for (at, sized) in sizes.iter_mut().enumerate() {
        while timed(sized, operations[at]) < slice / 2 {
            operations[at] *= 2;
        }
    }
    let mut rounds = vec![Vec::new(); sizes.len()];
    for _ in 0..ROUNDS {
        for (at, sized) in sizes.iter_mut().enumerate() {
            let took = timed(sized, operations[at]).as_secs_f64();
            rounds[at].push(took / operations[at] as f64 * 1e9);
        }
    }
    let median = |mut seconds: Vec<f64>| {
        seconds.sort_by(f64::total_cmp);
        seconds[ROUNDS / 2]
    };
    rounds.into_iter().map(median).collect()
}

fn tell(what: &str, mut sizes: Vec<Sized>, budget: Duration) {
    let figures = measure(&mut sizes, budget);
    println!("{what}: ns of a call, and against the first");
    for ((size, ..), figure) in sizes.iter().zip(&figures) {
        let growth = figure / figures[0];
        println!("{size:10}{figure:10.0}{growth:8.2} {}", verdict(growth <= FLAT));
    }
}

fn held(objects: usize) -> World {
    let mut world = World::connected(1);
    world.hold(objects);
    world
}

/// Of live exports.
pub(crate) fn exports(budget: Duration) {
    let sizes = [1, 10, 100, 1_000, 10_000, 100_000];
    let work = |world: &mut World, _, times| world.call_first(times);
    let sized = sizes.map(|size| (size, held(size), work as fn(&mut World, usize, u64)));
    tell("live exports, in memory", sized.into(), budget);
}

/// Of stubs of the caller's own vat.
pub(crate) fn stubs(budget: Duration) {
    let sizes = [1, 10, 100, 1_000, 10_000, 100_000];
    let work = |world: &mut World, _, times| world.call_first(times);
    let alone = |size| {
        let mut world = World::alone();
        world.hold(size);
        world
    };
    let sized = sizes.map(|size| (size, alone(size), work as fn(&mut World, usize, u64)));
    tell("objects of the same vat", sized.into(), budget);
}

/// Of calls that are not answered.
pub(crate) fn pending(budget: Duration) {
    let sizes = [1, 10, 100, 1_000, 10_000];
    let work = |world: &mut World, _, times| world.call_first(times);
    let left = |size: usize| {
        let mut world = World::connected(1);
        world.leave(size - 1);
        world
    };
    let sized = sizes.map(|size| (size, left(size), work as fn(&mut World, usize, u64)));
    tell("one call after the other while others are unanswered, in memory", sized.into(), budget);
}

/// So many calls made before the first is awaited, again and again.
fn at_once(world: &mut World, width: usize, times: u64) {
    let World { clients, thread, .. } = world;
    thread.block_on(async {
        let mut calls = FuturesUnordered::new();
        for _ in 0..times {
            if calls.len() == width {
                calls.next().await.transpose().expect("it returns");
            }
            calls.push(call(&clients[0], 0));
        }
        while calls.next().await.transpose().expect("it returns").is_some() {}
    });
}

/// Of calls in flight, from where turns are full of them.
pub(crate) fn in_flight(budget: Duration) {
    let sizes = [64, 256, 1_000, 4_000, 10_000];
    let sized =
        sizes.map(|size| (size, World::connected(1), at_once as fn(&mut World, usize, u64)));
    tell("calls in flight, in memory", sized.into(), budget);
    let sizes = [1, 64, 256, 1_000, 4_000, 10_000];
    let sized = sizes.map(|size| (size, World::alone(), at_once as fn(&mut World, usize, u64)));
    tell("calls in flight, in the same vat", sized.into(), budget);
}

/// Of connections of a vat, one of which is used.
pub(crate) fn connections(budget: Duration) {
    let sizes = [1, 10, 100, 1_000];
    let work = |world: &mut World, _, times| world.call_first(times);
    let sized =
        sizes.map(|size| (size, World::connected(size), work as fn(&mut World, usize, u64)));
    tell("connections of a vat, one of them used", sized.into(), budget);
}

/// Of connections of a vat, used in turns.
pub(crate) fn connections_all(budget: Duration) {
    let sizes = [1, 10, 100, 1_000];
    let work = |world: &mut World, _, times| world.call_each(times);
    let sized =
        sizes.map(|size| (size, World::connected(size), work as fn(&mut World, usize, u64)));
    tell("connections of a vat, used in turns", sized.into(), budget);
}
