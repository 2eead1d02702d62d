//! Bytes become a value.

use std::sync::Arc;

use bytes::Bytes;

use super::bigint::BigInt;
use super::cursor::Cursor;
use super::decode_error::{Broken, DecodeError, Read};
use super::external::External;
use super::limits::Limits;
use super::number;
use super::plain;
use super::region::{Node, Nodes, Region, Slot, Slots, Span};
use super::tag;
use super::text::{Long, Owned, SHORT, Short, Text};
use super::value::Value;

/// Versions of the format that are read.
const VERSIONS: std::ops::RangeInclusive<u32> = 13..=16;

/// Views have flags since this version.
const FLAGS_SINCE: u32 = 14;

/// Bytes of a slot.
const SLOT: u64 = size_of::<Slot>() as u64;

/// Longest string JavaScript has, in units.
const TEXT_MAX: usize = (1 << 29) - 24;

/// Reads a value from V8's serialization format, versions 13 to 16, header included, and from what was sent
/// beside it, in order. (C-V2 to C-V6)
///
/// Buffers and Latin-1 strings are not copied: they share `source`, which lives as long as one of them. To
/// share a frame, wrap it with [`Bytes::from_owner`].
///
/// # Errors
///
/// The bytes break a rule or a limit. The externals are dropped then.
pub fn decode(
    source: impl Into<Bytes>,
    externals: Vec<External>,
    limits: &Limits,
) -> Result<Value, DecodeError> {
    let source = source.into();
    if externals.is_empty()
        && let Some(value) = plain::read(&source, limits)
    {
        return Ok(value);
    }
    decode_slowly(source, externals, limits)
}

/// As [`decode`], whatever value it is.
pub(super) fn decode_slowly(
    source: Bytes,
    externals: Vec<External>,
    limits: &Limits,
) -> Result<Value, DecodeError> {
    let mut decoder = Decoder {
        cursor: Cursor::new(&source),
        source: &source,
        shares: false,
        version: 0,
        stack: Stack::with_capacity(16),
        nodes: Nodes::new(),
        slots: Slots::with_capacity(8),
        unnumbered: Vec::new(),
        externals: externals.into_iter(),
        depth: 0,
        depth_max: limits.depth(),
        memory: limits.memory_max,
        memory_max: limits.memory_max,
        stack_max: 0,
    };
    match decoder.run(limits) {
        Ok(root) => Ok(decoder.finish(root)),
        Err(broken) => Err(DecodeError { at: decoder.cursor.at(), broken: *broken }),
    }
}

pub(super) type Stack = Vec<Slot>;

pub(super) struct Decoder<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) source: &'a Bytes,
    /// Something points into the source.
    pub(super) shares: bool,
    pub(super) version: u32,
    /// What is in the objects that are being read, outer ones first.
    pub(super) stack: Stack,
    pub(super) nodes: Nodes,
    pub(super) slots: Slots,
    /// Objects that have no number in the format, in order; all others have theirs in order.
    unnumbered: Vec<u32>,
    pub(super) externals: std::vec::IntoIter<External>,
    depth: u16,
    depth_max: u16,
    /// What is left of the limit for all but the stack, and for that.
    memory: u64,
    memory_max: u64,
    stack_max: usize,
}

