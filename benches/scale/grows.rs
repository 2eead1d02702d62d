//! Cost of a call against how much else there is: flat, if it is as it should be.

use std::time::{Duration, Instant};

use futures::stream::{FuturesUnordered, StreamExt};

use crate::verdict;
use crate::world::{World, call};

/// Rounds of each size; odd, so that the median is one of them.
const ROUNDS: usize = 15;

/// How much more than at the smallest size a call may cost.
const FLAT: f64 = 1.10;

/// One question: what grows, and what is done meanwhile.
struct Question {
    name: &'static str,
    what: &'static str,
    sizes: &'static [usize],
    /// A world of that size.
    open: fn(usize) -> World,
    /// An operation, so many times.
    work: fn(&mut World, usize, u64),
}

const QUESTIONS: [Question; 7] = [
    Question {
        name: "exports",
        what: "live exports, in memory",
        sizes: &[1, 10, 100, 1_000, 10_000, 100_000],
        open: |size| held(World::connected(1), size),
        work: first,
    },
    Question {
        name: "objects",
        what: "objects of the same vat",
        sizes: &[1, 10, 100, 1_000, 10_000, 100_000],
        open: |size| held(World::alone(), size),
        work: first,
    },
    Question {
        name: "unanswered",
        what: "calls that are not answered, in memory; another is awaited",
        sizes: &[1, 10, 100, 1_000, 10_000],
        open: unanswered,
        work: first,
    },
    Question {
        name: "in-flight",
        what: "calls in flight, in memory, from where turns are full",
        sizes: &[64, 256, 1_000, 4_000, 10_000],
        open: |_| World::connected(1),
        work: at_once,
    },
    Question {
        name: "in-flight-here",
        what: "calls in flight, in the same vat",
        sizes: &[1, 64, 256, 1_000, 4_000, 10_000],
        open: |_| World::alone(),
        work: at_once,
    },
    Question {
        name: "connections",
        what: "connections of a vat, one of which is used",
        sizes: &[1, 10, 100, 1_000],
        open: World::connected,
        work: first,
    },
    Question {
        name: "connections-all",
        what: "connections of a vat, used in turns",
        sizes: &[1, 10, 100, 1_000],
        open: World::connected,
        work: |world, _, times| world.call_each(times),
    },
];

fn held(mut world: World, objects: usize) -> World {
    world.hold(objects);
    world
}

fn unanswered(calls: usize) -> World {
    let mut world = World::connected(1);
    world.leave(calls - 1);
    world
}

fn first(world: &mut World, _: usize, times: u64) {
    world.call_first(times);
}

/// So many calls made before the first is awaited, and one more whenever one has come back.
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

/// The names of the questions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    QUESTIONS.iter().map(|question| question.name)
}

fn named(name: &str) -> &'static Question {
    let found = QUESTIONS.iter().find(|question| question.name == name);
    found.unwrap_or_else(|| panic!("no question {name}"))
}

/// Does it at one size so many times, and measures nothing.
pub(crate) fn work(name: &str, size: usize, operations: u64) {
    let question = named(name);
    (question.work)(&mut (question.open)(size), size, operations);
}

/// Tells a call's cost at each size.
pub(crate) fn answer(name: &str, budget: Duration) {
    let question = named(name);
    let figures = measure(question, budget);
    println!("{name}: {}; ns of a call, and against the first", question.what);
    for (size, figure) in question.sizes.iter().zip(&figures) {
        let growth = figure / figures[0];
        println!("{size:10}{figure:10.0}{growth:8.2} {}", verdict(growth <= FLAT));
    }
}

/// Nanoseconds of an operation at each size. Between two rounds of one size all others have one.
fn measure(question: &Question, budget: Duration) -> Vec<f64> {
    let sizes = question.sizes;
    let slice = budget / ROUNDS as u32 / sizes.len() as u32;
    let mut worlds: Vec<World> = sizes.iter().map(|size| (question.open)(*size)).collect();
    let mut timed = |at: usize, operations: u64| {
        let begun = Instant::now();
        (question.work)(&mut worlds[at], sizes[at], operations);
        begun.elapsed()
    };
    let mut operations = Vec::new();
    for (at, size) in sizes.iter().enumerate() {
        let mut fills = (*size as u64).max(64);
        while timed(at, fills) < slice / 2 {
            fills *= 2;
        }
        operations.push(fills);
    }
    let mut rounds = vec![Vec::new(); sizes.len()];
    for _ in 0..ROUNDS {
        for (at, rounds) in rounds.iter_mut().enumerate() {
            let took = timed(at, operations[at]).as_secs_f64();
            rounds.push(took / operations[at] as f64 * 1e9);
        }
    }
    let median = |mut seconds: Vec<f64>| {
        seconds.sort_by(f64::total_cmp);
        seconds[ROUNDS / 2]
    };
    rounds.into_iter().map(median).collect()
}
