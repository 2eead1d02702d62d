//! Any content, and paths into it.
#![no_main]

#[path = "../bodies/payload.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    body::run(bytes);
});
