//! Visits: whoever has a message written for a vat of the same thread may see to that vat afterwards, so that nobody need be
//! woken for it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::shared::thread_local;

thread_local! {
    /// Whoever writes now will see to the vats it wakes.
    static WRITING: Cell<bool> = const { Cell::new(false) };
    /// The places of those to be seen to.
    static DUE: RefCell<VecDeque<usize>> = const { RefCell::new(VecDeque::new()) };
}

/// While this lives, drivers that sleep are not woken but listed.
pub(super) struct Writing {
    before: bool,
}

impl Writing {
    pub(super) fn begin() -> Self {
        Self { before: WRITING.with(|writing| writing.replace(true)) }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let _ = WRITING.try_with(|writing| writing.set(self.before));
    }
}

/// Whether whoever writes now will see to the vats it wakes.
#[inline]
pub(super) fn are_made() -> bool {
    WRITING.try_with(Cell::get).unwrap_or(false)
}

/// Lists the vat at this place, which is not listed yet. False: it cannot be, as the thread ends.
pub(super) fn list(place: usize) -> bool {
    DUE.try_with(|due| due.borrow_mut().push_back(place)).is_ok()
}

/// The next vat to be seen to.
pub(super) fn next() -> Option<usize> {
    DUE.try_with(|due| due.borrow_mut().pop_front()).ok().flatten()
}
