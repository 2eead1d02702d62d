//! Any calls of the objects of a worker.
#![no_main]

#[path = "../bodies/dispatch.rs"]
mod body;
#[path = "../bodies/choices.rs"]
#[allow(dead_code, reason = "shared with other bodies")]
mod choices;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    body::run(bytes);
});
