//! The name of a capability that may not be known yet, to be read from any thread.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::vat::Cap;

/// The name of a capability; written once.
#[derive(Default)]
pub(crate) struct CapCell(AtomicU64);

impl CapCell {
    #[inline]
    pub(crate) fn of(cap: Cap) -> Self {
        Self(AtomicU64::new(cap.number()))
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<Cap> {
        Cap::of_number(self.0.load(Ordering::Acquire))
    }

    /// Writes the name, unless there is one: whether it did.
    pub(crate) fn set(&self, cap: Cap) -> bool {
        let written = self.0.compare_exchange(0, cap.number(), Ordering::AcqRel, Ordering::Acquire);
        written.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vat::Graph;
    use crate::wire::Exception;

    #[test]
    fn the_first_name_stays() {
        let mut graph = Graph::new();
        let [first, second] = [(), ()].map(|()| graph.broken(Exception::failed("nobody")));
        let cell = CapCell::default();
        assert_eq!(cell.get(), None);
        assert!(cell.set(first));
        assert!(!cell.set(second));
        assert_eq!(cell.get(), Some(first));
        assert_eq!(CapCell::of(second).get(), Some(second));
    }
}
