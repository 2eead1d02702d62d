//! Bytes become a value.

use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use super::bigint::BigInt;
use super::cursor::Cursor;
use super::decode_error::{Broken, DecodeError};
use super::external::External;
use super::limits::Limits;
use super::number;
use super::region::{Node, Nodes, Region, Slot, Slots, Span};
use super::tag;
use super::text::{Long, Owned, Short, Text};
use super::value::Value;

/// Versions of the format that are read.
const VERSIONS: std::ops::RangeInclusive<u32> = 13..=16;

/// Views have flags since this version.
const FLAGS_SINCE: u32 = 14;

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
    let bytes = source.clone();
    let mut decoder = Decoder {
        cursor: Cursor::new(&bytes),
        source,
        shares: false,
        version: 0,
        stack: Stack::new(),
        nodes: Nodes::new(),
        slots: Slots::new(),
        objects: SmallVec::new(),
        externals: externals.into_iter(),
        depth: 0,
        depth_max: limits.depth(),
        memory: limits.memory_max,
        memory_max: limits.memory_max,
    };
    match decoder.run(limits) {
        Ok(root) => Ok(decoder.finish(root)),
        Err(broken) => Err(DecodeError { at: decoder.cursor.at(), broken }),
    }
}

pub(super) type Stack = SmallVec<[Slot; 16]>;
pub(super) type Read<T> = Result<T, Broken>;

pub(super) struct Decoder<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) source: Bytes,
    /// Something points into the source.
    pub(super) shares: bool,
    pub(super) version: u32,
    /// What is in the objects that are being read, outer ones first.
    pub(super) stack: Stack,
    pub(super) nodes: Nodes,
    pub(super) slots: Slots,
    /// The object of each number of the format.
    objects: SmallVec<[u32; 8]>,
    pub(super) externals: std::vec::IntoIter<External>,
    depth: u16,
    depth_max: u16,
    memory: u64,
    memory_max: u64,
}

