//! An arena keeps entries under keys that are never confused with an earlier tenant of the same slot.

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;

use crate::conn::make_room;

/// Names an entry of the arena that `T` marks.
pub struct Key<T> {
    index: u32,
    generation: NonZeroU32,
    entry: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// The slot's number; unique among the entries alive at one time.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// The whole key as a number, to be kept where keys are not known. Never zero.
    #[inline]
    #[must_use]
    pub fn number(self) -> u64 {
        u64::from(self.generation.get()) << 32 | u64::from(self.index)
    }

    /// The key with this number, if it is one.
    #[inline]
    #[must_use]
    pub fn of_number(number: u64) -> Option<Self> {
        let (index, generation) = (number as u32, NonZeroU32::new((number >> 32) as u32)?);
        Some(Self { index, generation, entry: PhantomData })
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && self.generation == other.generation
    }
}

impl<T> Eq for Key<T> {}

impl<T> std::hash::Hash for Key<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.number().hash(state);
    }
}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.index, self.generation)
    }
}

impl<T> fmt::Display for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.index)
    }
}

enum Slot<T> {
    Full { generation: NonZeroU32, entry: T },
    Free { generation: NonZeroU32, next: Option<u32> },
}

/// The generation of the slot's next tenant.
#[inline]
const fn later(generation: NonZeroU32) -> NonZeroU32 {
    match generation.checked_add(1) {
        Some(next) => next,
        None => NonZeroU32::MIN,
    }
}

/// Entries under generational keys; freed slots are used again, the latest first.
pub(super) struct Arena<M, T> {
    slots: Vec<Slot<T>>,
    free: Option<u32>,
    len: usize,
    mark: PhantomData<fn() -> M>,
}

impl<M, T> Default for Arena<M, T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: None, len: 0, mark: PhantomData }
    }
}

impl<M, T> Arena<M, T> {
    #[inline]
    pub(super) fn insert(&mut self, entry: T) -> Key<M> {
        self.len += 1;
        if let Some(index) = self.free {
            // In bounds: only slots that are there are listed as free.
            let slot = &mut self.slots[index as usize];
            if let Slot::Free { generation, next } = *slot {
                self.free = next;
                *slot = Slot::Full { generation, entry };
                return Key { index, generation, entry: PhantomData };
            }
        }
        let index = u32::try_from(self.slots.len()).expect("memory ends long before 2^32 entries");
        make_room(&mut self.slots, index as usize + 1);
        self.slots.push(Slot::Full { generation: NonZeroU32::MIN, entry });
        Key { index, generation: NonZeroU32::MIN, entry: PhantomData }
    }

    #[inline]
    pub(super) fn remove(&mut self, key: Key<M>) -> Option<T> {
        self.get(key)?;
        let free = Slot::Free { generation: later(key.generation), next: self.free };
        // In bounds: the entry was found there just now.
        let slot = std::mem::replace(&mut self.slots[key.index as usize], free);
        self.free = Some(key.index);
        self.len -= 1;
        match slot {
            Slot::Full { entry, .. } => Some(entry),
            Slot::Free { .. } => None,
        }
    }

    /// Removes an entry where it stands; nothing is moved.
    #[inline]
    pub(super) fn discard(&mut self, key: Key<M>) {
        if let Some(slot @ Slot::Full { .. }) = self.slots.get_mut(key.index as usize)
            && matches!(slot, Slot::Full { generation, .. } if *generation == key.generation)
        {
            *slot = Slot::Free { generation: later(key.generation), next: self.free };
            self.free = Some(key.index);
            self.len -= 1;
        }
    }

    #[inline]
    pub(super) fn get(&self, key: Key<M>) -> Option<&T> {
        match self.slots.get(key.index as usize)? {
            Slot::Full { generation, entry } if *generation == key.generation => Some(entry),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, key: Key<M>) -> Option<&mut T> {
        match self.slots.get_mut(key.index as usize)? {
            Slot::Full { generation, entry } if *generation == key.generation => Some(entry),
            _ => None,
        }
    }

    /// The key with this number, if what it names still lives.
    #[inline]
    pub(super) fn key_of(&self, number: u64) -> Option<Key<M>> {
        let key = Key::of_number(number)?;
        self.get(key).map(|_| key)
    }

    /// The key of whatever lives in slot `index` now.
    pub(super) fn key_at(&self, index: u32) -> Option<Key<M>> {
        match self.slots.get(index as usize)? {
            Slot::Full { generation, .. } => {
                Some(Key { index, generation: *generation, entry: PhantomData })
            }
            Slot::Free { .. } => None,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key<M>, &T)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| match slot {
            Slot::Full { generation, entry } => {
                let index = u32::try_from(index).expect("inserted under a u32");
                Some((Key { index, generation: *generation, entry: PhantomData }, entry))
            }
            Slot::Free { .. } => None,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_does_not_open_the_slot_of_a_later_tenant() {
        let mut arena = Arena::<(), _>::default();
        let first = arena.insert("first");
        assert_eq!(arena.remove(first), Some("first"));
        let second = arena.insert("second");
        assert_eq!(first.index(), second.index());
        assert_eq!(arena.get(first), None);
        assert_eq!(arena.remove(first), None);
        assert_eq!(arena.key_of(first.number()), None);
        assert_eq!(arena.key_of(second.number()), Some(second));
        assert_eq!(arena.get(second), Some(&"second"));
        assert_eq!(arena.len(), 1);
        arena.discard(first);
        assert_eq!(arena.get(second), Some(&"second"));
        arena.discard(second);
        assert_eq!((arena.get(second), arena.len()), (None, 0));
        assert_ne!(arena.insert("third"), second);
    }
}
