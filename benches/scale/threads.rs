//! Whether as many vats on as many threads do as many times the work.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::verdict;
use crate::world::World;

/// Rounds of each; odd, so that the median is one of them.
const ROUNDS: usize = 5;
/// Calls between two looks at the clock.
const CALLS: u64 = 200;
/// What each thread has to do of what one alone does.
const SHARE: f64 = 0.9;

/// What is called, and where it lives.
type Kind = (&'static str, fn() -> World);

/// Calls of all threads together in a second.
fn calls_a_second(threads: usize, made: fn() -> World, slice: Duration) -> f64 {
    let (begin, mut all) = (Barrier::new(threads), 0.0);
    thread::scope(|scope| {
        let begin = &begin;
        let work = move || {
            let mut world = made();
            world.call_first(CALLS);
            begin.wait();
            let (begun, mut calls) = (Instant::now(), 0);
            while begun.elapsed() < slice {
                world.call_first(CALLS);
                calls += CALLS;
            }
            calls as f64 / begun.elapsed().as_secs_f64()
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all = running.into_iter().map(|one| one.join().expect("it ends")).sum();
    });
    all
}

/// One thread and as many as there are cores, in turns.
pub(crate) fn answer(budget: Duration) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let slice = budget / ROUNDS as u32 / 4;
    println!("vats on threads of their own: calls/s of one, of {cores}, and the ratio");
    let kinds: [Kind; 2] = [
        ("an object of the same vat", World::alone),
        ("two vats, bytes through memory", || World::connected(1)),
    ];
    for (what, made) in kinds {
        let mut rounds: Vec<[f64; 2]> = (0..ROUNDS)
            .map(|_| [1, cores].map(|threads| calls_a_second(threads, made, slice)))
            .collect();
        rounds.sort_by(|one, other| (one[1] / one[0]).total_cmp(&(other[1] / other[0])));
        let [one, all] = rounds[ROUNDS / 2];
        let reached = verdict(all / one >= SHARE * cores as f64);
        println!("{one:12.0}{all:12.0}{:8.2} {what} {reached}", all / one);
    }
}
