//! Faults: what is pulled out from under callers, and what they are told.

#[path = "../support/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "shared with the scenarios of the object API"
)]
mod support;

mod calls;
mod cuts;
mod goodbye;
#[path = "../sim/hear.rs"]
mod hear;
mod ledger;
mod shut_down;
mod stage;
mod wires;
mod workers;
