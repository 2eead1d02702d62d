//! A panic of foreign code is the error of one call, and ends nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::JsError;

/// What the caller of an object that panicked is told: as if the object had thrown it.
pub(super) fn panicked() -> JsError {
    JsError::error("the object panicked")
}

/// Runs foreign code; `None` if it panicked.
#[inline]
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}
