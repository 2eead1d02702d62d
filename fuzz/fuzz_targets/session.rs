//! A worker whose caller says anything.
#![no_main]

#[path = "../bodies/session.rs"]
mod body;
#[path = "../bodies/messages.rs"]
mod messages;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    body::run(bytes);
});
