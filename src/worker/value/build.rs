//! Objects made in one go.

use bytes::Bytes;
use smallvec::smallvec;

use super::collection::clip_time;
use super::external::External;
use super::handle::{AbortSignal, RegExp};
use super::host::{Blob, DomException, Headers};
use super::key;
use super::kind::{ErrorClass, ViewKind};
use super::number;
use super::region::{Buffer, Node, Region, Signal, Slot, Slots, Span, Window};
use super::text::Text;
use super::value::Value;
use super::view::View;

/// A count for a span. Nobody has memory for more than 2^32 slots of one object.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn all(slots: &[Slot]) -> Span {
    Span { first: 0, count: count(slots.len()) }
}

fn pairs<K: Into<Text>, V: Into<Value>>(entries: impl IntoIterator<Item = (K, V)>) -> Vec<Slot> {
    let pair = |(name, value): (K, V)| [key::of_text(name.into()), value.into().0];
    let mut pairs = key::unite(entries.into_iter().flat_map(pair).collect());
    key::arrange(&mut pairs);
    pairs
}

impl Value {
    /// An array of these items.
    #[must_use]
    pub fn array<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        let slots: Slots = items.into_iter().map(|item| item.into().0).collect();
        let items = all(&slots);
        Self::of_node(Node::Array { items, properties: Span::EMPTY }, slots)
    }

    /// An array of so many items, of which only these are not holes. One that lies behind the end makes
    /// the array longer.
    #[must_use]
    pub fn sparse_array<T: Into<Self>>(
        length: u32,
        items: impl IntoIterator<Item = (u32, T)>,
    ) -> Self {
        let pair = |(index, item): (u32, T)| {
            [Slot::Number(f64::from(index.min(number::ARRAY_MAX - 1))), item.into().0]
        };
        let mut pairs = key::unite(items.into_iter().flat_map(pair).collect());
        key::arrange(&mut pairs);
        let (node, slots) = array_node(length, pairs, Vec::new(), 0);
        Self::of_node(node, slots)
    }

    /// A plain object with these properties. The value of a key that comes twice is the last.
    #[must_use]
    pub fn object<K: Into<Text>, V: Into<Self>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let slots = pairs(entries);
        Self::of_node(Node::Object(all(&slots)), slots)
    }

    /// A Map of these pairs, whose keys differ.
    #[must_use]
    pub fn map<K: Into<Self>, V: Into<Self>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let pair = |(key, value): (K, V)| [key.into().0, value.into().0];
        let slots: Slots = entries.into_iter().flat_map(pair).collect();
        Self::of_node(Node::Map(all(&slots)), slots)
    }

    /// A Set of these members, which differ.
    #[must_use]
    pub fn set<T: Into<Self>>(members: impl IntoIterator<Item = T>) -> Self {
        let slots: Slots = members.into_iter().map(|member| member.into().0).collect();
        Self::of_node(Node::Set(all(&slots)), slots)
    }

    /// The date so many milliseconds after 1970 in UTC. Beyond 275 760 years it is invalid.
    #[must_use]
    pub fn date(milliseconds: f64) -> Self {
        Self::of_node(Node::Date(clip_time(milliseconds)), Slots::new())
    }

    /// A regular expression. `None` if the flags are not those of JavaScript; the pattern is not looked at.
    #[must_use]
    pub fn regexp(source: impl Into<Text>, flags: &str) -> Option<Self> {
        let flags = RegExp::flags_of_letters(flags)?;
        let slots = vec![source.into().into()];
        Some(Self::of_node(Node::RegExp { pattern: 0, flags }, slots))
    }

    /// A primitive wrapped in an object, such as `new Number(5)`. `None` if it is no boolean, number,
    /// string or BigInt.
    #[must_use]
    pub fn boxed(primitive: impl Into<Self>) -> Option<Self> {
        let value = primitive.into();
        let fits = matches!(
            value.view(),
            View::Bool(_) | View::Number(_) | View::String(_) | View::BigInt(_)
        );
        fits.then(|| Self::of_node(Node::Boxed(0), vec![value.0]))
    }

    /// An ArrayBuffer of these bytes, which are shared, not copied.
    #[must_use]
    pub fn array_buffer(bytes: impl Into<Bytes>) -> Self {
        let buffer = Buffer { bytes: bytes.into(), max: None };
        Self::of_node(Node::Buffer(Box::new(buffer)), Slots::new())
    }

    /// An ArrayBuffer that may grow to `max` bytes. `None` if it is larger already.
    #[must_use]
    pub fn resizable_array_buffer(bytes: impl Into<Bytes>, max: u64) -> Option<Self> {
        let bytes = bytes.into();
        if bytes.len() as u64 > max {
            return None;
        }
        let buffer = Buffer { bytes, max: Some(max) };
        Some(Self::of_node(Node::Buffer(Box::new(buffer)), Slots::new()))
    }

    /// A typed array or DataView on `buffer`, from `offset`, of `length` bytes; without a length it is as
    /// long as its buffer, now and when that is resized. `None` if `buffer` is no ArrayBuffer, the view
    /// reaches beyond it or is not aligned to its items, or it has no length and the buffer cannot be resized.
    #[must_use]
    pub fn buffer_view(
        kind: ViewKind,
        buffer: &Self,
        offset: usize,
        length: Option<usize>,
    ) -> Option<Self> {
        let View::ArrayBuffer(of) = buffer.view() else { return None };
        let (size, resizable) = (of.bytes().len() as u64, of.max_bytes().is_some());
        let (offset, length) = (offset as u64, length.map(|length| length as u64));
        let window = Window { kind, buffer: 0, offset, length, resizable };
        if !window.fits(size, resizable) {
            return None;
        }
        Some(Self::of_node(Node::Window(Box::new(window)), vec![buffer.0.clone()]))
    }

    /// A typed array on a buffer of its own. `None` if the bytes are not a whole number of items.
    #[must_use]
    pub fn typed_array(kind: ViewKind, bytes: impl Into<Bytes>) -> Option<Self> {
        let bytes = bytes.into();
        let length = bytes.len();
        Self::buffer_view(kind, &Self::array_buffer(bytes), 0, Some(length))
    }

    /// A `Uint8Array` of these bytes, which are shared, not copied.
    #[must_use]
    pub fn uint8_array(bytes: impl Into<Bytes>) -> Self {
        Self::typed_array(ViewKind::Uint8Array, bytes).unwrap_or_default()
    }

    /// An error with that `name`, whose class follows from it, and further own properties such as `cause`,
    /// `errors`, `stack` and `code`.
    #[must_use]
    pub fn error<K: Into<Text>, V: Into<Self>>(
        name: &str,
        message: impl Into<Text>,
        properties: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let class = ErrorClass::of_name(name);
        let mut slots: Slots = vec![Text::from(name).into(), message.into().into()];
        let pairs = pairs(properties);
        let span = Span { first: 2, count: count(pairs.len()) };
        slots.extend(pairs);
        let nodes = smallvec![Node::Error { class, texts: 0, properties: 1 }, Node::Object(span)];
        Self::of_region(Region::new(Bytes::new(), nodes, slots))
    }

    /// A DOMException.
    #[must_use]
    pub fn dom_exception(exception: DomException) -> Self {
        Self::of_node(Node::DomException(Box::new(exception)), Slots::new())
    }

    /// A stub or stream.
    #[must_use]
    pub fn external(external: External) -> Self {
        Self::of_node(Node::External(external), Slots::new())
    }

    /// HTTP headers.
    #[must_use]
    pub fn headers(headers: Headers) -> Self {
        Self::of_node(Node::Headers(Box::new(headers)), Slots::new())
    }

    /// A Blob.
    #[must_use]
    pub fn blob(blob: Blob) -> Self {
        Self::of_node(Node::Blob(Box::new(blob)), Slots::new())
    }

    /// A Request: its address, and an object with the rest.
    #[must_use]
    pub fn request(url: impl Into<Text>, init: impl Into<Self>) -> Self {
        Self::of_node(Node::Request(0), vec![url.into().into(), init.into().0])
    }

    /// A Response: a ReadableStream or `null`, and an object with the rest.
    #[must_use]
    pub fn response(body: impl Into<Self>, init: impl Into<Self>) -> Self {
        Self::of_node(Node::Response(0), vec![body.into().0, init.into().0])
    }

    /// An AbortSignal that is aborted.
    #[must_use]
    pub fn aborted_signal(reason: impl Into<Self>) -> Self {
        Self::signal(true, 0, reason.into(), None)
    }

    /// An AbortSignal that `trigger` aborts; without one it never is.
    #[must_use]
    pub fn abort_signal(trigger: Option<External>) -> Self {
        let flag = if trigger.is_some() { 0 } else { AbortSignal::NEVER };
        Self::signal(false, flag, Self::UNDEFINED, trigger)
    }

    fn signal(aborted: bool, flag: u32, reason: Self, trigger: Option<External>) -> Self {
        let signal = Signal { aborted, flag, reason: 0, trigger };
        Self::of_node(Node::Signal(Box::new(signal)), vec![reason.0])
    }
}

