//! A value printed as a program of JavaScript prints it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::handle::{Array, At, BufferView};
use super::inspect_frame::{Begun, begin, number, primitive, shown_properties};
use super::inspect_layout::ITEMS_MAX;
use super::inspect_text as text;
use super::kind::ViewKind;
use super::text::Text;
use super::value::Value;
use super::view::View;

/// Objects within one another to print: Node's `depth`.
const DEPTH: usize = 2;

/// And with `{:#}`: so many are printed safely on a stack of 2 MiB.
const DEPTH_MAX: usize = 128;

/// Characters of the objects at one indentation. One object that is referred to many times, at several
/// levels, is printed as often as these numbers multiplied; beyond this, what is in an object is left out.
/// As many as Node prints.
const BUDGET: usize = 1 << 27;

/// Prints a value as Node 20's `util.inspect` does with its default options: on one line what fits into 76
/// columns, two objects deep, the first 100 items (C-Y5). `{:#}` prints 128 levels.
///
/// An error is printed as one without a `stack`. A BigInt beyond 2^8192 is printed in hexadecimal.
///
/// ```
/// use bowline::worker::value::value;
///
/// let value = value!({ name: "it's", list: [1, (-0.0), { a: { b: {} } }] });
/// assert_eq!(value.inspect().to_string(), r#"{ name: "it's", list: [ 1, -0, { a: [Object] } ] }"#);
/// ```
#[derive(Clone, Copy)]
pub struct Inspect<'a>(View<'a>);

impl Value {
    /// The value, to be printed as a program of JavaScript prints it.
    #[must_use]
    pub fn inspect(&self) -> Inspect<'_> {
        self.view().inspect()
    }
}

impl<'a> View<'a> {
    /// The value, to be printed as a program of JavaScript prints it.
    #[must_use]
    pub const fn inspect(self) -> Inspect<'a> {
        Inspect(self)
    }
}

impl fmt::Display for Inspect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let depth = if f.alternate() { DEPTH_MAX } else { DEPTH };
        f.write_str(&Printer::new(depth, BUDGET).value(self.0, 0))
    }
}

impl fmt::Debug for Inspect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

struct Printer<'a> {
    /// Objects deeper than this are named only; nothing is opened any more if there is none.
    depth: Option<usize>,
    budget: usize,
    /// Characters printed at each indentation.
    spent: BTreeMap<usize, usize>,
    indent: usize,
    /// The level of the object that was opened last.
    last_level: usize,
    /// The objects we are in.
    way: Vec<At<'a>>,
    /// Objects that were met within themselves, with the number each got.
    circles: BTreeMap<(usize, u32), usize>,
}

fn address(at: At<'_>) -> (usize, u32) {
    (Arc::as_ptr(at.region).addr(), at.id)
}

impl<'a> Printer<'a> {
    fn new(depth: usize, budget: usize) -> Self {
        Self {
            depth: Some(depth),
            budget,
            spent: BTreeMap::new(),
            indent: 0,
            last_level: 0,
            way: Vec::new(),
            circles: BTreeMap::new(),
        }
    }

    /// A value that is in so many objects.
    fn value(&mut self, view: View<'a>, level: usize) -> String {
        let Some(at) = view.place() else { return primitive(view, self.indent) };
        if self.way.iter().any(|before| before.same(at)) {
            let next = self.circles.len() + 1;
            return format!("[Circular *{}]", self.circles.entry(address(at)).or_insert(next));
        }
        let mut frame = match begin(view, self.indent) {
            Begun::Whole(text) => return text,
            Begun::Open(frame) => frame,
        };
        if self.depth.is_none_or(|depth| level > depth) {
            return format!("[{}]", class(view));
        }
        self.way.push(at);
        self.last_level = level + 1;
        let entries = self.entries(view, level + 1);
        self.way.pop();
        if let Some(number) = self.circles.get(&address(at)) {
            let space = if frame.base.is_empty() { "" } else { " " };
            frame.base = format!("<ref *{number}>{space}{}", frame.base);
        }
        let text = frame.lay(entries, self.indent, self.last_level.saturating_sub(level + 1));
        self.spend(text.len());
        text
    }

    fn spend(&mut self, length: usize) {
        let spent = self.spent.entry(self.indent).or_default();
        *spent += length;
        if *spent > self.budget {
            self.depth = None;
        }
    }

    fn inner(&mut self, view: View<'a>, level: usize) -> String {
        self.indent += 2;
        let text = self.value(view, level);
        self.indent -= 2;
        text
    }

    fn property(&mut self, name: &str, value: View<'a>, level: usize) -> String {
        format!("{name}: {}", self.inner(value, level))
    }

