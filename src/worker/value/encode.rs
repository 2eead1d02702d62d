//! A value becomes bytes: V8's serialization format, version 15.

use std::sync::Arc;

use super::clone_error::CloneError;
use super::external::External;
use super::identity::{Base, Identities};
use super::limits::Limits;
use super::region::{Node, Region, Slot, Span, Window};
use super::sink::{Count, Output, Sink, varint_length};
use super::tag;
use super::text::{SHORT, Str};
use super::value::Value;

/// The version of the format that is written, which every runtime since 2023 reads.
const VERSION: u8 = 15;

/// A value as it travels: bytes, and beside them what they refer to, in the order they do.
#[derive(Clone, Debug)]
pub struct Serialized {
    /// V8's format, header included.
    pub bytes: Vec<u8>,
    /// Stubs and streams. Each is meant by one place in the bytes.
    pub externals: Vec<External>,
}

/// Serializes a value: what [`decode`](super::decode()) reads. (C-V2, C-V3)
///
/// # Errors
///
/// The value is too large or too deep, or holds what cannot be sent.
pub fn encode(value: &Value, limits: &Limits) -> Result<Serialized, CloneError> {
    let output = Output::new(Vec::with_capacity(64), limits.bytes_max);
    let (output, externals) = run(value, output, limits)?;
    Ok(Serialized { bytes: output.bytes, externals })
}

/// The check a call within one thread makes instead of serializing: all that [`encode`] would find wrong is
/// found, and the size is the one it would come to. Nothing is allocated for values whose objects are
/// referred to once. (C-V7, rules 22 and 27)
///
/// # Errors
///
/// As [`encode`].
pub fn check(value: &Value, limits: &Limits) -> Result<u64, CloneError> {
    run(value, Count(0), limits).map(|(count, _)| count.0)
}

/// What a walk over a value that is not serialized finds.
#[derive(Debug)]
pub(in crate::worker) struct Checked {
    /// How many bytes it would be; a few more are said of primitives.
    pub(in crate::worker) bytes: u64,
    /// What [`encode`] would give beside the bytes.
    pub(in crate::worker) externals: Vec<External>,
}

impl Checked {
    /// Primitives.
    #[inline]
    fn data(bytes: u64) -> Self {
        Self { bytes, externals: Vec::new() }
    }
}

/// [`check`], and what the value refers to.
#[inline]
pub(in crate::worker) fn weigh(value: &Value, limits: &Limits) -> Result<Checked, CloneError> {
    match most(&value.0) {
        Some(most) if HEADER + most <= limits.bytes_max => Ok(Checked::data(HEADER + most)),
        _ => weigh_by_walk(value, limits),
    }
}

fn weigh_by_walk(value: &Value, limits: &Limits) -> Result<Checked, CloneError> {
    let (count, externals) = run(value, Count(0), limits)?;
    Ok(Checked { bytes: count.0, externals })
}

/// As [`weigh`], for an array of these items.
#[inline]
pub(in crate::worker) fn weigh_array(
    items: &[Value],
    limits: &Limits,
) -> Result<Checked, CloneError> {
    // A tag before them and one behind, how many there are at either place, and how many properties: none.
    let before = HEADER + 3 + 2 * varint_length(items.len() as u64);
    let most = items.iter().try_fold(before, |sum, item| Some(sum.saturating_add(most(&item.0)?)));
    match most {
        Some(most) if most <= limits.bytes_max => Ok(Checked::data(most)),
        _ => weigh_array_by_walk(items, limits),
    }
}

fn weigh_array_by_walk(items: &[Value], limits: &Limits) -> Result<Checked, CloneError> {
    let (count, externals) = run_array(items, Count(0), limits)?;
    Ok(Checked { bytes: count.0, externals })
}

/// Bytes before a value: a tag and the version.
const HEADER: u64 = 2;

