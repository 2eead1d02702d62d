//! Vats that do anything a vat may do, in any order, held against an oracle that knows only what
//! stands for what: every call reaches the object it was made on, in E-order (see `shadow`), comes to
//! one outcome, the right one; and at the end nothing is left anywhere.
//!
//! `SIM_RUNS=100000` says how many seeds are played; `SEED=17` plays one and tells its story. A run
//! that fails is made short and prints itself as a test.

mod act;
mod content;
mod dice;
mod ending;
mod found;
mod generate;
mod hear;
mod making;
mod outcome;
mod run;
mod scenes;
mod shadow;
mod stage;
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
    if let Some(finding) = plan.play(true) {
        panic!("{}\n{}", finding.story.join("\n"), finding.what);
    }
}

fn report(seed: u64, kind: &str) -> String {
    let short = Plan::of_seed(seed).shrink(kind);
    let finding = short.play(true).expect("a shrunk run fails as well");
    let story = finding.story.join("\n");
    let test = short.as_test(&format!("seed_{seed}"));
    format!("seed {seed}: {}\n\n{story}\n\n{test}", finding.what)
}

#[test]
fn every_call_reaches_its_object_in_order_and_nothing_is_left() {
    if let Some(seed) = number("SEED") {
        let plan = Plan::of_seed(seed);
        if let Some(finding) = plan.play(true) {
            println!("{}\n{}", finding.story.join("\n"), finding.what);
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
        if let Some(finding) = Plan::of_seed(seed).play(false) {
            findings.entry(finding.kind).or_default().push(seed);
        }
    }
    findings
}
