//! The files of `src/runtime` that threads share, and the scenes, which see what these show to their room.

#[allow(dead_code, reason = "the rest of its room has a use for all of it")]
#[allow(unreachable_pub, reason = "it is part of an interface there")]
#[path = "../../src/runtime/mailbox.rs"]
mod mailbox;
mod scenes;
mod shared;
#[allow(dead_code, reason = "the rest of its room has a use for all of it")]
#[path = "../../src/runtime/signal.rs"]
mod signal;
#[allow(dead_code, reason = "the rest of its room has a use for all of it")]
#[path = "../../src/runtime/visits.rs"]
mod visits;
