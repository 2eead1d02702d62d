//! Two kinds of table: one whose ids we choose, one whose ids the other side chooses.

use std::collections::BTreeMap;

/// Tables of so many entries and more grow by half, smaller ones to their double.
const GROWS_BY_HALF: usize = 1024;

/// Makes room in a table for `len` entries. Where there are many, what it has room for beyond them is memory like any
/// other: it is at most half as much again, and not as much again.
#[inline]
pub(crate) fn make_room<T>(slots: &mut Vec<T>, len: usize) {
    let now = slots.len();
    if len > slots.capacity() && now >= GROWS_BY_HALF {
        slots.reserve_exact((now / 2).max(len - now));
    }
}

/// Entries under ids this table hands out: small, dense, the most recently freed first.
#[derive(Debug)]
pub(super) struct Slab<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

/// Entries under ids someone else chooses.
///
/// Ids as small as who counts up would choose them lie in an array, all others in an ordered tree: no choice of
/// ids makes a look-up slow or a table larger than three times the entries it once had plus `dense_max` slots.
#[derive(Debug)]
pub(super) struct ChosenTable<T> {
    dense: Vec<Option<T>>,
    dense_max: u32,
    sparse: BTreeMap<u32, T>,
    len: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    #[inline]
    pub(super) fn insert(&mut self, entry: T) -> u32 {
        if let Some(id) = self.free.pop() {
            if let Some(slot) = self.slots.get_mut(id as usize) {
                *slot = Some(entry);
            }
            return id;
        }
        let len = self.slots.len();
        make_room(&mut self.slots, len + 1);
        self.slots.push(Some(entry));
        // Limits far below 2^32 bound every slab.
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<&T> {
        self.slots.get(id as usize)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        self.slots.get_mut(id as usize)?.as_mut()
    }

    #[inline]
    pub(super) fn remove(&mut self, id: u32) -> Option<T> {
        let entry = self.slots.get_mut(id as usize)?.take()?;
        if self.free.is_empty() && id as usize + 1 == self.slots.len() {
            // It is the next to be handed out either way, and a table of a few entries needs no list.
            self.slots.pop();
        } else {
            self.free.push(id);
        }
        Some(entry)
    }

    /// Removes an entry where it stands; nothing is moved.
    #[inline]
    pub(super) fn discard(&mut self, id: u32) {
        let Some(slot @ Some(_)) = self.slots.get_mut(id as usize) else { return };
        *slot = None;
        if self.free.is_empty() && id as usize + 1 == self.slots.len() {
            self.slots.pop();
        } else {
            self.free.push(id);
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.slots).filter_map(|(id, slot)| Some((id, slot.as_ref()?)))
    }

    pub(super) fn into_entries(self) -> impl Iterator<Item = (u32, T)> {
        (0..).zip(self.slots).filter_map(|(id, slot)| Some((id, slot?)))
    }
}

impl<T> ChosenTable<T> {
    /// A table whose ids below `dense_max` lie in an array, however few there are.
    pub(super) const fn new(dense_max: u32) -> Self {
        Self { dense: Vec::new(), dense_max, sparse: BTreeMap::new(), len: 0 }
    }

    /// Puts `entry` under `id`, replacing what was there.
    #[inline]
    pub(super) fn insert(&mut self, id: u32, entry: T) {
        let index = id as usize;
        // What went to the tree while there were few may by now belong into the array.
        let sparse = if self.sparse.is_empty() { None } else { self.sparse.remove(&id) };
        let near = index < self.dense_max as usize + 2 * self.len;
        if near && index >= self.dense.len() {
            make_room(&mut self.dense, index + 1);
            self.dense.resize_with(index + 1, || None);
        }
        let old = match self.dense.get_mut(index) {
            Some(slot) => slot.replace(entry),
            None => self.sparse.insert(id, entry),
        };
        self.len += usize::from(old.or(sparse).is_none());
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<&T> {
        match self.dense.get(id as usize) {
            Some(Some(entry)) => Some(entry),
            _ => self.sparse.get(&id),
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        match self.dense.get_mut(id as usize) {
            Some(Some(entry)) => Some(entry),
            _ => self.sparse.get_mut(&id),
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, id: u32) -> Option<T> {
        let dense = self.dense.get_mut(id as usize).and_then(Option::take);
        let entry = dense.or_else(|| self.sparse.remove(&id))?;
        self.len -= 1;
        Some(entry)
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// How long the array is.
    #[cfg(test)]
    pub(super) const fn slots(&self) -> usize {
        self.dense.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let dense = (0..).zip(&self.dense).filter_map(|(id, slot)| Some((id, slot.as_ref()?)));
        dense.chain(self.sparse.iter().map(|(id, entry)| (*id, entry)))
    }

    pub(super) fn into_entries(self) -> impl Iterator<Item = (u32, T)> {
        let dense = (0..).zip(self.dense).filter_map(|(id, slot)| Some((id, slot?)));
        dense.chain(self.sparse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_many_has_room_for_half_as_many_more_at_most() {
        let (mut slab, mut chosen) = (Slab::default(), ChosenTable::new(0));
        for id in 0..100_000_u32 {
            slab.insert(id);
            chosen.insert(id, id);
            let len = id as usize + 1;
            let most = if len <= GROWS_BY_HALF { 2 * len.max(4) } else { len + len / 2 };
            for room in [slab.slots.capacity(), chosen.dense.capacity()] {
                assert!(room <= most, "{len} entries, room for {room}");
            }
        }
    }

    #[test]
    fn a_table_that_jumps_far_has_room_for_that() {
        let mut chosen = ChosenTable::new(1 << 20);
        (0..2000).for_each(|id| chosen.insert(id, id));
        chosen.insert(900_000, 1);
        assert_eq!((chosen.get(900_000), chosen.len()), (Some(&1), 2001));
        assert!(chosen.dense.capacity() <= 1_350_000);
    }
}
