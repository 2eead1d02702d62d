//! An outline shows content nobody has the schema of, line by line: structs, lists, texts, capabilities.

use std::fmt;

use smallvec::SmallVec;

use super::content::Content;
use super::frame::WORD;
use super::pointer::{self, BYTES, COMPOSITE, POINTERS, Place, Pointer, ROOT, Target};

/// How much of content an outline shows.
///
/// Content may be made to unfold without end: every step of an outline shows something, and so what is
/// shown bounds what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutlineLimits {
    /// Lines. Default: 100.
    pub lines_max: usize,
    /// Bytes of one text or of data, words of one struct, elements of one list of numbers.
    /// Default: 64.
    pub values_max: usize,
    /// How deep structs and lists are followed. Default: 64, as deep as content may nest.
    pub nesting_max: usize,
}

impl Default for OutlineLimits {
    fn default() -> Self {
        Self { lines_max: 100, values_max: 64, nesting_max: 64 }
    }
}

/// What [`Content::outline`] shows: lines, each ended, of which the first says what the root is.
///
/// A struct is shown with its data as words, up to the last that is not zero, and below it the pointers that
/// are not null, named as paths name them. A list of bytes is shown as a text if it can be one.
pub struct Outline<'a> {
    segments: SmallVec<[&'a [u8]; 4]>,
    limits: OutlineLimits,
    indent: usize,
}

impl Content {
    /// The content, for a person.
    #[must_use]
    pub fn outline(&self, limits: OutlineLimits) -> Outline<'_> {
        Outline { segments: self.slices(), limits, indent: 0 }
    }
}

impl Outline<'_> {
    /// The same with every line but the first moved in by so many levels of two spaces.
    #[must_use]
    pub fn indented(mut self, levels: usize) -> Self {
        self.indent = levels;
        self
    }
}

impl fmt::Display for Outline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outline { segments, limits, indent } = self;
        let mut walk = Walk { segments, limits, left: limits.lines_max, f };
        walk.pointer(Label::Root, ROOT, *indent)
    }
}

/// What a line is about.
#[derive(Clone, Copy)]
enum Label {
    Root,
    Field(u16),
    Element(u32),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(field) => write!(f, ".{field}: "),
            Self::Element(index) => write!(f, "[{index}]: "),
        }
    }
}

/// A struct, as its pointer or its list describes it.
#[derive(Clone, Copy)]
struct Struct {
    at: Place,
    data: u16,
    pointers: u16,
}

/// A list that is no list of structs.
#[derive(Clone, Copy)]
struct List {
    at: Place,
    size: u32,
    count: u32,
}

struct Walk<'a, 'f, 'g> {
    segments: &'a [&'a [u8]],
    limits: &'a OutlineLimits,
    /// Lines that may still be written.
    left: usize,
    f: &'f mut fmt::Formatter<'g>,
}

