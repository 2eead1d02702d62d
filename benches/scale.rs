//! What grows with what: costs against how much there is, memory of what is idle, threads, and how long the unlucky wait.
//!
//!     cargo bench --bench scale -- [NAME] [SECONDS]
//!     cargo bench --bench scale -- NAME SIZE xOPERATIONS
//!
//! `SECONDS` is the time for one question, 4 by default. Sizes take turns in short rounds, as contenders do in
//! `versus`; the median counts. With `x1000` the question's work is done a thousand times at one size and nothing is
//! measured: the difference of two such runs under `valgrind --tool=callgrind` is what it takes.

#[path = "support/alloc.rs"]
#[expect(dead_code, reason = "only its allocator counts here")]
mod alloc;
#[path = "scale/grows.rs"]
mod grows;
#[path = "scale/idle.rs"]
mod idle;
#[path = "scale/latency.rs"]
mod latency;
#[path = "support/row.rs"]
#[expect(dead_code, reason = "links are named there")]
mod row;
#[path = "support/sockets.rs"]
#[expect(dead_code, reason = "only its threads are used")]
mod sockets;
#[path = "scale/threads.rs"]
mod threads;
#[path = "scale/world.rs"]
mod world;

use std::time::Duration;

/// Says whether a bar was reached, beside the figure.
const fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "MISSED" }
}

fn answer(name: &str, budget: Duration) {
    match name {
        "idle" => idle::answer(),
        "threads" => threads::answer(budget),
        "latency" => latency::answer(budget),
        name => grows::answer(name, budget),
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let all: Vec<&str> = grows::names().chain(["idle", "threads", "latency"]).collect();
    let (names, rest) = match words.split_first() {
        Some((name, rest)) if all.contains(name) => (vec![*name], rest),
        _ => (all, &*words),
    };
    let number = |at: usize| {
        rest.get(at).and_then(|word: &&str| word.trim_start_matches('x').parse::<f64>().ok())
    };
    if let (Some(size), Some(operations)) = (number(0), number(1)) {
        grows::work(names[0], size as usize, operations as u64);
        return;
    }
    for name in names {
        answer(name, Duration::from_secs_f64(number(0).unwrap_or(4.0)));
    }
}
