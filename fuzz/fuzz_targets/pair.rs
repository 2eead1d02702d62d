//! Two vats, and a wire that changes what they say.
#![no_main]

#[path = "../bodies/pair.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    body::run(bytes);
});
