//! The program, as a person at a terminal meets it.

mod bindings;
mod browser;
mod decode;
mod demo;
mod drain;
#[path = "../support/fields.rs"]
#[allow(dead_code, reason = "shared with the scenarios of the object API")]
mod fields;
mod peers;
mod probe;
mod relay;
mod relay_http;
mod support;
mod trace;
mod usage;
mod workers;