    fn entries(&mut self, view: View<'a>, level: usize) -> Vec<String> {
        match view {
            View::Object(it) => {
                it.iter().map(|(key, value)| self.property(&text::key(key), value, level)).collect()
            }
            View::Array(it) => self.array(it, level),
            View::Map(it) => {
                let pair = |(key, value)| {
                    format!("{} => {}", self.inner(key, level), self.inner(value, level))
                };
                limited(it.iter().map(pair))
            }
            View::Set(it) => limited(it.iter().map(|member| self.inner(member, level))),
            View::Error(it) => shown_properties(it)
                .map(|(name, value)| self.property(&name, value, level))
                .collect(),
            View::ArrayBuffer(it) => buffer(it.bytes()).into(),
            View::BufferView(it) => self.buffer_view(it, level),
            View::Blob(it) => {
                let kind = Text::from(it.content_type.as_str());
                let kind = text::string(kind.as_str(), self.indent + 2);
                vec![format!("size: {}", it.bytes.len()), format!("type: {kind}")]
            }
            View::Request(it) => {
                let url = self.property("url", View::String(it.url()), level);
                self.with_init(url, it.init(), level)
            }
            View::Response(it) => {
                let body = self.property("body", it.body(), level);
                self.with_init(body, it.init(), level)
            }
            View::AbortSignal(it) => vec![format!("aborted: {}", it.is_aborted())],
            _ => Vec::new(),
        }
    }

    fn with_init(&mut self, first: String, init: View<'a>, level: usize) -> Vec<String> {
        let mut entries = vec![first];
        if let View::Object(init) = init {
            for (key, value) in init.iter() {
                entries.push(self.property(&text::key(key), value, level));
            }
        }
        entries
    }

    fn array(&mut self, array: Array<'a>, level: usize) -> Vec<String> {
        // Fits: the length of an array.
        let (length, mut next) = (array.len() as u32, 0);
        let limit = ITEMS_MAX.min(array.len());
        let mut entries = Vec::new();
        for (index, item) in array.present() {
            if index > next && entries.len() < limit {
                entries.push(holes(index - next));
                next = index;
            }
            if entries.len() >= limit {
                break;
            }
            entries.push(self.inner(item, level));
            next = index + 1;
        }
        match length.saturating_sub(next) {
            0 => {}
            left if entries.len() < limit => entries.push(holes(left)),
            left => entries.push(more(left as usize, "item")),
        }
        for (key, value) in array.properties() {
            entries.push(self.property(&text::key(key), value, level));
        }
        entries
    }

    fn buffer_view(&mut self, view: BufferView<'a>, level: usize) -> Vec<String> {
        if view.kind() != ViewKind::DataView {
            return items(view);
        }
        let mut entries = vec![
            format!("byteLength: {}", view.as_slice().len()),
            format!("byteOffset: {}", view.byte_offset()),
        ];
        if let Some(of) = view.buffer() {
            entries.push(self.property("buffer", View::ArrayBuffer(of), level));
        }
        entries
    }
}

/// What an object is called of which nothing is shown.
fn class(view: View<'_>) -> &'static str {
    match view {
        View::Error(it) => it.class().name(),
        _ => view.type_name(),
    }
}

fn more(left: usize, what: &str) -> String {
    format!("... {left} more {what}{}", if left > 1 { "s" } else { "" })
}

fn holes(count: u32) -> String {
    format!("<{count} empty item{}>", if count > 1 { "s" } else { "" })
}

/// The first entries, and how many there are besides.
fn limited(mut entries: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let mut shown: Vec<String> = entries.by_ref().take(ITEMS_MAX).collect();
    if entries.len() > 0 {
        shown.push(more(entries.len(), "item"));
    }
    shown
}

fn buffer(bytes: &[u8]) -> [String; 2] {
    let shown: Vec<String> =
        bytes.iter().take(ITEMS_MAX).map(|byte| format!("{byte:02x}")).collect();
    let rest = match bytes.len().saturating_sub(ITEMS_MAX) {
        0 => String::new(),
        left => format!(" {}", more(left, "byte")),
    };
    [
        format!("[Uint8Contents]: <{}{rest}>", shown.join(" ")),
        format!("byteLength: {}", bytes.len()),
    ]
}

/// The first items of a typed array.
fn items(view: BufferView<'_>) -> Vec<String> {
    let kind = view.kind();
    let item = |bytes: &[u8]| match (kind, <[u8; 8]>::try_from(bytes)) {
        (ViewKind::BigInt64Array, Ok(word)) => format!("{}n", i64::from_le_bytes(word)),
        (ViewKind::BigUint64Array, Ok(word)) => format!("{}n", u64::from_le_bytes(word)),
        _ => number(kind.number(bytes)),
    };
    limited(view.as_slice().chunks_exact(kind.item_bytes()).map(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_the_budget_is_spent_objects_are_not_opened() {
        let item = || Value::array(["abc"]);
        let list = Value::array([item(), item(), item()]);
        // The first two make 18 characters.
        for (budget, shown) in
            [(18, "[ [ 'abc' ], [ 'abc' ], [ 'abc' ] ]"), (17, "[ [ 'abc' ], [ 'abc' ], [Array] ]")]
        {
            assert_eq!(Printer::new(DEPTH, budget).value(list.view(), 0), shown);
        }
    }

    #[test]
    fn all_levels_are_printed_as_far_as_the_stack_goes() {
        let deep = |levels| (1..levels).fold(Value::array([0]), |inner, _| Value::array([inner]));
        assert!(!format!("{:#}", deep(DEPTH_MAX + 1).inspect()).contains("[Array]"));
        assert!(format!("{:#}", deep(DEPTH_MAX + 2).inspect()).contains("[Array]"));
    }
}
