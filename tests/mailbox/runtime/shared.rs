//! What stands in place of `src/runtime/shared.rs`.

pub(super) use loom::sync::atomic::{AtomicBool, Ordering};
pub(super) use loom::sync::{Mutex, MutexGuard};

/// As that of the standard library, which knows constants.
macro_rules! local {
    ($($(#[$doc:meta])* static $name:ident: $kind:ty = const { $first:expr };)*) => {
        loom::thread_local! { $($(#[$doc])* static $name: $kind = $first;)* }
    };
}
pub(super) use local as thread_local;
