//! Plain objects and arrays, looked at.

use std::sync::Arc;

use super::handle::{Array, At, Object};
use super::key::Key;
use super::number;
use super::region::{Node, Region, Slot, Span};
use super::text::Str;
use super::view::View;

/// The key of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyKey<'a> {
    /// An array index.
    Index(u32),
    /// Any other string.
    Name(Str<'a>),
}

impl PropertyKey<'_> {
    /// The key as a string of Rust, with U+FFFD for lone surrogates.
    #[must_use]
    pub fn to_string_lossy(self) -> String {
        match self {
            Self::Index(index) => index.to_string(),
            Self::Name(name) => name.to_string_lossy().into_owned(),
        }
    }
}

/// Keys and values in turn, of one object.
#[derive(Clone, Copy)]
struct Pairs<'a> {
    region: &'a Arc<Region>,
    slots: &'a [Slot],
}

impl<'a> Pairs<'a> {
    fn new(at: At<'a>, span: Span) -> Self {
        Self { region: at.region, slots: at.region.slots(span) }
    }

    fn find(self, wanted: Key<'_>) -> Option<View<'a>> {
        let pair = self
            .slots
            .chunks_exact(2)
            // In bounds: each chunk is a pair.
            .find(|pair| Key::of(&pair[0], &self.region.source) == Some(wanted))?;
        Some(View::of(&pair[1], self.region))
    }

    fn iter(self) -> impl ExactSizeIterator<Item = (PropertyKey<'a>, View<'a>)> + 'a {
        self.slots.chunks_exact(2).map(move |pair| {
            // In bounds: each chunk is a pair.
            let key = match Key::of(&pair[0], &self.region.source) {
                Some(Key::Index(index)) => PropertyKey::Index(index),
                Some(Key::Name(name)) => PropertyKey::Name(name),
                // Who makes a region puts nothing but keys there.
                None => PropertyKey::Name(Str::narrow(&[])),
            };
            (key, View::of(&pair[1], self.region))
        })
    }
}

impl<'a> Object<'a> {
    fn pairs(self) -> Pairs<'a> {
        let span = if let Node::Object(span) = self.0.node() { *span } else { Span::EMPTY };
        Pairs::new(self.0, span)
    }

    /// How many properties there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.pairs().slots.len() / 2
    }

    /// There is no property.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// A property. Takes time in the number of properties.
    #[must_use]
    pub fn get(self, key: &str) -> Option<View<'a>> {
        View::Object(self).get(key)
    }

    /// A property by any key, lone surrogates included.
    #[must_use]
    pub fn get_text(self, key: Str<'_>) -> Option<View<'a>> {
        self.find(Key::of_str(key))
    }

    pub(super) fn find(self, key: Key<'_>) -> Option<View<'a>> {
        self.pairs().find(key)
    }

    /// Every property, in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = (PropertyKey<'a>, View<'a>)> + 'a {
        self.pairs().iter()
    }
}

impl<'a> Array<'a> {
    /// As many items as `length` says, holes included.
    #[must_use]
    pub fn len(self) -> usize {
        match self.0.node() {
            Node::Array { items, .. } => items.count as usize,
            Node::Sparse { length, .. } => *length as usize,
            _ => 0,
        }
    }

    /// There is no item and no hole.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// It has holes.
    #[must_use]
    pub fn is_sparse(self) -> bool {
        matches!(self.0.node(), Node::Sparse { .. })
    }

    /// The item at `index`; `None` for a hole and beyond the end.
    #[must_use]
    pub fn get(self, index: usize) -> Option<View<'a>> {
        match self.0.node() {
            Node::Array { items, .. } => {
                let slot = self.0.region.slots(*items).get(index)?;
                Some(View::of(slot, self.0.region))
            }
            Node::Sparse { items, .. } => {
                let pairs = self.0.region.slots(*items);
                let at = |pair: usize| match pairs.get(pair * 2) {
                    Some(Slot::Number(at)) => *at as usize,
                    _ => usize::MAX,
                };
                // They are sorted.
                let (mut low, mut high) = (0, pairs.len() / 2);
                while low < high {
                    let middle = low.midpoint(high);
                    if at(middle) < index { low = middle + 1 } else { high = middle }
                }
                let slot = pairs.get(low * 2 + 1).filter(|_| at(low) == index)?;
                Some(View::of(slot, self.0.region))
            }
            _ => None,
        }
    }

    /// Every item, `None` for a hole. A few bytes can make an array of four billion holes: where it came from
    /// a peer, see [`Array::present`].
    pub fn iter(self) -> impl Iterator<Item = Option<View<'a>>> + 'a {
        (0..self.len()).map(move |index| self.get(index))
    }

    /// Every item that is there, with its index.
    pub fn present(self) -> impl ExactSizeIterator<Item = (u32, View<'a>)> + 'a {
        let (items, step) = match self.0.node() {
            Node::Array { items, .. } => (*items, 1),
            Node::Sparse { items, .. } => (*items, 2),
            _ => (Span::EMPTY, 1),
        };
        let region = self.0.region;
        region.slots(items).chunks_exact(step).enumerate().map(move |(at, item)| match item {
            [Slot::Number(index), value] => (*index as u32, View::of(value, region)),
            // Fits: an array has no more than 2^32 - 1 items.
            [value, ..] => (at as u32, View::of(value, region)),
            [] => (0, View::Undefined),
        })
    }

    /// What it has besides items.
    pub fn properties(self) -> impl ExactSizeIterator<Item = (PropertyKey<'a>, View<'a>)> + 'a {
        self.extra().iter()
    }

    fn extra(self) -> Pairs<'a> {
        let span = match self.0.node() {
            Node::Array { properties, .. } | Node::Sparse { properties, .. } => *properties,
            _ => Span::EMPTY,
        };
        Pairs::new(self.0, span)
    }

    pub(super) fn find(self, key: Key<'_>) -> Option<View<'a>> {
        match key {
            Key::Index(index) => self.get(index as usize),
            Key::Name(name) if name == "length" => Some(View::Number(f64::from(
                u32::try_from(self.len()).unwrap_or(number::ARRAY_MAX),
            ))),
            Key::Name(_) => self.extra().find(key),
        }
    }
}