/// As [`encode`], for an array of these items.
pub(in crate::worker) fn encode_array(
    items: &[Value],
    limits: &Limits,
) -> Result<Serialized, CloneError> {
    let output = Output::new(Vec::with_capacity(64), limits.bytes_max);
    let (output, externals) = run_array(items, output, limits)?;
    Ok(Serialized { bytes: output.bytes, externals })
}

fn run<S: Sink>(value: &Value, sink: S, limits: &Limits) -> Result<(S, Vec<External>), CloneError> {
    let mut encoder = Encoder::begin(sink, limits);
    encoder.root(&value.0)?;
    encoder.finish(limits)
}

fn run_array<S: Sink>(
    items: &[Value],
    sink: S,
    limits: &Limits,
) -> Result<(S, Vec<External>), CloneError> {
    let mut encoder = Encoder::begin(sink, limits);
    let count = items.len() as u64;
    encoder.out.byte(tag::DENSE_ARRAY);
    encoder.out.varint(count);
    encoder.identities.skip();
    encoder.depth += 1;
    for item in items {
        match &item.0 {
            Slot::Outside(region, id) => encoder.outside(region, *id)?,
            slot => primitive(&mut encoder.out, slot, &[]),
        }
    }
    encoder.out.byte(tag::DENSE_ARRAY_END);
    encoder.out.varint(0);
    encoder.out.varint(count);
    encoder.finish(limits)
}

/// What a primitive takes at most. `None`: it is none.
#[inline]
fn most(slot: &Slot) -> Option<u64> {
    /// A tag, a length and padding.
    const FRAME: u64 = 12;
    Some(match slot {
        Slot::Number(_) => 9,
        Slot::Short(_) => FRAME + SHORT as u64,
        Slot::Long(long) => FRAME + long.bytes.len() as u64,
        Slot::BigInt(number) => FRAME + 8 * number.digits().len() as u64,
        Slot::Outside(..) => return None,
        _ => 1,
    })
}

fn primitive<S: Sink>(out: &mut S, slot: &Slot, source: &[u8]) {
    match slot {
        Slot::Null => out.byte(tag::NULL),
        Slot::Bool(true) => out.byte(tag::TRUE),
        Slot::Bool(false) => out.byte(tag::FALSE),
        Slot::Number(number) => out.number(*number),
        Slot::BigInt(number) => {
            out.byte(tag::BIGINT);
            digits(out, number.is_negative(), number.digits());
        }
        _ => match slot.as_str(source) {
            Some(string) => text(out, string),
            None => out.byte(tag::UNDEFINED),
        },
    }
}

fn digits<S: Sink>(out: &mut S, negative: bool, digits: &[u64]) {
    out.varint((digits.len() as u64 * 16) | u64::from(negative));
    for digit in digits {
        out.bytes(&digit.to_le_bytes());
    }
}

fn text<S: Sink>(out: &mut S, text: Str<'_>) {
    if let Some(narrow) = text.as_latin1() {
        out.byte(tag::NARROW_STRING);
        out.delimited(narrow);
    } else if let Some(wide) = text.as_wide() {
        // Units stand at even places.
        if (out.count() + 1 + varint_length(wide.len() as u64)) % 2 == 1 {
            out.byte(tag::PADDING);
        }
        out.byte(tag::WIDE_STRING);
        out.delimited(wide);
    }
}

/// An object's region, to which what is in the object refers.
#[derive(Clone, Copy)]
pub(super) struct Home<'a> {
    pub(super) region: &'a Region,
    base: Base,
}

pub(super) struct Encoder<S> {
    pub(super) out: S,
    identities: Identities,
    pub(super) externals: Vec<External>,
    depth: u16,
    depth_max: u16,
}

pub(super) type Done = Result<(), CloneError>;

impl<S: Sink> Encoder<S> {
    fn begin(mut out: S, limits: &Limits) -> Self {
        out.byte(tag::VERSION);
        out.byte(VERSION);
        Self {
            out,
            identities: Identities::default(),
            externals: Vec::new(),
            depth: 0,
            depth_max: limits.depth(),
        }
    }

