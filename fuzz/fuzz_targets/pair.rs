//! Two vats, and a wire that changes what they say.
#![no_main]

#[path = "../bodies/pair.rs"]
mod body;
#[path = "../bodies/choices.rs"]
#[allow(dead_code, reason = "shared with other bodies")]
mod choices;
#[path = "../bodies/messages.rs"]
mod messages;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    body::run(bytes);
});