impl Decoder<'_> {
    fn run(&mut self, limits: &Limits) -> Read<Slot> {
        let bytes = self.cursor.left() as u64;
        // Places in the source are 32 bits wide.
        self.charge(0)?;
        if bytes > limits.bytes_max || bytes > u64::from(u32::MAX) {
            return Err(Broken::TooLarge { bytes }.into());
        }
        if self.cursor.peek() != Some(tag::VERSION) {
            return Err(Broken::Version { version: None }.into());
        }
        self.cursor.skip();
        self.version = self.cursor.varint32()?;
        if !VERSIONS.contains(&self.version) {
            return Err(Broken::Version { version: Some(self.version) }.into());
        }
        let root = self.value()?;
        match (self.cursor.left(), self.externals.len()) {
            (0, 0) => Ok(root),
            (0, count) => Err(Broken::UnusedExternals { count }.into()),
            (count, _) => Err(Broken::TrailingBytes { count }.into()),
        }
    }

    fn finish(self, root: Slot) -> Value {
        let source = if self.shares { self.source.clone() } else { Bytes::new() };
        match root {
            Slot::Node(id) => {
                Value(Slot::Outside(Arc::new(Region::new(source, self.nodes, self.slots)), id))
            }
            Slot::Narrow(span) => {
                let first = span.first as usize;
                Text::from_latin1(source.slice(first..first + span.count as usize)).into()
            }
            Slot::Wide(span) => {
                let first = span.first as usize;
                let bytes = source.slice(first..first + span.count as usize);
                Text(Owned::Long(Arc::new(Long { bytes, wide: true }))).into()
            }
            free => Value(free),
        }
    }

    /// Takes memory from what is left of the limit.
    #[inline]
    pub(super) fn charge(&mut self, bytes: usize) -> Read<()> {
        let left = self.memory.checked_sub(bytes as u64);
        self.memory = left.ok_or(Broken::TooMuchMemory { max: self.memory_max })?;
        self.stack_max = usize::try_from(self.memory / SLOT).unwrap_or(usize::MAX);
        Ok(())
    }

    /// Pushes what the object being read holds next.
    #[inline]
    pub(super) fn push(&mut self, slot: Slot) -> Read<()> {
        if self.stack.len() >= self.stack_max {
            return Err(Broken::TooMuchMemory { max: self.memory_max }.into());
        }
        self.stack.push(slot);
        Ok(())
    }

    /// Moves what was pushed since `from` to the region.
    #[inline]
    pub(super) fn settle(&mut self, from: usize) -> Span {
        // Both fit: a slot takes a byte of the source at least, or was charged.
        let first = self.slots.len() as u32;
        self.slots.extend(self.stack.drain(from..));
        let count = self.slots.len() as u32 - first;
        self.memory = self.memory.saturating_sub(u64::from(count) * SLOT);
        self.stack_max = self.stack_max.saturating_sub(count as usize);
        Span { first, count }
    }

    /// An object begins: it has its number before what is in it has.
    #[inline]
    pub(super) fn begin(&mut self) -> Read<u32> {
        self.charge(size_of::<Node>())?;
        // Fits: as in `settle`.
        let id = self.nodes.len() as u32;
        self.nodes.push(Node::Pending);
        Ok(id)
    }

    /// Room for an object without a number of its own.
    pub(super) fn reserve(&mut self) -> Read<u32> {
        let id = self.begin()?;
        self.unnumbered.push(id);
        Ok(id)
    }

    /// What the object is.
    #[inline]
    pub(super) fn put(&mut self, id: u32, node: Node) {
        if let Some(place) = self.nodes.get_mut(id as usize) {
            *place = node;
        }
    }

    /// Whatever comes next.
    pub(super) fn value(&mut self) -> Read<Slot> {
        self.next()?;
        Ok(self.stack.pop().unwrap_or(Slot::Undefined))
    }

    /// Pushes whatever comes next.
    #[inline]
    pub(super) fn next(&mut self) -> Read<()> {
        let tag = self.cursor.tag()?;
        self.next_of(tag)
    }

    /// The same, when its tag is read. Values within values are read by recursion, through this and
    /// [`object`](Self::object); what they do not need themselves is elsewhere, to keep their frames small.
    pub(super) fn next_of(&mut self, tag: u8) -> Read<()> {
        match tag {
            tag::UNDEFINED => self.push(Slot::Undefined),
            tag::NULL => self.push(Slot::Null),
            tag::TRUE => self.push(Slot::Bool(true)),
            tag::FALSE => self.push(Slot::Bool(false)),
            tag::INT32 => self.integer(),
            tag::NARROW_STRING => self.narrow(),
            tag::REFERENCE => self.reference(),
            tag::UINT32 | tag::DOUBLE | tag::BIGINT | tag::WIDE_STRING | tag::UTF8_STRING => {
                let slot = self.rare(tag)?;
                self.push(slot)
            }
            tag::OBJECT_COUNT => {
                self.cursor.varint32()?;
                match self.cursor.tag()? {
                    // One is allowed; more would be recursion.
                    tag::OBJECT_COUNT => Err(Broken::Tag { tag }.into()),
                    tag => self.next_of(tag),
                }
            }
            _ => {
                if self.depth >= self.depth_max {
                    return Err(Broken::TooDeep { max: self.depth_max }.into());
                }
                self.depth += 1;
                let done = self.object(tag);
                self.depth -= 1;
                done
            }
        }
    }

    #[inline]
    fn integer(&mut self) -> Read<()> {
        let zigzag = self.cursor.varint32()?;
        self.push(Slot::Number(f64::from((zigzag >> 1) as i32 ^ -((zigzag & 1) as i32))))
    }

    /// Primitives that are not seen often.
    fn rare(&mut self, tag: u8) -> Read<Slot> {
        Ok(match tag {
            tag::UINT32 => Slot::Number(f64::from(self.cursor.varint32()?)),
            tag::DOUBLE => Slot::Number(self.cursor.double()?),
            tag::BIGINT => Slot::BigInt(Arc::new(self.bigint()?)),
            tag => self.text(tag)?,
        })
    }

    fn reference(&mut self) -> Read<()> {
        let id = self.cursor.varint32()?;
        // Fits: as in `settle`.
        let known = (self.nodes.len() - self.unnumbered.len()) as u32;
        if id >= known {
            return Err(Broken::Reference { id, known }.into());
        }
        let before =
            |at: usize| self.unnumbered.get(at).is_some_and(|other| other - at as u32 <= id);
        let (mut low, mut high) = (0, self.unnumbered.len());
        while low < high {
            let middle = low.midpoint(high);
            if before(middle) { low = middle + 1 } else { high = middle }
        }
        self.viewed(id + low as u32)
    }

    /// Pushes an object that was just read; a buffer with a view behind it is that view.
    pub(super) fn viewed(&mut self, id: u32) -> Read<()> {
        if matches!(self.nodes.get(id as usize), Some(Node::Buffer(_))) {
            // Padding at the very end is found as trailing bytes.
            let mut ahead = self.cursor;
            if ahead.peek_tag() == Ok(tag::BUFFER_VIEW) {
                self.cursor = ahead;
                self.cursor.skip();
                return self.window(id, self.version >= FLAGS_SINCE);
            }
        }
        self.push(Slot::Node(id))
    }

    /// Pushes a Latin-1 string: a short one is copied, a long one stays where it is.
    #[inline]
    fn narrow(&mut self) -> Read<()> {
        let length = self.cursor.length()?;
        let rest = self.cursor.rest();
        if length > SHORT {
            if length > TEXT_MAX {
                return Err(Broken::Text.into());
            }
            // Both fit: places in the source.
            let span = Span { first: self.cursor.at() as u32, count: length as u32 };
            self.cursor.slice(length)?;
            self.shares = true;
            return self.push(Slot::Narrow(span));
        }
        self.cursor.slice(length)?;
        // Copying a fixed number of bytes is fastest, where there are so many.
        let short = match rest.first_chunk() {
            Some(chunk) => Some(Short::of_chunk(*chunk, length as u8)),
            None => rest.get(..length).and_then(Short::new),
        };
        self.push(short.map_or(Slot::Undefined, Slot::Short))
    }

    pub(super) fn bigint(&mut self) -> Read<BigInt> {
        let field = self.cursor.varint32()?;
        if field == 1 {
            return Err(Broken::BigInt.into());
        }
        let bytes = self.cursor.slice((field >> 1) as usize)?;
        self.charge(bytes.len())?;
        let digit = |chunk: &[u8]| {
            let mut word = [0; 8];
            // In bounds: chunks of eight bytes at most.
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(word)
        };
        Ok(BigInt::from_digits(field & 1 == 1, bytes.chunks(8).map(digit).collect()))
    }

    /// A string whose tag is still to be read.
    pub(super) fn tagged_text(&mut self) -> Read<Slot> {
        let tag = self.cursor.tag()?;
        self.text(tag)
    }

    fn text(&mut self, tag: u8) -> Read<Slot> {
        match tag {
            tag::NARROW_STRING => {
                self.narrow()?;
                Ok(self.stack.pop().unwrap_or(Slot::Undefined))
            }
            tag::WIDE_STRING => {
                let bytes = self.cursor.delimited()?;
                // Both fit: places in the source.
                let first = (self.cursor.at() - bytes.len()) as u32;
                self.wide(bytes, Span { first, count: bytes.len() as u32 })
            }
            tag::UTF8_STRING => {
                let bytes = self.cursor.delimited()?;
                self.charge(bytes.len() * 2)?;
                Ok(Text::from(String::from_utf8_lossy(bytes).into_owned()).into())
            }
            tag => Err(Broken::Tag { tag }.into()),
        }
    }

    /// UTF-16 is left where it is if it must be UTF-16.
    fn wide(&mut self, bytes: &[u8], span: Span) -> Read<Slot> {
        if !bytes.len().is_multiple_of(2) || bytes.len() / 2 > TEXT_MAX {
            return Err(Broken::Text.into());
        }
        // In bounds: each chunk is a pair.
        if bytes.chunks_exact(2).any(|unit| unit[1] != 0) {
            self.shares = true;
            return Ok(Slot::Wide(span));
        }
        self.charge(bytes.len() / 2)?;
        let narrow: Vec<u8> = bytes.iter().step_by(2).copied().collect();
        Ok(Text::from_latin1(narrow).into())
    }

    /// Pushes a property's key; tells whether there was one, or else the end, which is read.
    #[inline]
    pub(super) fn key(&mut self, end: u8) -> Read<bool> {
        let tag = self.cursor.tag()?;
        if tag == end {
            return Ok(false);
        }
        match tag {
            tag::NARROW_STRING => {
                // Behind the length; what is so long that it takes two bytes is no index either way.
                let digit = self.cursor.rest().get(1).is_some_and(u8::is_ascii_digit);
                self.narrow()?;
                if !digit {
                    return Ok(true);
                }
            }
            tag::INT32 => self.integer()?,
            tag::UINT32 | tag::DOUBLE => {
                let number = self.rare(tag)?;
                self.push(number)?;
            }
            tag => {
                let text = self.text(tag)?;
                self.push(text)?;
            }
        }
        if let Some(key) = self.stack.last_mut() {
            canonical(key, self.source);
        }
        Ok(true)
    }
}

/// Array indices are numbers, and all other keys strings.
fn canonical(key: &mut Slot, source: &[u8]) {
    let settled = match &*key {
        Slot::Number(number) => match number::index(*number) {
            Some(index) => Slot::Number(f64::from(index)),
            None => Text::from(number::display(*number)).into(),
        },
        text => {
            let latin1 = text.as_str(source).and_then(|text| text.as_latin1());
            match latin1.and_then(number::index_of_digits) {
                Some(index) => Slot::Number(f64::from(index)),
                None => return,
            }
        }
    };
    *key = settled;
}
