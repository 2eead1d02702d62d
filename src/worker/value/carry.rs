//! How a [`Value`] passes through serde whole: it is set down before serde is called and taken up behind it,
//! so that dates, circles and stubs inside a Rust struct stay what they are.

use std::cell::Cell;

use super::value::Value;

/// The name of the newtype that stands for a value that was set down.
pub(super) const NAME: &str = "$bowline::Value";

thread_local! {
    static CARRIED: Cell<Option<Value>> = const { Cell::new(None) };
}

/// Sets a value down, runs `pass`, and leaves nothing behind.
pub(super) fn over<R>(value: Value, pass: impl FnOnce() -> R) -> R {
    CARRIED.set(Some(value));
    let result = pass();
    CARRIED.take();
    result
}

/// Takes the value up.
pub(super) fn take() -> Option<Value> {
    CARRIED.take()
}
