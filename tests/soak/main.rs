//! A peer does its worst at one limit after the other, for seconds: it takes no more memory than its connection is
//! configured with, and an honest neighbour on the same vat keeps half of its throughput.
//!
//! Each attack lasts 400 milliseconds of the vats' own time, or as long as `BOWLINE_SOAK_SECONDS` says. Memory is counted
//! by the allocator, so these tests have a process of their own.

#[path = "../support/fields.rs"]
#[allow(dead_code, reason = "shared with the scenarios")]
mod fields;

mod attacks;
mod cost;
mod stage;

use std::alloc::System;
use std::time::Duration;

use mockalloc::{Mockalloc, record_allocs};

use attacks::{Attack, TWENTY};
use stage::Stage;

#[global_allocator]
static COUNTED: Mockalloc<System> = Mockalloc(System);

/// How long each attack lasts.
fn lasts() -> Duration {
    let asked = std::env::var("BOWLINE_SOAK_SECONDS").ok();
    let asked = asked.map(|asked| asked.parse().expect("a number of seconds"));
    asked.map_or(Duration::from_millis(400), Duration::from_secs)
}

/// The attacks that are played: all, or those with `BOWLINE_SOAK_ATTACK` in their names.
fn attacks() -> Vec<Attack> {
    let wanted = std::env::var("BOWLINE_SOAK_ATTACK").unwrap_or_default();
    attacks::all().into_iter().filter(|attack| attack.name.contains(&wanted)).collect()
}

/// How often the peer is heard until what it can fill is full.
const TURNS: u32 = 300;

/// The most memory the attack takes, in bytes.
fn taken(attack: &Attack) -> u64 {
    let mut stage = Stage::new(attack, 1);
    let taken = record_allocs(|| {
        for _ in 0..TURNS {
            stage.is_attacked();
            stage.turn();
        }
    });
    assert!(stage.said() > 0, "{}: nothing was said", attack.name);
    taken.peak_mem()
}

#[test]
fn no_attack_takes_more_memory_than_is_configured() {
    let mut over = Vec::new();
    for attack in attacks() {
        let (most, taken) = (cost::most(&attack), taken(&attack));
        println!("{:45} {:9} bytes of {most}", attack.name, taken);
        if taken > most {
            over.push(format!("{}: {taken} bytes, {most} are configured", attack.name));
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}

/// Calls of the neighbour in a second of the vat's time, with the attack and without, in turns.
fn throughput(attack: &Attack) -> (f64, f64) {
    let (mut stage, mut calm) = (Stage::new(attack, 64), Stage::new(attack, 64));
    // The tables fill up first.
    for _ in 0..TURNS {
        stage.is_attacked();
        stage.turn();
    }
    let rounds = 15;
    let each = lasts() / (2 * rounds);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        with.push(stage.calls_a_second(each, true));
        without.push(calm.calls_a_second(each, false));
    }
    (median(with), median(without))
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

#[test]
fn an_honest_neighbour_keeps_half_of_its_throughput() {
    let mut starved = Vec::new();
    for attack in attacks().into_iter().filter(|attack| attack.name != TWENTY) {
        // Others on this machine may have had their moment in the midst of ours: it counts if it is so again.
        let mut share = 0.0;
        for _ in 0..3 {
            let (with, without) = throughput(&attack);
            share = with / without;
            if share >= 0.5 {
                break;
            }
        }
        println!("{:45} {:3.0} %", attack.name, 100.0 * share);
        if share < 0.5 {
            starved.push(format!("{}: {:.0} %", attack.name, 100.0 * share));
        }
    }
    assert!(starved.is_empty(), "{starved:#?}");
}
