//! What a run panics with is what was found: it is caught and told, not printed as it happens.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics of a run are findings: they are caught and told, not printed as they happen.
fn hear_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            PLACE.with_borrow_mut(|at| *at = place);
            if !QUIET.get() {
                before(panic);
            }
        }));
    });
}

/// Does `f`, which may panic.
pub(crate) fn hear(f: impl FnOnce()) -> Result<(), (String, String)> {
    hear_panics();
    QUIET.set(true);
    let end = catch_unwind(AssertUnwindSafe(f));
    QUIET.set(false);
    end.map_err(|panic| {
        let what = panic.downcast_ref::<String>().cloned();
        let what = what.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        let what = what.unwrap_or_default();
        let place = PLACE.take();
        match what.split_once(": ") {
            Some((kind, _)) if place.starts_with("tests/sim") => (kind.to_owned(), what),
            _ => (place.clone(), format!("{what}, at {place}")),
        }
    })
}