    fn finish(self, limits: &Limits) -> Result<(S, Vec<External>), CloneError> {
        let bytes = self.out.count();
        if bytes > limits.bytes_max {
            return Err(CloneError::TooLarge { bytes, max: limits.bytes_max });
        }
        Ok((self.out, self.externals))
    }

    fn root(&mut self, slot: &Slot) -> Done {
        match slot {
            Slot::Outside(region, id) => {
                let base = self.identities.enter(region, true);
                self.object(Home { region, base }, *id)
            }
            _ => {
                primitive(&mut self.out, slot, &[]);
                Ok(())
            }
        }
    }

    pub(super) fn slot(&mut self, slot: &Slot, home: Home<'_>) -> Done {
        match slot {
            Slot::Node(id) => self.object(home, *id),
            Slot::Outside(region, id) => self.outside(region, *id),
            _ => {
                primitive(&mut self.out, slot, &home.region.source);
                Ok(())
            }
        }
    }

    fn outside(&mut self, region: &Arc<Region>, id: u32) -> Done {
        let base = self.identities.enter(region, false);
        self.object(Home { region, base }, id)
    }

    fn object(&mut self, home: Home<'_>, id: u32) -> Done {
        if let Some(number) = self.identities.met(home.base, id) {
            self.out.byte(tag::REFERENCE);
            self.out.varint(number.into());
            return Ok(());
        }
        if self.depth >= self.depth_max {
            return Err(CloneError::TooDeep { max: self.depth_max });
        }
        self.depth += 1;
        let node = home.region.node(id);
        if let Node::Window(window) = node {
            // A view comes behind its buffer.
            self.slot(home.region.slot(window.buffer), home)?;
        }
        self.identities.meet(home.base, id);
        self.node(node, home)?;
        self.depth -= 1;
        Ok(())
    }

    fn node(&mut self, node: &Node, home: Home<'_>) -> Done {
        let span = |span: Span| home.region.slots(span);
        match node {
            Node::Object(pairs) => self.pairs(span(*pairs), home),
            Node::Array { items, properties } => {
                self.out.byte(tag::DENSE_ARRAY);
                self.out.varint(items.count.into());
                self.slots(span(*items), home)?;
                self.slots(span(*properties), home)?;
                self.end(tag::DENSE_ARRAY_END, properties.count / 2, items.count)
            }
            Node::Sparse { length, items, properties } => {
                self.out.byte(tag::SPARSE_ARRAY);
                self.out.varint((*length).into());
                self.slots(span(*items), home)?;
                self.slots(span(*properties), home)?;
                self.end(tag::SPARSE_ARRAY_END, (items.count + properties.count) / 2, *length)
            }
            Node::Map(pairs) => {
                self.out.byte(tag::MAP);
                self.slots(span(*pairs), home)?;
                self.close(tag::MAP_END, pairs.count)
            }
            Node::Set(members) => {
                self.out.byte(tag::SET);
                self.slots(span(*members), home)?;
                self.close(tag::SET_END, members.count)
            }
            Node::Date(time) => {
                self.out.byte(tag::DATE);
                self.out.double(*time);
                Ok(())
            }
            Node::RegExp { pattern, flags } => {
                self.out.byte(tag::REGEXP);
                self.slot(home.region.slot(*pattern), home)?;
                self.out.varint((*flags).into());
                Ok(())
            }
            Node::Boxed(primitive) => self.boxed(home.region.slot(*primitive), home),
            Node::Buffer(buffer) => {
                let max = buffer.max;
                self.out.byte(if max.is_some() { tag::RESIZABLE_BUFFER } else { tag::BUFFER });
                self.out.varint(buffer.bytes.len() as u64);
                if let Some(max) = max {
                    self.out.varint(max);
                }
                self.out.bytes(&buffer.bytes);
                Ok(())
            }
            Node::Window(window) => {
                self.window(window);
                Ok(())
            }
            _ => self.host(node, home),
        }
    }

