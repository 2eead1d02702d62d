//! Any content, and paths into it.
#![no_main]

#[path = "../bodies/again.rs"]
#[allow(dead_code, reason = "shared with other bodies")]
mod again;
#[path = "../bodies/payload.rs"]
mod body;
#[path = "../bodies/choices.rs"]
#[allow(dead_code, reason = "shared with other bodies")]
mod choices;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    body::run(bytes);
});
