//! Any calls of the objects of a worker.
#![no_main]

#[path = "../bodies/dispatch.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    body::run(bytes);
});
