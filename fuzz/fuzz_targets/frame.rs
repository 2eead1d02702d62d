//! Any bytes, as a peer might send them.
#![no_main]

#[path = "../bodies/again.rs"]
#[allow(dead_code, reason = "shared with other bodies")]
mod again;
#[path = "../bodies/frame.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    body::run(bytes);
});
