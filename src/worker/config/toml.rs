//! TOML.

use ::toml::Spanned;
use ::toml::de::{DeFloat, DeInteger, DeTable, DeValue};

use super::tree::{Data, Entry, Flaw, Node, table};

/// Reads a TOML document.
pub(super) fn read(text: &str) -> Result<Node, Flaw> {
    let parsed = DeTable::parse(text).map_err(|why| Flaw {
        at: why.span().map_or(0, |span| span.start),
        what: why.message().trim().to_owned(),
    })?;
    Ok(Node { at: 0, data: entries(parsed.get_ref())? })
}

/// The entries of a table, in the order of the text.
fn entries(of: &DeTable<'_>) -> Result<Data, Flaw> {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        Ok(Entry { key: name.to_string(), at: key.span().start, value: node(value)? })
    };
    let mut entries: Vec<Entry> = of.iter().map(entry).collect::<Result<_, Flaw>>()?;
    entries.sort_by_key(|entry| entry.at);
    table(entries)
}

fn node(value: &Spanned<DeValue<'_>>) -> Result<Node, Flaw> {
    let at = value.span().start;
    let bad = |text: &str| Flaw { at, what: format!("`{text}` is no number") };
    let data = match value.get_ref() {
        DeValue::String(text) => Data::Text(text.to_string()),
        DeValue::Integer(it) => integer(it).ok_or_else(|| bad(it.as_str()))?,
        DeValue::Float(it) => float(it).ok_or_else(|| bad(it.as_str()))?,
        DeValue::Boolean(value) => Data::Bool(*value),
        // As JSON has it.
        DeValue::Datetime(time) => Data::Text(time.to_string()),
        DeValue::Array(items) => Data::List(items.iter().map(node).collect::<Result<_, _>>()?),
        DeValue::Table(it) => entries(it)?,
    };
    Ok(Node { at, data })
}

/// Beyond 2^53 it is rounded, as any number in `ctx.props` is.
fn integer(it: &DeInteger<'_>) -> Option<Data> {
    let number = i128::from_str_radix(it.as_str(), it.radix()).ok()?;
    Some(Data::Number(number as f64))
}

fn float(it: &DeFloat<'_>) -> Option<Data> {
    it.as_str().parse().ok().map(Data::Number)
}
