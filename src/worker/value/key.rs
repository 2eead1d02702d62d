//! The keys of an object's properties: strings, of which some are array indices.

use super::number;
use super::region::Slot;
use super::text::{Str, Text};

/// The key a string is: decimal array indices are numbers.
pub(super) fn of_text(text: Text) -> Slot {
    match text.as_str().as_latin1().and_then(number::index_of_digits) {
        Some(index) => Slot::Number(f64::from(index)),
        None => text.into(),
    }
}

/// A key to look for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    /// Indices come before names, in their order.
    Index(u32),
    Name(Str<'a>),
}

impl<'a> Key<'a> {
    /// The key in a slot; `None` if that holds no key.
    pub(super) fn of(slot: &'a Slot, source: &'a [u8]) -> Option<Self> {
        match slot {
            Slot::Number(index) => number::index(*index).map(Key::Index),
            _ => slot.as_str(source).map(Key::Name),
        }
    }

    pub(super) fn of_str(text: Str<'a>) -> Self {
        let index = text.as_latin1().and_then(number::index_of_digits);
        index.map_or(Key::Name(text), Key::Index)
    }
}

/// So many keys are compared each with each; more are sorted.
const FEW: usize = 12;

/// The first pair whose key another pair before it has, if any. `pairs` are keys and values in turn.
pub(super) fn repeated(pairs: &[Slot], source: &[u8]) -> Option<usize> {
    let count = pairs.len() / 2;
    let key = |pair: usize| pairs.get(pair * 2).and_then(|slot| Key::of(slot, source));
    if count <= FEW {
        let slot = |pair: usize| pairs.get(pair * 2);
        let is_twin = |pair: usize, before: usize| match (slot(pair), slot(before)) {
            // Most keys are short, and most differ in their length or first letter.
            (Some(Slot::Short(one)), Some(Slot::Short(other))) => {
                let (one, other) = (one.as_slice(), other.as_slice());
                one.len() == other.len() && one.first() == other.first() && one == other
            }
            _ => key(before) == key(pair),
        };
        return (1..count).find(|&pair| (0..pair).any(|before| is_twin(pair, before)));
    }
    let mut order: Vec<(Option<Key<'_>>, usize)> =
        (0..count).map(|pair| (key(pair), pair)).collect();
    order.sort_unstable();
    // In bounds: each window is a pair.
    let twins = order.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    twins.map(|pair| pair[1].1).min()
}

/// Puts array indices first, in their order, as JavaScript has them.
pub(super) fn arrange(pairs: &mut [Slot]) {
    let index = |pair: &[Slot]| match pair.first() {
        Some(Slot::Number(index)) => *index,
        _ => f64::INFINITY,
    };
    let sorted = |pairs: &[Slot]| {
        pairs
            .chunks_exact(2)
            .map(index)
            .try_fold(-1.0, |last, next| (last <= next).then_some(next))
            .is_some()
    };
    if sorted(pairs) {
        return;
    }
    let mut chunks: Vec<(f64, Slot, Slot)> = pairs
        .chunks_exact_mut(2)
        .map(|pair| {
            let at = index(pair);
            let [key, value] = pair else { return (at, Slot::Null, Slot::Null) };
            (at, std::mem::replace(key, Slot::Null), std::mem::replace(value, Slot::Null))
        })
        .collect();
    chunks.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (pair, (_, key, value)) in pairs.chunks_exact_mut(2).zip(chunks) {
        if let [to_key, to_value] = pair {
            (*to_key, *to_value) = (key, value);
        }
    }
}

/// Keeps one pair of each key: at the place of the first, with the value of the last.
pub(super) fn unite(pairs: Vec<Slot>) -> Vec<Slot> {
    if repeated(&pairs, &[]).is_none() {
        return pairs;
    }
    let slot = |at: usize| pairs.get(at).cloned().unwrap_or(Slot::Undefined);
    let count = pairs.len() / 2;
    let mut order: Vec<(Option<Key<'_>>, usize)> =
        // In bounds: pair is below half of the length.
        (0..count).map(|pair| (Key::of(&pairs[pair * 2], &[]), pair)).collect();
    order.sort_unstable();
    let mut kept: Vec<(usize, usize)> = order
        .chunk_by(|one, other| one.0 == other.0)
        .filter_map(|twins| Some((twins.first()?.1, twins.last()?.1)))
        .collect();
    kept.sort_unstable();
    kept.into_iter().flat_map(|(first, last)| [slot(first * 2), slot(last * 2 + 1)]).collect()
}
