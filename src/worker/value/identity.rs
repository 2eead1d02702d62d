//! Which objects a walk has met, and in which order.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::region::Region;

/// Where the numbers of a region's objects are.
#[derive(Clone, Copy)]
pub(super) struct Base(u32);

impl Base {
    /// Its only object is met once, so there is nothing to remember.
    const ONCE: Self = Self(u32::MAX);
}

/// The objects met, numbered in the order they were.
#[derive(Default)]
pub(super) struct Identities {
    next: u32,
    /// For each region met, and in it for each object: its number and one more; 0 if not yet met.
    numbers: Vec<u32>,
    /// By the address of the region, which stays where it is as long as the walk borrows the value.
    regions: BTreeMap<usize, u32>,
}

impl Identities {
    /// The table of a region one enters through a counted reference. `root` says that the walk begins there.
    pub(super) fn enter(&mut self, region: &Arc<Region>, root: bool) -> Base {
        // One reference to one object that does not refer to itself: it cannot be met again. Nothing
        // outside can make a second reference meanwhile, since the walk borrows the only one.
        // The root cannot either, whoever else holds it: regions form no circles.
        if region.alone && (root || Arc::strong_count(region) == 1) {
            return Base::ONCE;
        }
        let address = Arc::as_ptr(region).addr();
        let end = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let base = *self.regions.entry(address).or_insert(end);
        if base == end {
            self.numbers.resize(self.numbers.len() + region.nodes.len(), 0);
        }
        Base(base)
    }

    /// An object that nothing refers to is met: the array of a call's arguments.
    pub(super) fn skip(&mut self) {
        self.next += 1;
    }

    /// The number of an object met before.
    pub(super) fn met(&self, base: Base, id: u32) -> Option<u32> {
        if base.0 == Base::ONCE.0 {
            return None;
        }
        self.numbers.get((base.0 + id) as usize)?.checked_sub(1)
    }

    /// An object is met for the first time.
    pub(super) fn meet(&mut self, base: Base, id: u32) {
        self.next += 1;
        if base.0 != Base::ONCE.0
            && let Some(number) = self.numbers.get_mut((base.0 + id) as usize)
        {
            *number = self.next;
        }
    }
}
