//! The wire, as a program outside the crate sees it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod content;
mod frame;
mod hostile;
mod message;
mod outline;
mod reference;
mod samples;
mod schema;
mod words;