impl Window {
    /// It lies within a buffer of `size` bytes, on whole items.
    pub(super) fn fits(&self, size: u64, resizable: bool) -> bool {
        let item = self.kind.item_bytes() as u64;
        let inside = match self.length {
            Some(length) => self.offset.checked_add(length).is_some_and(|end| end <= size),
            None => resizable && self.offset <= size,
        };
        inside && self.offset.is_multiple_of(item) && self.length.unwrap_or(0).is_multiple_of(item)
    }
}

/// An array whose items are `items`, indices and values in order, with its slots: without holes, if there
/// is none. `first` is where the slots will begin.
pub(super) fn array_node(
    length: u32,
    items: Vec<Slot>,
    properties: Vec<Slot>,
    first: u32,
) -> (Node, Vec<Slot>) {
    let last = items.len().checked_sub(2).and_then(|last| items.get(last));
    // The cast fits: an index.
    let end = if let Some(Slot::Number(last)) = last { *last as u32 + 1 } else { 0 };
    let length = length.max(end);
    let dense = items.len() / 2 == length as usize;
    let mut slots: Vec<Slot> =
        if dense { items.into_iter().skip(1).step_by(2).collect() } else { items };
    let items = Span { first, count: count(slots.len()) };
    let properties_at = Span { first: first + items.count, count: count(properties.len()) };
    slots.extend(properties);
    let node = if dense {
        Node::Array { items, properties: properties_at }
    } else {
        Node::Sparse { length, items, properties: properties_at }
    };
    (node, slots)
}
