//! Any bytes that say they are a value.
#![no_main]

#[path = "../bodies/value.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    body::run(bytes);
});
