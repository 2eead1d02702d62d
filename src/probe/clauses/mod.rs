//! The clauses of `SPEC.md` that are supported, and how each is put to a server nobody knows the interface of.
//!
//! In `SPEC.md`, *we* are the vat the clause is about; here that is the server, and its peer is the probe.

mod endings;
mod exceptions;
mod finishes;
mod framing;
mod payloads;
mod pipelines;
mod promises;
mod questions;
mod references;
mod returns;
mod table;

pub(super) use table::{CLAUSES, How};