    pub(super) fn slots(&mut self, slots: &[Slot], home: Home<'_>) -> Done {
        slots.iter().try_for_each(|slot| self.slot(slot, home))
    }

    fn pairs(&mut self, pairs: &[Slot], home: Home<'_>) -> Done {
        self.out.byte(tag::OBJECT);
        self.slots(pairs, home)?;
        self.close(tag::OBJECT_END, pairs.len() as u32 / 2)
    }

    fn close(&mut self, tag: u8, count: u32) -> Done {
        self.out.byte(tag);
        self.out.varint(count.into());
        Ok(())
    }

    fn end(&mut self, tag: u8, properties: u32, length: u32) -> Done {
        self.close(tag, properties)?;
        self.out.varint(length.into());
        Ok(())
    }

    fn boxed(&mut self, primitive: &Slot, home: Home<'_>) -> Done {
        match primitive {
            Slot::Bool(true) => self.out.byte(tag::TRUE_OBJECT),
            Slot::Bool(false) => self.out.byte(tag::FALSE_OBJECT),
            Slot::Number(number) => {
                self.out.byte(tag::NUMBER_OBJECT);
                self.out.double(*number);
            }
            Slot::BigInt(number) => {
                self.out.byte(tag::BIGINT_OBJECT);
                digits(&mut self.out, number.is_negative(), number.digits());
            }
            text => {
                self.out.byte(tag::STRING_OBJECT);
                return self.slot(text, home);
            }
        }
        Ok(())
    }

    fn window(&mut self, window: &Window) {
        self.out.byte(tag::BUFFER_VIEW);
        self.out.byte(window.kind.tag());
        self.out.varint(window.offset);
        self.out.varint(window.length.unwrap_or(0));
        let tracks = if window.length.is_none() { tag::VIEW_TRACKS_LENGTH } else { 0 };
        let resizable = if window.resizable { tag::VIEW_RESIZABLE } else { 0 };
        self.out.varint((tracks | resizable).into());
    }
}

#[cfg(test)]
mod tests {
    use super::super::bigint::BigInt;
    use super::*;

    #[test]
    fn primitives_weigh_what_they_take_or_little_more() {
        /// Nobody looks for how much space a number takes exactly.
        const SPARE: u64 = 26;
        let limits = Limits::default();
        let primitives: [Value; 11] = [
            Value::UNDEFINED,
            Value::NULL,
            true.into(),
            (-1).into(),
            1.5.into(),
            f64::NAN.into(),
            BigInt::from(u64::MAX).into(),
            "short".into(),
            "\u{3b1}\u{3b2}".into(),
            "a string that has memory of its own".into(),
            "\u{e9}".repeat(200).into(),
        ];
        // Padding depends on what stands before: each after each.
        for one in &primitives {
            let alone = encode(one, &limits).expect("it can be sent").bytes.len();
            let weighed = weigh(one, &limits).expect("it can be sent").bytes;
            assert!((alone as u64..=alone as u64 + SPARE).contains(&weighed), "{one:?}: {weighed}");
            for other in &primitives {
                let both = [one.clone(), other.clone()];
                let sent =
                    encode_array(&both, &limits).expect("they can be sent").bytes.len() as u64;
                let weighed = weigh_array(&both, &limits).expect("they can").bytes;
                assert!((sent..=sent + 2 * SPARE).contains(&weighed), "{both:?}: {weighed}");
                let tight = |bytes_max| Limits { bytes_max, ..limits };
                assert!(weigh_array(&both, &tight(sent)).is_ok());
                assert!(weigh_array(&both, &tight(sent - 1)).is_err());
            }
        }
        assert_eq!(weigh_array(&[], &limits).expect("nothing").bytes, 7);
    }
}
