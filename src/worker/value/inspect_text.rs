//! Strings and property names as Node prints them.

use super::object::PropertyKey;
use super::text::Str;

/// Columns of a line before it is broken: Node's `breakLength`.
pub(super) const LINE: usize = 80;

/// UTF-16 code units of a string to print at most: Node's `maxStringLength`.
const STRING_MAX: usize = 10_000;

/// Strings that are not longer stay on one line.
const SHORT_LINE: usize = 16;

/// A string value at this indentation: one that is too long for the line is broken behind its line ends.
pub(super) fn string(text: Str<'_>, indent: usize) -> String {
    let length = text.len();
    let mut units: Vec<u16> = text.units().take(STRING_MAX).collect();
    let shown = units.len();
    let mut out = String::new();
    if shown > SHORT_LINE && shown + indent + 4 > LINE {
        while let Some(end) = units.iter().position(|unit| *unit == u16::from(b'\n')) {
            let rest = units.split_off(end + 1);
            quote(&units, &mut out);
            units = rest;
            if units.is_empty() {
                return finish(out, length - shown);
            }
            out.push_str(" +\n");
            out.push_str(&" ".repeat(indent + 2));
        }
    }
    quote(&units, &mut out);
    finish(out, length - shown)
}

fn finish(mut text: String, left: usize) -> String {
    if left > 0 {
        text.push_str(&format!("... {left} more character{}", if left > 1 { "s" } else { "" }));
    }
    text
}

/// The name of a property: without quotes if it is a plain one.
pub(super) fn key(key: PropertyKey<'_>) -> String {
    let name = match key {
        PropertyKey::Index(index) => return format!("'{index}'"),
        PropertyKey::Name(name) => name,
    };
    match name.as_ascii() {
        Some("__proto__") => "['__proto__']".to_owned(),
        Some(plain) if is_plain(plain) => plain.to_owned(),
        _ => quoted(name),
    }
}

fn is_plain(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// A string in quotes, on one line.
pub(super) fn quoted(text: Str<'_>) -> String {
    let units: Vec<u16> = text.units().collect();
    let mut out = String::with_capacity(units.len() + 2);
    quote(&units, &mut out);
    out
}

/// In the quotes that need the fewest escapes: single, else double, else backticks.
fn quote(units: &[u16], out: &mut String) {
    let has = |c: char| units.contains(&(c as u16));
    let template = || units.windows(2).any(|pair| *pair == [u16::from(b'$'), u16::from(b'{')]);
    let quote = match () {
        () if !has('\'') => '\'',
        () if !has('"') => '"',
        () if !has('`') && !template() => '`',
        () => '\'',
    };
    out.push(quote);
    for c in char::decode_utf16(units.iter().copied()) {
        match c {
            Ok(c) if c == quote && c == '\'' => out.push_str("\\'"),
            Ok('\\') => out.push_str("\\\\"),
            Ok('\u{8}') => out.push_str("\\b"),
            Ok('\t') => out.push_str("\\t"),
            Ok('\n') => out.push_str("\\n"),
            Ok('\u{c}') => out.push_str("\\f"),
            Ok('\r') => out.push_str("\\r"),
            Ok(c) if c.is_control() => out.push_str(&format!("\\x{:02X}", u32::from(c))),
            Ok(c) => out.push(c),
            Err(lone) => out.push_str(&format!("\\u{:x}", lone.unpaired_surrogate())),
        }
    }
    out.push(quote);
}

/// How long JavaScript says a text is.
pub(super) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// How many columns of a terminal a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(c: char) -> usize {
    match u32::from(c) {
        0..=0x1f
        | 0x7f..=0x9f
        | 0xad
        | 0x300..=0x36f
        | 0x200b..=0x200f
        | 0x20d0..=0x20ff
        | 0xfe00..=0xfe0f
        | 0xfe20..=0xfe2f
        | 0xe0100..=0xe01ef => 0,
        // What the East Asian scripts draw twice as wide, and pictures.
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0x33ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xa000..=0xa4cf
        | 0xa960..=0xa97f
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}
