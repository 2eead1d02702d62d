//! What grows with what: costs against how much there is, memory of what is idle, threads, and how long the unlucky wait.
//!
//!     cargo bench --bench scale -- [NAME,…] [SECONDS]
//!
//! `SECONDS` is the time for one question, 4 by default. Sizes take turns in short rounds, as contenders do in
//! `versus`; the median counts.

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

/// A question, and what answers it within about the time given.
type Question = (&'static str, fn(Duration));

const QUESTIONS: [Question; 9] = [
    ("exports", grows::exports),
    ("pending", grows::pending),
    ("in-flight", grows::in_flight),
    ("connections", grows::connections),
    ("connections-all", grows::connections_all),
    ("same-thread-stubs", grows::stubs),
    ("idle", idle::answer),
    ("threads", threads::answer),
    ("latency", latency::answer),
];

/// Says whether a bar was reached, beside the figure.
fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "MISSED" }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let seconds = words.iter().filter_map(|word| word.parse().ok()).next().unwrap_or(4.0);
    let names = words.iter().find(|word| word.parse::<f64>().is_err());
    for (name, answer) in QUESTIONS {
        if names.is_none_or(|names| names.split(',').any(|one| one == name)) {
            answer(Duration::from_secs_f64(seconds));
        }
    }
}
