//! A value printed in one line, for who debugs Rust; as a program of JavaScript shows it, see [`Inspect`](super::inspect::Inspect).

use std::fmt::{self, Write as _};

use super::date::iso;
use super::handle::{Array, At, BufferView, ErrorObject};
use super::kind::ViewKind;
use super::number;
use super::object::PropertyKey;
use super::value::Value;
use super::view::View;

/// Items of a list to print at most; of the bytes of a buffer, half as many.
const ITEMS_MAX: usize = 100;

/// Objects within one another to print at most.
const DEPTH_MAX: usize = 64;

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printer { out: f, way: Vec::new() }.view(self.view())
    }
}

struct Printer<'a, 'f, 'o> {
    out: &'o mut fmt::Formatter<'f>,
    /// The objects we are in.
    way: Vec<At<'a>>,
}

impl<'a> Printer<'a, '_, '_> {
    fn view(&mut self, view: View<'a>) -> fmt::Result {
        if let Some(at) = view.place() {
            if self.way.iter().any(|before| before.same(at)) {
                return self.out.write_str("[Circular]");
            }
            if self.way.len() >= DEPTH_MAX {
                return write!(self.out, "[{}]", view.type_name());
            }
            self.way.push(at);
            self.object(view)?;
            self.way.pop();
            return Ok(());
        }
        match view {
            View::Null => self.out.write_str("null"),
            View::Bool(value) => write!(self.out, "{value}"),
            View::Number(0.0) if view.as_f64().is_some_and(f64::is_sign_negative) => {
                self.out.write_str("-0")
            }
            View::Number(value) => self.out.write_str(&number::display(value)),
            View::BigInt(value) => write!(self.out, "{value:?}"),
            View::String(value) => write!(self.out, "{value:?}"),
            _ => self.out.write_str("undefined"),
        }
    }

    fn object(&mut self, view: View<'a>) -> fmt::Result {
        match view {
            View::Object(it) => self.braces("", it.iter().map(Entry::Property)),
            View::Array(it) => self.array(it),
            View::Map(it) => {
                let head = format!("Map({}) ", it.len());
                self.braces(&head, it.iter().map(|(key, value)| Entry::Pair(key, value)))
            }
            View::Set(it) => {
                let head = format!("Set({}) ", it.len());
                self.braces(&head, it.iter().map(Entry::Item))
            }
            View::Date(it) => match it.milliseconds() {
                time if time.is_nan() => self.out.write_str("Invalid Date"),
                time => self.out.write_str(&iso(time)),
            },
            View::RegExp(it) => write!(self.out, "/{}/{}", it.source(), it.flags()),
            View::Boxed(it) => {
                write!(self.out, "[{}: ", it.type_name())?;
                self.view(it.get())?;
                self.out.write_char(']')
            }
            View::ArrayBuffer(it) => {
                self.out.write_str("ArrayBuffer ")?;
                self.bytes(it.bytes())
            }
            View::BufferView(it) => self.buffer_view(it),
            View::Error(it) => self.error(it),
            View::External(it) => write!(self.out, "{:?}", it.data()),
            View::Headers(it) => {
                let entry = |(name, value): &'a (String, String)| Entry::Header(name, value);
                self.braces("Headers ", it.data().entries.iter().map(entry))
            }
            View::Blob(it) => {
                write!(self.out, "Blob {{ size: {}, type: '{}' }}", it.bytes.len(), it.content_type)
            }
            View::DomException(it) => {
                write!(self.out, "DOMException [{}]: {}", it.name, it.message)
            }
            View::Request(it) => {
                write!(self.out, "Request {{ url: {:?}, init: ", it.url())?;
                self.view(it.init())?;
                self.out.write_str(" }")
            }
            View::Response(it) => {
                self.out.write_str("Response { body: ")?;
                self.view(it.body())?;
                self.out.write_str(", init: ")?;
                self.view(it.init())?;
                self.out.write_str(" }")
            }
            View::AbortSignal(it) => {
                write!(self.out, "AbortSignal {{ aborted: {} }}", it.is_aborted())
            }
            _ => Ok(()),
        }
    }

    fn braces(
        &mut self,
        head: &str,
        entries: impl ExactSizeIterator<Item = Entry<'a>>,
    ) -> fmt::Result {
        self.out.write_str(head)?;
        if entries.len() == 0 {
            return self.out.write_str("{}");
        }
        let more = entries.len().saturating_sub(ITEMS_MAX);
        for (at, entry) in entries.take(ITEMS_MAX).enumerate() {
            self.out.write_str(if at == 0 { "{ " } else { ", " })?;
            self.entry(entry)?;
        }
        self.more(more)?;
        self.out.write_str(" }")
    }

