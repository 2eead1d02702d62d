//! The object API, over one vat and over every kind of link: situations told as traffic.

#[path = "../support/mod.rs"]
mod support;

mod basics;
mod cancel;
mod ending;
mod first;
mod ledger;
mod lifetimes;
mod local;
mod order;
mod promises;
mod raw;
mod review;
mod tail;
mod threads;
