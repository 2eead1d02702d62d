//! The object API, over one vat and over every kind of link: situations told as traffic.

#[path = "../support/mod.rs"]
mod support;

mod basics;
mod first;
mod ledger;
mod lifetimes;
mod order;
mod raw;
mod review;
