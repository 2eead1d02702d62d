//! The Workers face.

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "shared with the object API's tests")]
mod support;

mod attack;
mod bad_input;
mod bind;
mod calls;
mod cast;
#[cfg(feature = "wrangler")]
mod config;
mod debug_port;
mod describe;
mod directory;
mod disposal;
mod expression;
#[cfg(feature = "http")]
mod fetch;
mod golden;
mod hostile;
mod hygiene;
mod identity;
mod inspect;
mod lobby;
mod lodging;
mod macros;
mod node;
mod oracle;
mod panics;
mod random;
mod recorded;
mod resource;
mod rules;
mod rules_calls;
mod rules_sessions;
mod rust_types;
mod sessions;
mod streams;
mod v8;
mod visibility;

/// Counts what a scenario takes and gives back, on its thread.
#[global_allocator]
static COUNTED: mockalloc::Mockalloc<std::alloc::System> = mockalloc::Mockalloc(std::alloc::System);
