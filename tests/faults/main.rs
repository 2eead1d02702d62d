//! Faults: what is pulled out from under callers, and what they are told.
//!
//! Stories are told over wires that are cut at every message, in every way ([`calls`], [`workers`]); then one fault after
//! the other, by name; and a vat that leaves in good order.

#[path = "../support/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "shared with the scenarios of the object API"
)]
mod support;

mod calls;
#[cfg(unix)]
mod child;
mod cuts;
mod goodbye;
#[path = "../sim/hear.rs"]
mod hear;
mod ledger;
mod panics;
#[cfg(unix)]
mod reached;
#[cfg(unix)]
mod runtimes;
mod shut_down;
#[cfg(unix)]
mod sockets;
mod stage;
mod vats;
mod wires;
mod workers;
