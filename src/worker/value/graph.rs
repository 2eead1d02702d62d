//! Objects that refer to one another, made step by step.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::build::{array_node, count};
use super::key;
use super::kind::ErrorClass;
use super::number;
use super::region::{Node, Nodes, Region, Slot, Slots, Span};
use super::text::Text;
use super::value::Value;

/// An object of a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u32);

/// What is put into an object: a value, or another object of the same graph.
pub struct Part(Slot);

impl<T: Into<Value>> From<T> for Part {
    fn from(value: T) -> Self {
        Self(value.into().0)
    }
}

impl From<Place> for Part {
    fn from(place: Place) -> Self {
        Self(Slot::Node(place.0))
    }
}

enum Draft {
    /// Keys and values in turn, not yet united.
    Object(Vec<Slot>),
    Array {
        items: BTreeMap<u32, Slot>,
        properties: Vec<Slot>,
    },
    Map(Vec<Slot>),
    Set(Vec<Slot>),
    Error {
        class: ErrorClass,
        texts: [Slot; 2],
        properties: Vec<Slot>,
    },
}

/// Makes objects that refer to one another, in circles too.
///
/// ```
/// use bowline::worker::value::Graph;
///
/// let mut graph = Graph::new();
/// let (node, list) = (graph.object(), graph.array());
/// graph.set(node, "self", node);
/// graph.set(node, "twice", list);
/// graph.push(list, node);
/// let value = graph.finish(node);
/// assert!(value.get("self").unwrap().to_value().same(&value));
/// ```
#[derive(Default)]
pub struct Graph {
    drafts: Vec<Draft>,
}

impl Graph {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn add(&mut self, draft: Draft) -> Place {
        let place = Place(count(self.drafts.len()));
        self.drafts.push(draft);
        place
    }

    /// A plain object without properties.
    pub fn object(&mut self) -> Place {
        self.add(Draft::Object(Vec::new()))
    }

    /// An empty array.
    pub fn array(&mut self) -> Place {
        self.add(Draft::Array { items: BTreeMap::new(), properties: Vec::new() })
    }

    /// An empty Map.
    pub fn map(&mut self) -> Place {
        self.add(Draft::Map(Vec::new()))
    }

    /// An empty Set.
    pub fn collection(&mut self) -> Place {
        self.add(Draft::Set(Vec::new()))
    }

    /// An error with that name and message.
    pub fn error(&mut self, name: &str, message: impl Into<Text>) -> Place {
        let class = ErrorClass::of_name(name);
        let texts = [Text::from(name).into(), message.into().into()];
        self.add(Draft::Error { class, texts, properties: Vec::new() })
    }

    /// Sets a property of a plain object, an array or an error; an array index is an item of the array.
    /// Nothing has properties but those, and for a place of another graph nothing happens.
    pub fn set(&mut self, place: Place, key: impl Into<Text>, part: impl Into<Part>) {
        let (key, part) = (key::of_text(key.into()), part.into().0);
        match (self.drafts.get_mut(place.0 as usize), &key) {
            (Some(Draft::Array { items, .. }), Slot::Number(index)) => {
                // The cast fits: an index.
                items.insert(*index as u32, part);
            }
            (
                Some(
                    Draft::Object(pairs)
                    | Draft::Array { properties: pairs, .. }
                    | Draft::Error { properties: pairs, .. },
                ),
                _,
            ) => pairs.extend([key, part]),
            (Some(Draft::Map(_) | Draft::Set(_)) | None, _) => {}
        }
    }

    /// Adds an item at the end of an array, or a member to a Set.
    pub fn push(&mut self, place: Place, part: impl Into<Part>) {
        let part = part.into().0;
        match self.drafts.get_mut(place.0 as usize) {
            Some(Draft::Array { items, .. }) => {
                let next = items.last_key_value().map_or(0, |(last, _)| last + 1);
                items.insert(next.min(number::ARRAY_MAX - 1), part);
            }
            Some(Draft::Set(members)) => members.push(part),
            _ => {}
        }
    }

    /// Adds a pair to a Map, which has no such key yet.
    pub fn insert(&mut self, place: Place, key: impl Into<Part>, part: impl Into<Part>) {
        if let Some(Draft::Map(pairs)) = self.drafts.get_mut(place.0 as usize) {
            pairs.extend([key.into().0, part.into().0]);
        }
    }

    /// The object at `place`, with all it refers to.
    #[must_use]
    pub fn finish(self, place: Place) -> Value {
        let (mut nodes, mut slots) = (Nodes::new(), Slots::new());
        let mut last = Vec::new();
        let objects = count(self.drafts.len());
        for draft in self.drafts {
            // The properties of an error are an object of their own, behind all others.
            let properties = objects + count(last.len());
            nodes.push(draft.settle(&mut slots, properties, &mut last));
        }
        nodes.extend(last);
        let region = Region::new(Bytes::new(), nodes, slots);
        Value(Slot::Outside(Arc::new(region), place.0))
    }
}

/// Moves slots to the end of a region's.
fn put(slots: &mut Slots, more: Vec<Slot>) -> Span {
    let span = Span { first: count(slots.len()), count: count(more.len()) };
    slots.extend(more);
    span
}

fn put_pairs(slots: &mut Slots, pairs: Vec<Slot>) -> Span {
    let mut pairs = key::unite(pairs);
    key::arrange(&mut pairs);
    put(slots, pairs)
}

impl Draft {
    fn settle(self, slots: &mut Slots, properties_id: u32, last: &mut Vec<Node>) -> Node {
        match self {
            Self::Object(pairs) => Node::Object(put_pairs(slots, pairs)),
            Self::Map(pairs) => Node::Map(put(slots, pairs)),
            Self::Set(members) => Node::Set(put(slots, members)),
            Self::Array { items, properties } => {
                let pair = |(index, slot)| [Slot::Number(f64::from(index)), slot];
                let items = items.into_iter().flat_map(pair).collect();
                let first = count(slots.len());
                let (node, more) = array_node(0, items, key::unite(properties), first);
                slots.extend(more);
                node
            }
            Self::Error { class, texts, properties } => {
                let texts = put(slots, texts.into()).first;
                last.push(Node::Object(put_pairs(slots, properties)));
                Node::Error { class, texts, properties: properties_id }
            }
        }
    }
}
