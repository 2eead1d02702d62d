//! Objects that may refer to one another, and live and die together.
//!
//! A region holds its objects in one list and all that is in them in another, so that an object costs no
//! allocation of its own, and a circle of objects leaks nothing. References to objects of another region
//! are counted; since a region never changes once it is made, those cannot form a circle.

use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use super::bigint::BigInt;
use super::external::External;
use super::host::{Blob, DomException, Headers};
use super::kind::{ErrorClass, ViewKind};
use super::text::{Long, Owned, Short, Str, Text};

/// Neighbours in a list. What a span names is in the list of its own region: only who makes the region
/// makes spans.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) first: u32,
    pub(super) count: u32,
}

impl Span {
    pub(super) const EMPTY: Self = Self { first: 0, count: 0 };

    pub(super) fn of<T>(self, list: &[T]) -> &[T] {
        let first = self.first as usize;
        list.get(first..first + self.count as usize).unwrap_or(&[])
    }
}

/// One value in 16 bytes. The last variants but one mean something in their own region only.
#[derive(Clone)]
pub(super) enum Slot {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    BigInt(Arc<BigInt>),
    Short(Short),
    Long(Arc<Long>),
    /// Latin-1 within the source.
    Narrow(Span),
    /// UTF-16 within the source.
    Wide(Span),
    /// An object of this region.
    Node(u32),
    /// An object of another region.
    Outside(Arc<Region>, u32),
}

impl Slot {
    /// The string, if it is one.
    pub(super) fn as_str<'a>(&'a self, source: &'a [u8]) -> Option<Str<'a>> {
        Some(match self {
            Self::Short(short) => Str::narrow(short.as_slice()),
            Self::Long(long) => long.as_str(),
            Self::Narrow(span) => Str::narrow(span.of(source)),
            Self::Wide(span) => Str::wide(span.of(source)),
            _ => return None,
        })
    }
}

impl From<Text> for Slot {
    fn from(text: Text) -> Self {
        match text.0 {
            Owned::Short(short) => Self::Short(short),
            Owned::Long(long) => Self::Long(long),
        }
    }
}

/// An ArrayBuffer.
#[derive(Clone)]
pub(super) struct Buffer {
    pub(super) bytes: Bytes,
    /// How many bytes a resizable one can grow to.
    pub(super) max: Option<u64>,
}

/// A typed array or DataView.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) kind: ViewKind,
    /// The slot of its buffer.
    pub(super) buffer: u32,
    pub(super) offset: u64,
    /// Bytes; none if it is as long as its buffer happens to be.
    pub(super) length: Option<u64>,
    /// Its buffer is resizable.
    pub(super) resizable: bool,
}

/// An AbortSignal.
#[derive(Clone)]
pub(super) struct Signal {
    pub(super) aborted: bool,
    pub(super) flag: u32,
    /// The slot of its reason.
    pub(super) reason: u32,
    pub(super) trigger: Option<External>,
}

/// An object. Spans and numbers are of slots, if not said otherwise.
#[derive(Clone)]
pub(super) enum Node {
    /// Nothing was put here: the object is still being made.
    Pending,
    /// Keys and values in turn; keys are strings, or numbers that are array indices, those first.
    Object(Span),
    /// Items, and keys and values of what else it has.
    Array {
        items: Span,
        properties: Span,
    },
    /// The same with holes: index and value in turn.
    Sparse {
        length: u32,
        items: Span,
        properties: Span,
    },
    /// Keys and values in turn.
    Map(Span),
    Set(Span),
    /// Milliseconds.
    Date(f64),
    RegExp {
        pattern: u32,
        flags: u16,
    },
    /// A wrapper of a primitive.
    Boxed(u32),
    Buffer(Box<Buffer>),
    Window(Box<Window>),
    /// Two slots: the name (for [`ErrorClass::Named`]) and the message; and the object, by its number
    /// among the objects of the region, that has the other properties.
    Error {
        class: ErrorClass,
        texts: u32,
        properties: u32,
    },
    External(External),
    Headers(Box<Headers>),
    Blob(Box<Blob>),
    DomException(Box<DomException>),
    /// Two slots: the address and the rest.
    Request(u32),
    /// Two slots: the body and the rest.
    Response(u32),
    Signal(Box<Signal>),
}

pub(super) type Slots = Vec<Slot>;
pub(super) type Nodes = SmallVec<[Node; 2]>;

pub(super) struct Region {
    /// The message it was read from, if anything points there.
    pub(super) source: Bytes,
    pub(super) nodes: Nodes,
    pub(super) slots: Slots,
    /// There is one object, which does not refer to itself.
    pub(super) alone: bool,
}

/// A region that refers to no other has none to let go.
fn is_outside(slot: &Slot) -> bool {
    matches!(slot, Slot::Outside(..))
}

impl Region {
    pub(super) fn new(source: Bytes, nodes: Nodes, slots: Slots) -> Self {
        let alone = nodes.len() == 1 && !slots.iter().any(|slot| matches!(slot, Slot::Node(_)));
        Self { source, nodes, slots, alone }
    }

    /// The object of that number, which was given when the object was put here.
    pub(super) fn node(&self, id: u32) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&Node::Pending)
    }

    /// The slot of that number, likewise.
    pub(super) fn slot(&self, at: u32) -> &Slot {
        self.slots.get(at as usize).unwrap_or(&Slot::Undefined)
    }

    pub(super) fn slots(&self, span: Span) -> &[Slot] {
        span.of(&self.slots)
    }
}

impl Drop for Region {
    /// Regions nested in one another are let go one by one: recursion would run out of stack.
    fn drop(&mut self) {
        if !self.slots.iter().any(is_outside) {
            return;
        }
        let mut last = Vec::new();
        let take = |slots: &mut Slots, last: &mut Vec<Self>| {
            for slot in slots.iter_mut().filter(|slot| is_outside(slot)) {
                if let Slot::Outside(region, _) = std::mem::replace(slot, Slot::Null) {
                    last.extend(Arc::into_inner(region));
                }
            }
        };
        take(&mut self.slots, &mut last);
        while let Some(mut region) = last.pop() {
            take(&mut region.slots, &mut last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_two_words_and_an_object_three() {
        assert_eq!((size_of::<Slot>(), size_of::<Node>()), (16, 24));
    }
}
