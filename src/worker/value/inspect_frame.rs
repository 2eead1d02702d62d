//! What stands around the entries of an object: its class, its braces, or all of it where there are no entries.

use super::date::iso;
use super::handle::{Array, ErrorObject};
use super::inspect_layout::{Frame, ITEMS_MAX};
use super::inspect_text as text;
use super::kind::{ErrorClass, ViewKind};
use super::number;
use super::object::PropertyKey;
use super::text::Text;
use super::view::View;

/// How an object is begun.
pub(super) enum Begun {
    /// That is all of it.
    Whole(String),
    /// Entries follow, unless it is too deep.
    Open(Frame),
}

/// A number, with the sign of zero.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 && value.is_sign_negative() { "-0".into() } else { number::display(value) }
}

/// A primitive at this indentation; an object is none.
pub(super) fn primitive(view: View<'_>, indent: usize) -> String {
    match view {
        View::Null => "null".into(),
        View::Bool(value) => value.to_string(),
        View::Number(value) => number(value),
        View::BigInt(value) => format!("{value}n"),
        View::String(value) => text::string(value, indent),
        _ => "undefined".into(),
    }
}

/// The beginning of an object at this indentation.
pub(super) fn begin(view: View<'_>, indent: usize) -> Begun {
    let sized = |class: &str, length: usize| match length {
        0 => Begun::Whole(format!("{class}(0) {{}}")),
        _ => Begun::Open(Frame::braces(&format!("{class}({length})"))),
    };
    match view {
        View::Object(it) if it.is_empty() => Begun::Whole("{}".into()),
        View::Object(_) => Begun::Open(Frame::braces("")),
        View::Array(it) if it.is_empty() && it.properties().len() == 0 => Begun::Whole("[]".into()),
        View::Array(it) => Begun::Open(Frame::brackets("[".into(), numbers(it))),
        View::Map(it) => sized("Map", it.len()),
        View::Set(it) => sized("Set", it.len()),
        View::BufferView(it) if it.kind() != ViewKind::DataView => {
            let open = format!("{}({}) [", it.kind().name(), it.len());
            match it.len() {
                0 => Begun::Whole(format!("{open}]")),
                _ => Begun::Open(Frame::brackets(open, usize::MAX)),
            }
        }
        View::Error(it) => error(it, indent),
        View::ArrayBuffer(_) | View::BufferView(_) => Begun::Open(Frame::braces(view.type_name())),
        View::Blob(_) | View::Request(_) | View::Response(_) | View::AbortSignal(_) => {
            Begun::Open(Frame::braces(view.type_name()))
        }
        _ => Begun::Whole(whole(view, indent)),
    }
}

/// An object that has no entries.
fn whole(view: View<'_>, indent: usize) -> String {
    match view {
        View::Date(it) if it.is_invalid() => "Invalid Date".into(),
        View::Date(it) => iso(it.milliseconds()),
        View::RegExp(it) if it.source().is_empty() => format!("/(?:)/{}", it.flags()),
        View::RegExp(it) => format!("/{}/{}", it.source(), it.flags()),
        View::Boxed(it) => format!("[{}: {}]", it.type_name(), primitive(it.get(), indent)),
        View::DomException(it) => {
            indented(&format!("[DOMException [{}]: {}]", it.name, it.message), indent)
        }
        View::Headers(it) => {
            let entry = |(name, value): &(String, String)| {
                let (name, value) = (Text::from(name.as_str()), Text::from(value.as_str()));
                let key = text::key(PropertyKey::Name(name.as_str()));
                format!("{key}: {}", text::string(value.as_str(), 2))
            };
            let entries: Vec<String> = it.entries.iter().map(entry).collect();
            match entries.len() {
                0 => "Headers {}".into(),
                _ => format!("Headers {}", indented(&Frame::braces("").lay(entries, 0, 0), indent)),
            }
        }
        other => format!("{} {{}}", other.type_name()),
    }
}

fn indented(text: &str, indent: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(indent)))
}

/// How many items at the beginning are numbers, as far as it matters: no more are printed.
fn numbers(array: Array<'_>) -> usize {
    let entries = ITEMS_MAX + 1 + array.properties().len();
    let number = |at: &usize| matches!(array.get(*at), Some(View::Number(_) | View::BigInt(_)));
    (0..entries).take_while(number).count()
}

/// An error says what it is, as one of which nobody knows where it was thrown.
fn error(error: ErrorObject<'_>, indent: usize) -> Begun {
    let (name, message) = (error.name(), error.message());
    let (name, message) = (name.to_string_lossy(), message.to_string_lossy());
    // The class is said where the name hides it.
    let named = error.class() == ErrorClass::Named && name.ends_with("Error") && name != "Error";
    let title = if named { format!("Error [{name}]") } else { name.into_owned() };
    let told = match (title.is_empty(), message.is_empty()) {
        (_, true) => title,
        (true, false) => message.into_owned(),
        (false, false) => format!("{title}: {message}"),
    };
    let base = indented(&format!("[{told}]"), indent);
    match shown_properties(error).next() {
        None => Begun::Whole(base),
        Some(_) => Begun::Open(Frame { base, ..Frame::braces("") }),
    }
}

/// The properties of an error in the order they are printed, each with how its name is.
pub(super) fn shown_properties<'a>(
    error: ErrorObject<'a>,
) -> impl Iterator<Item = (String, View<'a>)> {
    let hidden = |key: PropertyKey<'_>, value: View<'_>| match key {
        PropertyKey::Name(name) if name == "cause" => true,
        PropertyKey::Name(name) if name == "errors" => value.as_array().is_some(),
        _ => false,
    };
    let stack = |key: PropertyKey<'_>| matches!(key, PropertyKey::Name(name) if name == "stack");
    let own =
        error.properties().iter().filter(move |(key, value)| !stack(*key) && !hidden(*key, *value));
    let errors = error.errors().filter(|errors| errors.as_array().is_some());
    let cause = error.cause().map(|cause| ("[cause]".to_owned(), cause));
    own.map(|(key, value)| (text::key(key), value))
        .chain(cause)
        .chain(errors.map(|errors| ("[errors]".to_owned(), errors)))
}