impl Decoder<'_> {
    fn run(&mut self, limits: &Limits) -> Read<Slot> {
        let bytes = self.cursor.left() as u64;
        // Places in the source are 32 bits wide.
        if bytes > limits.bytes_max || bytes > u64::from(u32::MAX) {
            return Err(Broken::TooLarge { bytes });
        }
        if self.cursor.peek() != Some(tag::VERSION) {
            return Err(Broken::Version { version: None });
        }
        self.cursor.skip();
        self.version = self.cursor.varint32()?;
        if !VERSIONS.contains(&self.version) {
            return Err(Broken::Version { version: Some(self.version) });
        }
        let root = self.value()?;
        match (self.cursor.left(), self.externals.len()) {
            (0, 0) => Ok(root),
            (0, count) => Err(Broken::UnusedExternals { count }),
            (count, _) => Err(Broken::TrailingBytes { count }),
        }
    }

    fn finish(self, root: Slot) -> Value {
        let source = if self.shares { self.source } else { Bytes::new() };
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
    pub(super) fn charge(&mut self, bytes: usize) -> Read<()> {
        let left = self.memory.checked_sub(bytes as u64);
        self.memory = left.ok_or(Broken::TooMuchMemory { max: self.memory_max })?;
        Ok(())
    }

    /// Pushes what the object being read holds next.
    pub(super) fn push(&mut self, slot: Slot) -> Read<()> {
        self.charge(size_of::<Slot>())?;
        self.stack.push(slot);
        Ok(())
    }

    /// Moves what was pushed since `from` to the region.
    pub(super) fn settle(&mut self, from: usize) -> Span {
        // Both fit: a slot takes a byte of the source at least, or was charged.
        let first = self.slots.len() as u32;
        self.slots.extend(self.stack.drain(from..));
        Span { first, count: self.slots.len() as u32 - first }
    }

    /// An object begins: it has its number before what is in it has.
    pub(super) fn begin(&mut self) -> Read<u32> {
        let id = self.reserve()?;
        self.objects.push(id);
        Ok(id)
    }

    /// Room for an object without a number of its own.
    pub(super) fn reserve(&mut self) -> Read<u32> {
        self.charge(size_of::<Node>() + size_of::<u32>())?;
        // Fits: as in `settle`.
        let id = self.nodes.len() as u32;
        self.nodes.push(Node::Pending);
        Ok(id)
    }

    /// What the object is.
    pub(super) fn put(&mut self, id: u32, node: Node) -> Slot {
        if let Some(place) = self.nodes.get_mut(id as usize) {
            *place = node;
        }
        Slot::Node(id)
    }

    /// Whatever comes next. Values within values are read by recursion, through this and
    /// [`object`](Self::object); what they do not need themselves is elsewhere, to keep their frames small.
    pub(super) fn value(&mut self) -> Read<Slot> {
        let mut tag = self.cursor.tag()?;
        while tag == tag::OBJECT_COUNT {
            self.cursor.varint32()?;
            tag = self.cursor.tag()?;
        }
        match self.primitive(tag) {
            Err(Broken::Tag { .. }) => {}
            primitive => return primitive,
        }
        if self.depth >= self.depth_max {
            return Err(Broken::TooDeep { max: self.depth_max });
        }
        self.depth += 1;
        let slot = self.object(tag);
        self.depth -= 1;
        self.viewed(slot?)
    }

    /// What is no object, or one that has come before.
    fn primitive(&mut self, tag: u8) -> Read<Slot> {
        Ok(match tag {
            tag::UNDEFINED => Slot::Undefined,
            tag::NULL => Slot::Null,
            tag::TRUE => Slot::Bool(true),
            tag::FALSE => Slot::Bool(false),
            tag::INT32 => {
                let zigzag = self.cursor.varint32()?;
                Slot::Number(f64::from((zigzag >> 1) as i32 ^ -((zigzag & 1) as i32)))
            }
            tag::UINT32 => Slot::Number(f64::from(self.cursor.varint32()?)),
            tag::DOUBLE => Slot::Number(self.cursor.double()?),
            tag::BIGINT => Slot::BigInt(Arc::new(self.bigint()?)),
            tag::NARROW_STRING | tag::WIDE_STRING | tag::UTF8_STRING => self.text(tag)?,
            tag::REFERENCE => {
                let slot = self.reference()?;
                self.viewed(slot)?
            }
            tag => return Err(Broken::Tag { tag }),
        })
    }

    fn reference(&mut self) -> Read<Slot> {
        let id = self.cursor.varint32()?;
        // Fits: as in `settle`.
        let known = self.objects.len() as u32;
        let node = self.objects.get(id as usize).ok_or(Broken::Reference { id, known })?;
        Ok(Slot::Node(*node))
    }

    /// A buffer with a view behind it is that view.
    fn viewed(&mut self, slot: Slot) -> Read<Slot> {
        let Slot::Node(buffer) = slot else { return Ok(slot) };
        if !matches!(self.nodes.get(buffer as usize), Some(Node::Buffer(_))) {
            return Ok(slot);
        }
        // Padding at the very end is found as trailing bytes.
        let mut ahead = self.cursor;
        if ahead.peek_tag() != Ok(tag::BUFFER_VIEW) {
            return Ok(slot);
        }
        self.cursor = ahead;
        self.cursor.skip();
        self.window(buffer, self.version >= FLAGS_SINCE)
    }

    pub(super) fn bigint(&mut self) -> Read<BigInt> {
        let field = self.cursor.varint32()?;
        if field == 1 {
            return Err(Broken::BigInt);
        }
        let bytes = self.cursor.slice((field >> 1) as usize)?;
        self.charge(bytes.len())?;
        let digit = |chunk: &[u8]| {
            let mut word = [0; 8];
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
        let bytes = match tag {
            tag::NARROW_STRING | tag::WIDE_STRING | tag::UTF8_STRING => self.cursor.delimited()?,
            tag => return Err(Broken::Tag { tag }),
        };
        // Fit: places in the source.
        let (first, count) = ((self.cursor.at() - bytes.len()) as u32, bytes.len() as u32);
        let span = Span { first, count };
        match tag {
            tag::NARROW_STRING => {
                if bytes.len() > TEXT_MAX {
                    return Err(Broken::Text);
                }
                if let Some(short) = Short::new(bytes) {
                    return Ok(Slot::Short(short));
                }
                self.shares = true;
                Ok(Slot::Narrow(span))
            }
            tag::WIDE_STRING => self.wide(bytes, span),
            _ => {
                let text = Text::from(String::from_utf8_lossy(bytes).into_owned());
                self.charge(text.as_str().len() * 2)?;
                Ok(text.into())
            }
        }
    }

    /// UTF-16 is left where it is if it must be UTF-16.
    fn wide(&mut self, bytes: &[u8], span: Span) -> Read<Slot> {
        if bytes.len() % 2 != 0 || bytes.len() / 2 > TEXT_MAX {
            return Err(Broken::Text);
        }
        if bytes.chunks_exact(2).any(|unit| unit[1] != 0) {
            self.shares = true;
            return Ok(Slot::Wide(span));
        }
        self.charge(bytes.len() / 2)?;
        let narrow: Vec<u8> = bytes.iter().step_by(2).copied().collect();
        Ok(Text::from_latin1(narrow).into())
    }

    /// A property's key; the end is told by `None`, and read.
    pub(super) fn key(&mut self, end: u8) -> Read<Option<Slot>> {
        if self.cursor.peek_tag()? == end {
            self.cursor.skip();
            return Ok(None);
        }
        let tag = self.cursor.peek_tag()?;
        let key = match tag {
            tag::INT32 | tag::UINT32 | tag::DOUBLE => self.value()?,
            _ => self.tagged_text()?,
        };
        Ok(Some(match key {
            Slot::Number(number) => match number::index(number) {
                Some(index) => Slot::Number(f64::from(index)),
                None => Text::from(number::display(number)).into(),
            },
            text => {
                let latin1 = text.as_str(&self.source).and_then(|text| text.as_latin1());
                match latin1.and_then(number::index_of_digits) {
                    Some(index) => Slot::Number(f64::from(index)),
                    None => text,
                }
            }
        }))
    }
}
