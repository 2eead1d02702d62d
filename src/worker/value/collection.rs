//! Maps, Sets and the small objects, looked at.

use std::sync::Arc;

use super::handle::{At, Boxed, Date, Map, RegExp, Set};
use super::region::{Node, Region, Slot, Span};
use super::text::Str;
use super::view::View;

fn slots(at: At<'_>) -> (&[Slot], &Arc<Region>) {
    let span = match at.node() {
        Node::Map(span) | Node::Set(span) => *span,
        _ => Span::EMPTY,
    };
    (at.region.slots(span), at.region)
}

/// As Maps compare keys: NaN is itself, the zeros are one.
fn same_key(one: View<'_>, other: View<'_>) -> bool {
    match (one, other) {
        (View::Number(one), View::Number(other)) => one == other || one.is_nan() && other.is_nan(),
        (View::String(one), View::String(other)) => one == other,
        (View::BigInt(one), View::BigInt(other)) => one == other,
        (View::Bool(one), View::Bool(other)) => one == other,
        (View::Undefined, View::Undefined) | (View::Null, View::Null) => true,
        (one, other) => match (one.place(), other.place()) {
            (Some(one), Some(other)) => one.same(other),
            _ => false,
        },
    }
}

impl<'a> Map<'a> {
    /// How many pairs there are.
    #[must_use]
    pub fn len(self) -> usize {
        slots(self.0).0.len() / 2
    }

    /// There is no pair.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Every pair, in order. A peer that breaks the rules can send a key twice; then the last counts.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = (View<'a>, View<'a>)> + ExactSizeIterator {
        let (slots, region) = slots(self.0);
        // In bounds: each chunk is a pair.
        slots.chunks_exact(2).map(|pair| (View::of(&pair[0], region), View::of(&pair[1], region)))
    }

    /// The value of a key. Takes time in the number of pairs.
    #[must_use]
    pub fn get(self, key: View<'_>) -> Option<View<'a>> {
        self.iter().rev().find(|pair| same_key(pair.0, key)).map(|pair| pair.1)
    }
}

impl<'a> Set<'a> {
    /// How many members there are.
    #[must_use]
    pub fn len(self) -> usize {
        slots(self.0).0.len()
    }

    /// There is no member.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Every member, in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = View<'a>> {
        let (slots, region) = slots(self.0);
        slots.iter().map(|slot| View::of(slot, region))
    }

    /// `member` is one of them. Takes time in their number.
    #[must_use]
    pub fn contains(self, member: View<'_>) -> bool {
        self.iter().any(|one| same_key(one, member))
    }
}

impl Date<'_> {
    /// Milliseconds since 1970 in UTC; NaN for an invalid date.
    #[must_use]
    pub fn milliseconds(self) -> f64 {
        if let Node::Date(time) = self.0.node() { *time } else { f64::NAN }
    }

    /// The date is none, such as `new Date(NaN)`.
    #[must_use]
    pub fn is_invalid(self) -> bool {
        self.milliseconds().is_nan()
    }
}

/// The time a Date can hold: whole milliseconds within 100 million days of 1970, or NaN.
pub(super) fn clip_time(time: f64) -> f64 {
    // Zero is added so that -0 is 0.
    if time.abs() <= 8.64e15 { time.trunc() + 0.0 } else { f64::NAN }
}

/// The flags of regular expressions, each with its letter, in the order JavaScript lists them.
const FLAGS: [(u16, char); 8] = [
    (RegExp::HAS_INDICES, 'd'),
    (RegExp::GLOBAL, 'g'),
    (RegExp::IGNORE_CASE, 'i'),
    (RegExp::MULTILINE, 'm'),
    (RegExp::DOT_ALL, 's'),
    (RegExp::UNICODE, 'u'),
    (RegExp::UNICODE_SETS, 'v'),
    (RegExp::STICKY, 'y'),
];

impl<'a> RegExp<'a> {
    const GLOBAL: u16 = 1;
    const IGNORE_CASE: u16 = 1 << 1;
    const MULTILINE: u16 = 1 << 2;
    const STICKY: u16 = 1 << 3;
    const UNICODE: u16 = 1 << 4;
    const DOT_ALL: u16 = 1 << 5;
    const HAS_INDICES: u16 = 1 << 7;
    const UNICODE_SETS: u16 = 1 << 8;

    /// The bits of a number of flags; `None` if one is unknown, or two cannot go together.
    pub(super) fn known_flags(bits: u32) -> Option<u16> {
        let all = FLAGS.iter().fold(0, |all, flag| all | flag.0);
        let bits = u16::try_from(bits).ok().filter(|bits| bits & !all == 0)?;
        let both = Self::UNICODE | Self::UNICODE_SETS;
        (bits & both != both).then_some(bits)
    }

    /// The bits of letters; `None` if one is unknown, comes twice, or two cannot go together.
    pub(super) fn flags_of_letters(letters: &str) -> Option<u16> {
        let mut bits = 0;
        for letter in letters.chars() {
            let bit = FLAGS.iter().find(|flag| flag.1 == letter)?.0;
            if bits & bit != 0 {
                return None;
            }
            bits |= bit;
        }
        Self::known_flags(bits.into())
    }

    /// What stands between the slashes. Nothing has looked whether it is a pattern.
    #[must_use]
    pub fn source(self) -> Str<'a> {
        match self.0.node() {
            Node::RegExp { pattern, .. } => {
                View::of(self.0.region.slot(*pattern), self.0.region).as_str()
            }
            _ => None,
        }
        .unwrap_or(Str::narrow(&[]))
    }

    /// The letters behind the slashes.
    #[must_use]
    pub fn flags(self) -> String {
        let bits = if let Node::RegExp { flags, .. } = self.0.node() { *flags } else { 0 };
        FLAGS.iter().filter(|flag| bits & flag.0 != 0).map(|flag| flag.1).collect()
    }
}

impl<'a> Boxed<'a> {
    /// The primitive.
    #[must_use]
    pub fn get(self) -> View<'a> {
        match self.0.node() {
            Node::Boxed(slot) => View::of(self.0.region.slot(*slot), self.0.region),
            _ => View::Undefined,
        }
    }

    pub(super) fn type_name(self) -> &'static str {
        match self.get() {
            View::Bool(_) => "Boolean",
            View::Number(_) => "Number",
            View::BigInt(_) => "BigInt",
            _ => "String",
        }
    }
}
