//! A plain value is what nearly every call takes and gives: arrays and objects of primitives. It is read in one go; all other values, and all errors, are left to the [decoder](super::decode).

use bytes::Bytes;
use smallvec::SmallVec;

use super::key;
use super::limits::Limits;
use super::region::{Node, Nodes, Region, Slot, Slots, Span};
use super::tag;
use super::text::{SHORT, Short};
use super::value::Value;

/// More bytes are no plain value: what is spared for each value is little beside them.
const BYTES_MAX: usize = 1 << 14;

/// What a byte comes to at most: it may be an object, and a slot that refers to it. The room that is taken before
/// is less.
const MEMORY_FOR_BYTE: usize = size_of::<Slot>() + size_of::<Node>();

/// The value in these bytes, if it is an object that is plain, and within the limits. A primitive is
/// read as fast elsewhere.
pub(super) fn read(source: &Bytes, limits: &Limits) -> Option<Value> {
    let length = source.len();
    if length > BYTES_MAX
        || length as u64 > limits.bytes_max
        || (length * MEMORY_FOR_BYTE) as u64 > limits.memory_max
    {
        return None;
    }
    let [tag::VERSION, 13..=16, tag, rest @ ..] = &**source else { return None };
    if !is_object(*tag) {
        return None;
    }
    let mut reader = Reader {
        source,
        rest,
        depth: limits.depth(),
        shares: false,
        stack: SmallVec::new(),
        nodes: Nodes::new(),
        // A slot takes a byte at least, and mostly three or more.
        slots: Slots::with_capacity(length / 3),
    };
    let root = reader.object(*tag)?;
    if !reader.rest.is_empty() {
        return None;
    }
    let source = if reader.shares { source.clone() } else { Bytes::new() };
    Some(Value::of_object(Region::new(source, reader.nodes, reader.slots), root))
}

const fn is_object(tag: u8) -> bool {
    matches!(tag, tag::OBJECT | tag::DENSE_ARRAY)
}

/// Where a value goes.
#[derive(Clone, Copy)]
enum To {
    /// To the end of the slots.
    End,
    Slot(usize),
    Stack,
}

struct Reader<'a> {
    source: &'a [u8],
    rest: &'a [u8],
    /// How much deeper it may go.
    depth: u16,
    /// Something points into the bytes.
    shares: bool,
    /// What is in the objects that are being read and have objects in them, outer ones first.
    stack: SmallVec<[Slot; 16]>,
    nodes: Nodes,
    slots: Slots,
}

