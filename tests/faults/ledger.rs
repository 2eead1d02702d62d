//! What came to be, and how often it was disposed and dropped.

use std::cell::RefCell;
use std::rc::Rc;

use crate::wrong;

/// Everything that is disposed must be so once.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Rc<RefCell<Vec<Entry>>>);

struct Entry {
    name: &'static str,
    disposed: usize,
    dropped: usize,
}

/// One thing that is disposed, and dropped.
pub(crate) struct Life {
    no: usize,
    ledger: Ledger,
}

impl Ledger {
    /// Something comes to be.
    pub(crate) fn open(&self, name: &'static str) -> Life {
        let mut entries = self.0.borrow_mut();
        entries.push(Entry { name, disposed: 0, dropped: 0 });
        Life { no: entries.len() - 1, ledger: self.clone() }
    }

    /// Everything was disposed once, and is gone.
    pub(crate) fn close(&self) {
        for (no, Entry { name, disposed, dropped }) in self.0.borrow().iter().enumerate() {
            if (*disposed, *dropped) != (1, 1) {
                wrong!("{name}, thing {no}: disposed {disposed} times, dropped {dropped} times");
            }
        }
    }
}

impl Life {
    pub(crate) fn dispose(&self) {
        self.ledger.0.borrow_mut()[self.no].disposed += 1;
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.ledger.0.borrow_mut()[self.no].dropped += 1;
    }
}