impl Walk<'_, '_, '_> {
    fn line(&mut self, depth: usize, label: Label, what: fmt::Arguments<'_>) -> fmt::Result {
        if self.left == 0 {
            return Ok(());
        }
        self.left -= 1;
        let indent = if matches!(label, Label::Root) { 0 } else { depth * 2 };
        match self.left {
            0 => writeln!(self.f, "{:indent$}…", ""),
            _ => writeln!(self.f, "{:indent$}{label}{what}", ""),
        }
    }

    fn pointer(&mut self, label: Label, place: Place, depth: usize) -> fmt::Result {
        if depth > self.limits.nesting_max {
            return self.line(depth, label, format_args!("… nested too deep"));
        }
        match pointer::resolve(self.segments, place) {
            Ok(Target::Null) => self.line(depth, label, format_args!("null")),
            Ok(Target::Capability(index)) => self.line(depth, label, format_args!("cap {index}")),
            Ok(Target::Struct { at, data, pointers }) => {
                self.object(label, Struct { at, data, pointers }, depth)
            }
            Ok(Target::List { at, size: COMPOSITE, count }) => {
                self.objects(label, at, count, depth)
            }
            Ok(Target::List { at, size, count }) => {
                self.list(label, List { at, size, count }, depth)
            }
            Err(error) => self.line(depth, label, format_args!("malformed: {error}")),
        }
    }

    fn object(&mut self, label: Label, object: Struct, depth: usize) -> fmt::Result {
        let words = words_of(self.segments, object.at, u32::from(object.data));
        self.line(depth, label, format_args!("struct{}", Numbers(words, 8, self.limits)))?;
        let first = object.at.word + u32::from(object.data);
        for field in 0..object.pointers {
            // In bounds of a segment, thus of a u32: whoever gave us the struct checked the whole of it.
            let place = Place { word: first + u32::from(field), ..object.at };
            let null = pointer::word_at(self.segments, place) == Ok(0);
            if self.left > 0 && !null {
                self.pointer(Label::Field(field), place, depth + 1)?;
            }
        }
        Ok(())
    }

    /// A list of structs. `words` is without the tag in front, which says what they are.
    fn objects(&mut self, label: Label, tag: Place, words: u32, depth: usize) -> fmt::Result {
        let shape = match pointer::word_at(self.segments, tag).map(Pointer::parse) {
            Ok(Pointer::Near { kind: pointer::Kind::Struct, offset, shape }) => {
                // The number of elements stands where else the offset does.
                Some((offset.cast_unsigned() & 0x3fff_ffff, shape as u16, (shape >> 16) as u16))
            }
            Ok(Pointer::Null) => Some((0, 0, 0)),
            _ => None,
        };
        let needed = |(count, data, pointers): (u32, u16, u16)| {
            u64::from(count) * (u64::from(data) + u64::from(pointers))
        };
        let Some((count, data, pointers)) = shape.filter(|all| needed(*all) <= u64::from(words))
        else {
            return self.line(depth, label, format_args!("malformed: its elements do not fit"));
        };
        self.line(depth, label, format_args!("list of {count} structs"))?;
        let step = u32::from(data) + u32::from(pointers);
        for index in 0..count {
            if self.left == 0 {
                break;
            }
            // Within the list, which is within its segment.
            let at = Place { word: tag.word + 1 + index * step, ..tag };
            self.object(Label::Element(index), Struct { at, data, pointers }, depth + 1)?;
        }
        Ok(())
    }

    fn list(&mut self, label: Label, list: List, depth: usize) -> fmt::Result {
        let List { at, size, count } = list;
        let words = u32::try_from(pointer::list_words(size, count)).unwrap_or(0);
        let words = words_of(self.segments, at, words);
        let bytes = words.get(..count as usize).unwrap_or(words);
        match size {
            BYTES => match text(bytes) {
                Some(text) => self.line(depth, label, format_args!("{}", Text(text, self.limits))),
                None => self.line(depth, label, format_args!("data{}", Data(bytes, self.limits))),
            },
            POINTERS => {
                self.line(depth, label, format_args!("list of {count} pointers"))?;
                for index in 0..count {
                    if self.left == 0 {
                        break;
                    }
                    let place = Place { word: at.word + index, ..at };
                    self.pointer(Label::Element(index), place, depth + 1)?;
                }
                Ok(())
            }
            0 => self.line(depth, label, format_args!("list of {count} × nothing")),
            1 => {
                let bits = Data(words, self.limits);
                self.line(depth, label, format_args!("list of {count} bits{bits}"))
            }
            _ => {
                let width = [2, 4, 8].get(size as usize - 3).copied().unwrap_or(8);
                let values = words.get(..count as usize * width).unwrap_or(words);
                let values = Numbers(values, width, self.limits);
                self.line(depth, label, format_args!("list of {count} × {width} bytes{values}"))
            }
        }
    }
}

/// The bytes of `words` words; they were seen to be there.
fn words_of<'a>(segments: &'a [&'a [u8]], at: Place, words: u32) -> &'a [u8] {
    pointer::words_at(segments, at, u64::from(words)).unwrap_or_default()
}

/// The text in a list of bytes, if it can be one: it ends with the only NUL, and has no other control
/// characters than those that end lines.
fn text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes.strip_suffix(&[0])?).ok()?;
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    text.chars().all(plain).then_some(text)
}

struct Text<'a>(&'a str, &'a OutlineLimits);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text, limits) = self;
        match text.char_indices().nth(limits.values_max) {
            None => write!(f, "{text:?}"),
            // In bounds: `end` is where a character begins.
            Some((end, _)) => write!(f, "{:?}… of {} bytes", &text[..end], text.len()),
        }
    }
}

/// How many bytes, and what they are.
struct Data<'a>(&'a [u8], &'a OutlineLimits);

impl fmt::Display for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes, limits) = self;
        write!(f, " of {} bytes ", bytes.len())?;
        for byte in bytes.iter().take(limits.values_max) {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(if bytes.len() > limits.values_max { "…" } else { "" })
    }
}

/// Numbers of so many bytes each, up to the last that is not zero: small ones in decimal, others in
/// hexadecimal, as ids are written.
struct Numbers<'a>(&'a [u8], usize, &'a OutlineLimits);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes, width, limits) = self;
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last / width + 1);
        for number in bytes.chunks(*width).take(end.min(limits.values_max)) {
            let mut word = [0; WORD];
            word.iter_mut().zip(number).for_each(|(to, from)| *to = *from);
            match u64::from_le_bytes(word) {
                small @ 0..=0xffff_ffff => write!(f, " {small}")?,
                large => write!(f, " {large:#x}")?,
            }
        }
        f.write_str(if end > limits.values_max { " …" } else { "" })
    }
}
