//! Any messages, as a peer might send them.
#![no_main]

#[path = "../bodies/connection.rs"]
mod body;
#[path = "../bodies/messages.rs"]
mod messages;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    body::run(bytes);
});
