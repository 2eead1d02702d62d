//! The program, as a person at a terminal meets it.

mod bindings;
mod browser;
mod decode;
mod demo;
mod peers;
mod probe;
mod relay;
mod relay_http;
mod support;
mod trace;
mod usage;
mod workers;
