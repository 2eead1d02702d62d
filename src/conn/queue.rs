//! What waits to leave, in order. Ids and hints are filled in only when it does.

use std::collections::VecDeque;

use super::event::{CallRef, OutCall, OutCap, OutPayload, OutReturn, OutTarget};
use crate::wire::{AnswerId, EmbargoId, Exception, Message, Outcome};

/// What an envelope is counted as, in words: about what a message without content costs.
const ENVELOPE_WORDS: usize = 8;

/// For how many items there stays room when all of them left: one busy moment does not stay in memory.
const KEPT: usize = 1024;

/// Something to be sent.
#[derive(Debug)]
pub(super) enum Item {
    /// A bootstrap.
    Bootstrap(CallRef),
    /// A call.
    Call { call: CallRef, target: OutTarget, body: OutCall },
    /// The Return of an answer.
    Return { answer: AnswerId, outcome: OutReturn },
    /// The end of a question; nothing is sent if the peer needs none.
    Finish(CallRef),
    /// A promise of ours came to be something.
    Resolve { promise: u32, to: Result<OutCap, Exception> },
    /// A disembargo of ours sets out.
    Disembargo { target: OutTarget, embargo: EmbargoId },
    /// A disembargo of the peer's goes back.
    DisembargoReply { target: OutTarget, embargo: EmbargoId },
    /// A Return this connection itself answers a call with.
    Refusal(Message),
    /// A message sent back because this level of the protocol does not know it.
    Echo(Message),
    /// Was withdrawn before it left.
    Void,
}

impl Item {
    /// Whether more hangs on it than what it gives back.
    #[inline]
    const fn is_awaited(&self) -> bool {
        !matches!(self, Self::Finish(_) | Self::Void)
    }

    /// What it is counted as, which stays the same while it waits.
    #[inline]
    fn words(&self) -> usize {
        let content = match self {
            Self::Call { body, .. } => payload_words(&body.params),
            Self::Return { outcome: OutReturn::Results(payload), .. } => payload_words(payload),
            Self::Echo(Message::Unimplemented(echoed)) => match &**echoed {
                Message::Foreign(foreign) => foreign.body.words(),
                _ => 0,
            },
            Self::Return { outcome: OutReturn::Exception(why), .. }
            | Self::Resolve { to: Err(why), .. } => why.words(),
            Self::Refusal(Message::Return(refusal)) => match &refusal.outcome {
                Outcome::Exception(why) => why.words(),
                _ => 0,
            },
            Self::Void => return 0,
            _ => 0,
        };
        content + ENVELOPE_WORDS
    }
}

/// Words of content and cap table.
pub(super) fn payload_words(payload: &OutPayload) -> usize {
    payload.content.words() + 2 * payload.caps.len()
}

/// The items in the order they will leave. Each has a number that stays its own, by which it can be
/// withdrawn or changed.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: VecDeque<Item>,
    first: u64,
    words: usize,
    /// How many of them somebody waits for.
    awaited: usize,
}

impl Queue {
    /// Appends `item` and says its number.
    #[inline]
    pub(super) fn push(&mut self, item: Item) -> u64 {
        self.words += item.words();
        self.awaited += usize::from(item.is_awaited());
        self.items.push_back(item);
        self.first + self.items.len() as u64 - 1
    }

    /// The number the next item pushed will get.
    #[inline]
    pub(super) fn next_number(&self) -> u64 {
        self.first + self.items.len() as u64
    }

    /// Takes the next item.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Item> {
        let Some(item) = self.items.pop_front() else {
            if self.items.capacity() > 2 * KEPT {
                self.items.shrink_to(KEPT);
            }
            return None;
        };
        self.first += 1;
        self.words -= item.words();
        self.awaited -= usize::from(item.is_awaited());
        Some(item)
    }

    /// The number after that of the item taken last.
    #[inline]
    pub(super) const fn first_number(&self) -> u64 {
        self.first
    }

    /// The item with number `at`, if it still waits.
    pub(super) fn get(&self, at: u64) -> Option<&Item> {
        let index = usize::try_from(at.checked_sub(self.first)?).ok()?;
        self.items.get(index)
    }

    /// Puts `item` in the place of number `at` and hands out what was there.
    pub(super) fn replace(&mut self, at: u64, item: Item) -> Option<Item> {
        let index = usize::try_from(at.checked_sub(self.first)?).ok()?;
        let place = self.items.get_mut(index)?;
        self.words += item.words();
        self.awaited += usize::from(item.is_awaited());
        let old = std::mem::replace(place, item);
        self.words -= old.words();
        self.awaited -= usize::from(old.is_awaited());
        Some(old)
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Words of all items.
    #[inline]
    pub(super) const fn words(&self) -> usize {
        self.words
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.items.iter()
    }

    /// Whether somebody waits for any of them.
    #[inline]
    pub(super) const fn is_awaited(&self) -> bool {
        self.awaited > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_was_long_gives_its_memory_back_when_it_is_empty() {
        let mut queue = Queue::default();
        for call in 0..5 * KEPT as u32 {
            queue.push(Item::Finish(CallRef(call)));
        }
        while let Some(item) = queue.pop() {
            assert!(matches!(item, Item::Finish(_)));
        }
        assert!(queue.items.capacity() < 2 * KEPT);
        assert_eq!(queue.first_number(), 5 * KEPT as u64, "numbers go on");
    }
}
