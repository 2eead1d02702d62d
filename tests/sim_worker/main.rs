//! Workers that do anything Workers may do to each other, in any order, held against an oracle that knows only what
//! stands for what: every call reaches the object it was made on, in the order of its stub, and comes to what its
//! target said; stubs that came together go together; every disposer runs once, and not while anybody holds what it
//! disposes; what is read from a stream is what was written to it; and at the end nothing is left anywhere.
//!
//! `SIM_RUNS=100000` says how many seeds are played; `SEED=17` plays one and tells its story. A run that fails is made
//! short and prints itself as a test.

mod act;
mod answering;
#[path = "../sim/dice.rs"]
mod dice;
mod ending;
mod found;
mod generate;
#[path = "../sim/hear.rs"]
mod hear;
mod making;
mod object;
mod pipes;
mod run;
mod shadow;
mod wires;
mod world;

use std::collections::BTreeMap;
use std::ops::Range;

use act::Act;
use ending::Ending;
use run::Plan;
use world::Shape;

/// Played by default; a few seconds without optimization.
const RUNS: u64 = 1000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Plays a run that once failed.
fn replay(shape: Shape, acts: &[Act], ending: Ending) {
    let plan = Plan { shape, acts: acts.to_vec(), ending };
    if let (story, Some(finding)) = plan.tell() {
        panic!("{}\n{}", story.join("\n"), finding.what);
    }
}

fn report(seed: u64, kind: &str) -> String {
    let short = Plan::of_seed(seed).shrink(kind);
    let (story, finding) = short.tell();
    let what = finding.expect("a shrunk run fails as well").what;
    let test = short.as_test(&format!("seed_{seed}"));
    format!("seed {seed}: {what}\n\n{}\n\n{test}", story.join("\n"))
}

#[test]
fn every_call_and_every_disposer_is_where_it_must_be_and_nothing_is_left() {
    if let Some(seed) = number("SEED") {
        let (story, finding) = Plan::of_seed(seed).tell();
        println!("{}", story.join("\n"));
        if let Some(finding) = finding {
            panic!("{}", report(seed, &finding.kind));
        }
        return;
    }
    let first = number("SIM_FIRST").unwrap_or(0);
    let findings = search(first..first + number("SIM_RUNS").unwrap_or(RUNS));
    let reports: Vec<String> = findings
        .iter()
        .map(|(kind, seeds)| format!("{} times {}", seeds.len(), report(seeds[0], kind)))
        .collect();
    assert!(reports.is_empty(), "{}", reports.join("\n\n"));
}

/// The seeds whose runs fail, by kind.
fn search(seeds: Range<u64>) -> BTreeMap<String, Vec<u64>> {
    let mut findings = BTreeMap::<_, Vec<_>>::new();
    for seed in seeds {
        if let Some(finding) = Plan::of_seed(seed).play() {
            findings.entry(finding.kind).or_default().push(seed);
        }
    }
    findings
}
