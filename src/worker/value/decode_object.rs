//! Bytes become objects.

use super::build::array_node;
use super::collection::clip_time;
use super::decode::Decoder;
use super::decode_error::{Broken, Read};
use super::handle::RegExp;
use super::key;
use super::kind::{ErrorClass, ViewKind};
use super::region::{Buffer, Node, Slot, Span, Window};
use super::tag;
use super::text::Text;

impl Decoder<'_> {
    /// Pushes an object.
    pub(super) fn object(&mut self, tag: u8) -> Read<()> {
        check(tag)?;
        let id = self.begin()?;
        let node = match tag {
            tag::OBJECT => self.plain_object(),
            tag::DENSE_ARRAY => self.dense_array(),
            tag::SPARSE_ARRAY => self.sparse_array(),
            tag::MAP => self.members(tag::MAP_END),
            tag::SET => self.members(tag::SET_END),
            tag::ERROR => self.error(),
            tag::HOST_OBJECT => self.host(),
            _ => self.small_object(tag),
        }?;
        self.put(id, node);
        match tag {
            tag::BUFFER | tag::RESIZABLE_BUFFER => self.viewed(id),
            _ => self.push(Slot::Node(id)),
        }
    }

    /// An object that holds no other.
    fn small_object(&mut self, tag: u8) -> Read<Node> {
        match tag {
            tag::DATE => Ok(Node::Date(clip_time(self.cursor.double()?))),
            tag::REGEXP => self.regexp(),
            tag::TRUE_OBJECT => self.boxed(Slot::Bool(true)),
            tag::FALSE_OBJECT => self.boxed(Slot::Bool(false)),
            tag::NUMBER_OBJECT => {
                let number = self.cursor.double()?;
                self.boxed(Slot::Number(number))
            }
            tag::BIGINT_OBJECT => {
                let number = self.bigint()?;
                self.boxed(Slot::BigInt(number.into()))
            }
            tag::STRING_OBJECT => {
                let text = self.tagged_text()?;
                self.boxed(text)
            }
            tag => self.buffer(tag == tag::RESIZABLE_BUFFER),
        }
    }

    /// Properties up to the end of a plain object.
    fn plain_object(&mut self) -> Read<Node> {
        let from = self.stack.len();
        let counted = self.properties(tag::OBJECT_END)?;
        self.told(counted)?;
        self.arrange(from)?;
        Ok(Node::Object(self.settle(from)))
    }

    /// Pushes keys and values up to an end.
    #[inline]
    fn properties(&mut self, end: u8) -> Read<u32> {
        let mut counted = 0;
        while self.key(end)? {
            self.next()?;
            counted += 1;
        }
        Ok(counted)
    }

    #[inline]
    fn told(&mut self, counted: u32) -> Read<()> {
        let told = self.cursor.varint32()?;
        if told == counted { Ok(()) } else { Err(Broken::Count { told, counted }.into()) }
    }

    /// Keys come once, array indices first.
    #[inline]
    fn arrange(&mut self, from: usize) -> Read<()> {
        let pairs = self.stack.get_mut(from..).unwrap_or_default();
        if pairs.len() <= 2 {
            return Ok(());
        }
        key::arrange(pairs);
        if key::repeated(pairs, self.source).is_some() { Err(Broken::Key.into()) } else { Ok(()) }
    }

    fn dense_array(&mut self) -> Read<Node> {
        let length = self.cursor.varint32()?;
        // Each item takes a byte at least.
        if length as usize > self.cursor.left() {
            return Err(Broken::Truncated.into());
        }
        let from = self.stack.len();
        for index in 0..length {
            match self.cursor.tag()? {
                tag::HOLE => return self.array_with_holes(from, index, length),
                tag => self.next_of(tag)?,
            }
        }
        self.end_of_dense_array(from, length)
    }

    fn end_of_dense_array(&mut self, from: usize, length: u32) -> Read<Node> {
        let middle = self.stack.len();
        let counted = self.properties(tag::DENSE_ARRAY_END)?;
        self.told(counted)?;
        self.told(length)?;
        if self.has_index(middle) {
            // An item beyond the end, told as a property.
            let pairs = self.indexed(from, middle);
            return self.array(length, from, pairs);
        }
        self.arrange(middle)?;
        let all = self.settle(from);
        let items = Span { first: all.first, count: length };
        let properties = Span { first: all.first + length, count: all.count - length };
        Ok(Node::Array { items, properties })
    }

    fn has_index(&self, from: usize) -> bool {
        let keys = self.stack.get(from..).unwrap_or_default().chunks_exact(2);
        keys.into_iter().any(|pair| matches!(pair.first(), Some(Slot::Number(_))))
    }

    /// Takes the items pushed since `from` off the stack and puts their indices before them; what follows
    /// `middle` are pairs already.
    fn indexed(&mut self, from: usize, middle: usize) -> Vec<Slot> {
        let pairs: Vec<Slot> = self.stack.drain(middle..).collect();
        let index = |(index, item)| [Slot::Number(f64::from(index)), item];
        (0u32..).zip(self.stack.drain(from..)).flat_map(index).chain(pairs).collect()
    }

    /// The rest of a dense array, behind its first hole.
    fn array_with_holes(&mut self, from: usize, first: u32, length: u32) -> Read<Node> {
        let pairs = self.indexed(from, self.stack.len());
        self.stack.extend(pairs);
        for index in first + 1..length {
            match self.cursor.tag()? {
                tag::HOLE => continue,
                tag => {
                    self.push(Slot::Number(f64::from(index)))?;
                    self.next_of(tag)?;
                }
            }
        }
        let counted = self.properties(tag::DENSE_ARRAY_END)?;
        self.told(counted)?;
        self.told(length)?;
        let pairs = self.stack.drain(from..).collect();
        self.array(length, from, pairs)
    }

    fn sparse_array(&mut self) -> Read<Node> {
        let length = self.cursor.varint32()?;
        let from = self.stack.len();
        let counted = self.properties(tag::SPARSE_ARRAY_END)?;
        self.told(counted)?;
        self.told(length)?;
        let pairs = self.stack.drain(from..).collect();
        self.array(length, from, pairs)
    }

    /// An array of pairs in any order, which is dense after all if none is missing.
    fn array(&mut self, length: u32, from: usize, pairs: Vec<Slot>) -> Read<Node> {
        self.stack.extend(pairs);
        self.arrange(from)?;
        let mut items: Vec<Slot> = self.stack.drain(from..).collect();
        let middle = items
            .chunks_exact(2)
            .position(|pair| !matches!(pair.first(), Some(Slot::Number(_))))
            .map_or(items.len(), |pair| pair * 2);
        let properties = items.split_off(middle);
        let first = self.slots.len() as u32;
        let (node, slots) = array_node(length, items, properties, first);
        self.slots.extend(slots);
        Ok(node)
    }

    fn members(&mut self, end: u8) -> Read<Node> {
        let from = self.stack.len();
        loop {
            match self.cursor.tag()? {
                tag if tag == end => break,
                tag => self.next_of(tag)?,
            }
        }
        // Fits: each takes a byte of the source.
        let counted = (self.stack.len() - from) as u32;
        self.told(counted)?;
        match end {
            tag::MAP_END if counted % 2 == 1 => {
                Err(Broken::Count { told: counted, counted }.into())
            }
            tag::MAP_END => Ok(Node::Map(self.settle(from))),
            _ => Ok(Node::Set(self.settle(from))),
        }
    }

    fn regexp(&mut self) -> Read<Node> {
        let text = self.tagged_text()?;
        let pattern = self.keep(text)?;
        let flags = RegExp::known_flags(self.cursor.varint32()?).ok_or(Broken::RegExp)?;
        Ok(Node::RegExp { pattern, flags })
    }

    fn boxed(&mut self, primitive: Slot) -> Read<Node> {
        Ok(Node::Boxed(self.keep(primitive)?))
    }

    /// A slot that belongs to no list.
    pub(super) fn keep(&mut self, slot: Slot) -> Read<u32> {
        let from = self.stack.len();
        self.push(slot)?;
        Ok(self.settle(from).first)
    }

    /// Bytes that stay where they are.
    pub(super) fn share(&mut self, bytes: &[u8]) -> bytes::Bytes {
        let end = self.cursor.at();
        self.source.slice(end - bytes.len()..end)
    }

    fn buffer(&mut self, resizable: bool) -> Read<Node> {
        self.charge(size_of::<Buffer>())?;
        let length = self.cursor.varint()?;
        let max = if resizable { Some(self.cursor.varint()?) } else { None };
        if max.is_some_and(|max| max < length) {
            return Err(Broken::Buffer.into());
        }
        let length = usize::try_from(length).map_err(|_| Broken::Truncated)?;
        let bytes = self.cursor.slice(length)?;
        Ok(Node::Buffer(Box::new(Buffer { bytes: self.share(bytes), max })))
    }

    /// Pushes a view on a buffer.
    pub(super) fn window(&mut self, buffer: u32, has_flags: bool) -> Read<()> {
        let id = self.begin()?;
        self.charge(size_of::<Window>())?;
        let kind = ViewKind::of_tag(self.cursor.byte()?).ok_or(Broken::View)?;
        let (offset, length) = (self.cursor.varint()?, self.cursor.varint()?);
        let flags = if has_flags { self.cursor.varint32()? } else { 0 };
        let Some(Node::Buffer(of)) = self.nodes.get(buffer as usize) else {
            return Err(Broken::View.into());
        };
        let (size, can_resize) = (of.bytes.len() as u64, of.max.is_some());
        let tracks = flags & tag::VIEW_TRACKS_LENGTH != 0;
        let resizable = flags & tag::VIEW_RESIZABLE != 0;
        if length > size {
            return Err(Broken::View.into());
        }
        let length = if tracks { None } else { Some(length) };
        let buffer = self.keep(Slot::Node(buffer))?;
        let window = Window { kind, buffer, offset, length, resizable: can_resize };
        let known = flags & !(tag::VIEW_TRACKS_LENGTH | tag::VIEW_RESIZABLE) == 0;
        if !known || resizable && !can_resize || !window.fits(size, can_resize) {
            return Err(Broken::View.into());
        }
        self.put(id, Node::Window(Box::new(window)));
        self.push(Slot::Node(id))
    }

    /// An error as V8 writes them by itself.
    fn error(&mut self) -> Read<Node> {
        let properties = self.reserve()?;
        let mut class = ErrorClass::Error;
        let (mut message, mut stack, mut cause) = (None, None, None);
        loop {
            match self.cursor.byte()? {
                tag::ERROR_MESSAGE => message = Some(self.tagged_text()?),
                tag::ERROR_STACK => stack = Some(self.tagged_text()?),
                tag::ERROR_CAUSE => cause = Some(self.value()?),
                tag::ERROR_END => break,
                letter => class = ErrorClass::of_letter(letter).ok_or(Broken::Error)?,
            }
        }
        let from = self.stack.len();
        for (name, value) in [("stack", stack), ("cause", cause)] {
            if let Some(value) = value {
                self.push(Text::from(name).into())?;
                self.push(value)?;
            }
        }
        let pairs = self.settle(from);
        self.put(properties, Node::Object(pairs));
        self.error_of(class, Text::from(class.name()).into(), message, properties)
    }

    pub(super) fn error_of(
        &mut self,
        class: ErrorClass,
        name: Slot,
        message: Option<Slot>,
        properties: u32,
    ) -> Read<Node> {
        let from = self.stack.len();
        self.push(name)?;
        self.push(message.unwrap_or_else(|| Text::from("").into()))?;
        Ok(Node::Error { class, texts: self.settle(from).first, properties })
    }
}

/// The tag is one of an object.
fn check(tag: u8) -> Read<()> {
    match tag {
        tag::OBJECT
        | tag::DENSE_ARRAY
        | tag::SPARSE_ARRAY
        | tag::MAP
        | tag::SET
        | tag::DATE
        | tag::REGEXP
        | tag::TRUE_OBJECT
        | tag::FALSE_OBJECT
        | tag::NUMBER_OBJECT
        | tag::BIGINT_OBJECT
        | tag::STRING_OBJECT
        | tag::BUFFER
        | tag::RESIZABLE_BUFFER
        | tag::ERROR
        | tag::HOST_OBJECT => Ok(()),
        b't' | b'u' | b'p' | b'w' | b'm' => Err(Broken::Unsupported { tag }.into()),
        tag => Err(Broken::Tag { tag }.into()),
    }
}