    fn more(&mut self, more: usize) -> fmt::Result {
        if more > 0 { write!(self.out, ", ... {more} more items") } else { Ok(()) }
    }

    fn entry(&mut self, entry: Entry<'a>) -> fmt::Result {
        match entry {
            Entry::Property((key, value)) => {
                match key {
                    PropertyKey::Index(index) => write!(self.out, "'{index}'")?,
                    PropertyKey::Name(name) => match name.as_ascii().filter(|name| is_name(name)) {
                        Some(name) => self.out.write_str(name)?,
                        None => write!(self.out, "{name:?}")?,
                    },
                }
                self.out.write_str(": ")?;
                self.view(value)
            }
            Entry::Pair(key, value) => {
                self.view(key)?;
                self.out.write_str(" => ")?;
                self.view(value)
            }
            Entry::Item(item) => self.view(item),
            Entry::Header(name, value) => write!(self.out, "'{name}': '{value}'"),
        }
    }

    fn array(&mut self, array: Array<'a>) -> fmt::Result {
        if array.is_empty() && array.properties().len() == 0 {
            return self.out.write_str("[]");
        }
        let (mut next, mut first) = (0, true);
        let mut separate = |out: &mut fmt::Formatter<'_>| {
            out.write_str(if std::mem::take(&mut first) { "[ " } else { ", " })
        };
        for (index, item) in array.present().take(ITEMS_MAX) {
            if index > next {
                separate(self.out)?;
                self.holes(index - next)?;
            }
            separate(self.out)?;
            self.view(item)?;
            next = index + 1;
        }
        let more = array.present().len().saturating_sub(ITEMS_MAX);
        // Fits: the length of an array.
        let length = array.len() as u32;
        if more == 0 && next < length {
            separate(self.out)?;
            self.holes(length - next)?;
        }
        self.more(more)?;
        for property in array.properties().take(ITEMS_MAX) {
            separate(self.out)?;
            self.entry(Entry::Property(property))?;
        }
        self.out.write_str(" ]")
    }

    fn holes(&mut self, count: u32) -> fmt::Result {
        write!(self.out, "<{count} empty item{}>", if count == 1 { "" } else { "s" })
    }

    fn bytes(&mut self, bytes: &[u8]) -> fmt::Result {
        self.out.write_str("{ <")?;
        for (at, byte) in bytes.iter().take(ITEMS_MAX / 2).enumerate() {
            write!(self.out, "{}{byte:02x}", if at == 0 { "" } else { " " })?;
        }
        if bytes.len() > ITEMS_MAX / 2 {
            write!(self.out, " ... {} more bytes", bytes.len() - ITEMS_MAX / 2)?;
        }
        write!(self.out, ">, byteLength: {} }}", bytes.len())
    }

    fn buffer_view(&mut self, view: BufferView<'a>) -> fmt::Result {
        let kind = view.kind();
        if kind == ViewKind::DataView {
            self.out.write_str("DataView ")?;
            return self.bytes(&view.bytes());
        }
        write!(self.out, "{}({}) [", kind.name(), view.len())?;
        let shown = view.to_f64s();
        let big = matches!(kind, ViewKind::BigInt64Array | ViewKind::BigUint64Array);
        for (at, item) in shown.iter().take(ITEMS_MAX).enumerate() {
            let (head, tail) = (if at == 0 { " " } else { ", " }, if big { "n" } else { "" });
            write!(self.out, "{head}{}{tail}", number::display(*item))?;
        }
        self.more(shown.len().saturating_sub(ITEMS_MAX))?;
        self.out.write_str(if shown.is_empty() { "]" } else { " ]" })
    }

    fn error(&mut self, error: ErrorObject<'a>) -> fmt::Result {
        write!(self.out, "[{}", error.name())?;
        if !error.message().is_empty() {
            write!(self.out, ": {}", error.message())?;
        }
        self.out.write_char(']')?;
        // Where it was thrown would take many lines.
        let shown: Vec<_> = error
            .properties()
            .iter()
            .filter(|(key, _)| !matches!(key, PropertyKey::Name(name) if *name == "stack"))
            .map(Entry::Property)
            .collect();
        if shown.is_empty() { Ok(()) } else { self.braces(" ", shown.into_iter()) }
    }
}

enum Entry<'a> {
    Property((PropertyKey<'a>, View<'a>)),
    Pair(View<'a>, View<'a>),
    Item(View<'a>),
    Header(&'a str, &'a str),
}

/// It may stand as a key without quotes.
fn is_name(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    text.starts_with(letter) && text.chars().all(|c| letter(c) || c.is_ascii_digit())
}
