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
mod plainer;
#[path = "../sim/reread.rs"]
mod reread;
mod scenes;
#[path = "../sim/schedules.rs"]
mod schedules;
#[path = "../sim/search.rs"]
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
fn every_call_and_every_disposer_is_where_it_must_be_and_nothing_is_left() {
    search::search(RUNS);
}
