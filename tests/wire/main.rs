//! The wire, as a program outside the crate sees it.

mod content;
mod frame;
mod hostile;
mod message;
mod reference;
mod samples;
mod schema;
mod words;
