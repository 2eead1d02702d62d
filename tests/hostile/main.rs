//! A peer written by hand says whatever it likes to a vat, and the vat answers as the protocol
//! prescribes: that call fails, or that connection ends; everything else goes on, and nothing leaks.

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "shared with the scenarios")]
mod support;

mod bytes;
mod edges;
mod embargoes;
mod engines;
mod knots;
mod limits;
mod loud;
mod messages;
mod peer;
mod promising;
mod scene;
mod silence;
mod tolerated;
mod unread;
mod violations;
mod words;
