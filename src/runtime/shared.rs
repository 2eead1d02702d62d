//! What threads share of a vat is made of these. `tests/mailbox` compiles the mailbox with others in their place, which
//! play every order of what threads do.

pub(super) use std::sync::atomic::{AtomicBool, Ordering};
pub(super) use std::sync::{Mutex, MutexGuard};
pub(super) use std::thread_local;
