//! The object API, over one vat and over every kind of link: situations told as traffic.

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "shared with the hostile peer")]
mod support;

mod basics;
mod cancel;
mod circles;
mod crossings;
mod ending;
mod first;
mod ledger;
mod ledger_promises;
mod lifetimes;
mod local;
mod order;
mod phrases;
mod promises;
mod raw;
mod review;
mod tail;
mod threads;
