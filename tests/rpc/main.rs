//! The object API, over one vat and over every kind of link: situations told as traffic.

#[path = "../data/interop_capnp.rs"]
#[allow(warnings, clippy::all, unreachable_pub, missing_docs, reason = "generated")]
#[rustfmt::skip]
mod interop_capnp;
#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "shared with the hostile peer")]
mod support;

mod basics;
mod borders;
mod cancel;
mod circles;
mod crossings;
mod ending;
mod first;
mod handles;
mod hints;
mod leaks;
mod ledger;
mod ledger_promises;
mod lifetimes;
mod local;
mod membranes;
mod order;
mod phrases;
mod policies;
mod promises;
mod raw;
mod relay;
mod review;
mod sink;
mod streams;
mod streams_local;
mod streams_random;
mod streams_typed;
mod tail;
mod threads;

/// Counts what a scenario takes and gives back, on its thread.
#[global_allocator]
static COUNTED: mockalloc::Mockalloc<std::alloc::System> = mockalloc::Mockalloc(std::alloc::System);
