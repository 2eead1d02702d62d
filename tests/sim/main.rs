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
mod plainer;
mod reread;
mod scenes;
mod schedules;
mod search;
mod shadow;
mod stage;
mod wires;
mod world;

use act::Act;
use ending::Ending;
use search::Plan;
use world::Shape;

/// Played by default; a few seconds without optimization.
const RUNS: u64 = 1000;

/// Plays a run that once failed.
fn replay(shape: Shape, acts: &[Act], ending: Ending) {
    Plan { shape, acts: acts.to_vec(), ending }.replay();
}

#[test]
fn every_call_reaches_its_object_in_order_and_nothing_is_left() {
    search::search(RUNS);
}
