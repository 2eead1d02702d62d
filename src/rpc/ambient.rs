//! The vat a thread has without asking for one.

use std::cell::OnceCell;

use crate::runtime::{Local, Vat};

thread_local! {
    static AMBIENT: OnceCell<Vat> = const { OnceCell::new() };
}

/// The vat of this thread that nobody had to make, for those who have objects and no vat. It lives as
/// long as the thread; whoever polls a promise of it drives it, unless a driver does.
#[must_use]
pub fn ambient() -> Local {
    let known = AMBIENT.try_with(|vat| vat.get_or_init(Vat::local).here().clone());
    // The thread is ending: what is made now is gone with its vat at once.
    known.unwrap_or_else(|_| Vat::local().here().clone())
}