impl Reader<'_> {
    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    #[inline]
    fn varint(&mut self) -> Option<u32> {
        match self.byte()? {
            byte @ ..0x80 => Some(byte.into()),
            byte => self.long_varint(byte),
        }
    }

    fn long_varint(&mut self, first: u8) -> Option<u32> {
        let mut number = u32::from(first & 0x7f);
        for shift in [7, 14, 21] {
            let byte = self.byte()?;
            number |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        match self.byte()? {
            last @ ..0x10 => Some(number | u32::from(last) << 28),
            _ => None,
        }
    }

    /// An object whose tag was read: its number. It comes behind the objects in it.
    fn object(&mut self, tag: u8) -> Option<u32> {
        self.depth = self.depth.checked_sub(1)?;
        match tag {
            tag::DENSE_ARRAY => self.array(),
            _ => self.properties(),
        }?;
        self.depth += 1;
        // Fits: each takes a byte.
        Some(self.nodes.len() as u32 - 1)
    }

    /// An array without holes and properties. Its items are put where they stay.
    fn array(&mut self) -> Option<()> {
        let count = self.varint()?;
        let first = self.slots.len();
        // Those who claim more items than there can be claim memory.
        if count as usize > self.source.len().saturating_sub(first) {
            return None;
        }
        self.slots.resize_with(first + count as usize, || Slot::Undefined);
        for at in first..first + count as usize {
            let tag = self.byte()?;
            self.value(tag, To::Slot(at))?;
        }
        if self.byte()? != tag::DENSE_ARRAY_END || self.byte()? != 0 || self.varint()? != count {
            return None;
        }
        // Fits: as many as bytes.
        let items = Span { first: first as u32, count };
        self.nodes.push(Node::Array { items, properties: Span::EMPTY });
        Some(())
    }

    /// An object whose keys are names. They are put where they stay until an object is among their values, whose
    /// own come first then.
    fn properties(&mut self) -> Option<()> {
        let first = self.slots.len();
        loop {
            match self.byte()? {
                tag::OBJECT_END => break,
                tag => self.key(tag, To::End)?,
            }
            let tag = self.byte()?;
            if is_object(tag) {
                return self.more_properties(tag, first);
            }
            self.value(tag, To::End)?;
        }
        self.end_of_properties(first)
    }

    /// The same, from the first object on, whose tag was read.
    fn more_properties(&mut self, mut tag: u8, first: usize) -> Option<()> {
        let from = self.stack.len();
        self.stack.extend(self.slots.drain(first..));
        loop {
            self.value(tag, To::Stack)?;
            match self.byte()? {
                tag::OBJECT_END => break,
                tag => self.key(tag, To::Stack)?,
            }
            tag = self.byte()?;
        }
        let first = self.slots.len();
        self.slots.extend(self.stack.drain(from..));
        self.end_of_properties(first)
    }

    fn end_of_properties(&mut self, first: usize) -> Option<()> {
        let told = self.varint()?;
        let pairs = self.slots.get(first..)?;
        // Both fit: as many as bytes.
        let span = Span { first: first as u32, count: pairs.len() as u32 };
        let fits =
            told == span.count / 2 && (told <= 1 || key::repeated(pairs, self.source).is_none());
        fits.then(|| self.nodes.push(Node::Object(span)))
    }

    /// Puts a value where it goes. Written there and nowhere before: a slot that is moved right after it was
    /// written is waited for.
    #[inline(always)]
    fn give(&mut self, to: To, slot: Slot) {
        match to {
            To::End => self.slots.push(slot),
            To::Stack => self.stack.push(slot),
            To::Slot(at) => {
                if let Some(place) = self.slots.get_mut(at) {
                    *place = slot;
                }
            }
        }
    }

    /// A name that is no array index.
    #[inline(always)]
    fn key(&mut self, tag: u8, to: To) -> Option<()> {
        // Behind the length; what is so long that it takes two bytes is no index either way.
        let begins_with_digit = self.rest.get(1).is_some_and(u8::is_ascii_digit);
        if tag != tag::NARROW_STRING || begins_with_digit { None } else { self.text(to) }
    }

    /// A string in Latin-1: a short one is copied, a long one stays where it is.
    #[inline(always)]
    fn text(&mut self, to: To) -> Option<()> {
        let length = self.varint()?;
        let from_here = self.rest;
        let (text, rest) = from_here.split_at_checked(length as usize)?;
        self.rest = rest;
        if length as usize > SHORT {
            self.shares = true;
            // Fits: a place in the bytes.
            let first = (self.source.len() - from_here.len()) as u32;
            self.give(to, Slot::Narrow(Span { first, count: length }));
        } else if let Some(chunk) = from_here.first_chunk() {
            // Copying a fixed number of bytes is fastest, where there are so many.
            self.give(to, Slot::Short(Short::of_chunk(*chunk, length as u8)));
        } else {
            self.give(to, Slot::Short(Short::new(text)?));
        }
        Some(())
    }

    #[inline(always)]
    fn value(&mut self, tag: u8, to: To) -> Option<()> {
        match tag {
            tag::INT32 => {
                let zigzag = self.varint()?;
                let integer = (zigzag >> 1) as i32 ^ -((zigzag & 1) as i32);
                self.give(to, Slot::Number(f64::from(integer)));
            }
            tag::NARROW_STRING => self.text(to)?,
            tag::DOUBLE => {
                let (bytes, rest) = self.rest.split_first_chunk()?;
                self.rest = rest;
                self.give(to, Slot::Number(f64::from_le_bytes(*bytes)));
            }
            tag::TRUE => self.give(to, Slot::Bool(true)),
            tag::FALSE => self.give(to, Slot::Bool(false)),
            tag::NULL => self.give(to, Slot::Null),
            tag::UNDEFINED => self.give(to, Slot::Undefined),
            tag::OBJECT | tag::DENSE_ARRAY => {
                let id = self.object(tag)?;
                self.give(to, Slot::Node(id));
            }
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode::decode_slowly;
    use super::super::encode::encode;
    use super::*;

    fn samples() -> Vec<Value> {
        let object = |entries: Vec<(&str, Value)>| Value::object(entries);
        vec![
            Value::array::<Value>([]),
            Value::array([-1, 63, 64, 70_000, i32::MIN, i32::MAX]),
            object(vec![]),
            Value::from(vec![Value::from(1), "x".into(), object(vec![("a", true.into())])]),
            object(vec![
                ("id", 7.into()),
                ("tags", Value::array(["one", "two"])),
                ("next", object(vec![("at", 0.5.into()), ("id", Value::NULL)])),
                ("fourteen chars", false.into()),
                ("a name that is longer than others", "a text that has no room in a slot".into()),
                (
                    "last",
                    object(vec![("deep", object(vec![("deeper", Value::array([1, 2, 300]))]))]),
                ),
            ]),
        ]
    }

    #[test]
    fn what_is_read_in_one_go_is_what_the_decoder_reads_whatever_byte_is_changed() {
        let limits = Limits::default();
        let (mut plain, mut others) = (0, 0);
        for sample in samples() {
            let sent = encode(&sample, &limits).expect("it can be sent").bytes;
            for at in 0..sent.len() {
                for byte in 0..=u8::MAX {
                    let mut changed = sent.clone();
                    changed[at] = byte;
                    let changed = Bytes::from(changed);
                    let Some(quickly) = read(&changed, &limits) else {
                        others += 1;
                        continue;
                    };
                    plain += 1;
                    let slowly = decode_slowly(changed.clone(), Vec::new(), &limits);
                    let slowly = slowly.unwrap_or_else(|why| panic!("{changed:?}: {why}"));
                    assert_eq!(quickly, slowly, "{changed:?}");
                }
            }
            for end in 0..sent.len() {
                assert!(read(&Bytes::copy_from_slice(&sent[..end]), &limits).is_none());
            }
        }
        assert!(plain > 4_000 && others > 10_000, "{plain} {others}");
    }

    #[test]
    fn what_breaks_a_limit_is_not_plain() {
        let deep = Value::array([Value::array([Value::array([1])])]);
        let sent = Bytes::from(encode(&deep, &Limits::default()).expect("it can be sent").bytes);
        let within = |limits: Limits| read(&sent, &limits).is_some();
        let length = sent.len() as u64;
        let memory = length * MEMORY_FOR_BYTE as u64;
        assert!(within(Limits { depth_max: 3, bytes_max: length, memory_max: memory }));
        assert!(!within(Limits { depth_max: 2, bytes_max: length, memory_max: memory }));
        assert!(!within(Limits { depth_max: 3, bytes_max: length - 1, memory_max: memory }));
        assert!(!within(Limits { depth_max: 3, bytes_max: length, memory_max: memory - 1 }));
        let many = Value::array(vec![Value::NULL; BYTES_MAX]);
        let sent = encode(&many, &Limits::default()).expect("it can be sent").bytes;
        assert!(read(&sent.into(), &Limits::default()).is_none());
    }
}
