//! JSON with comments.

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::tree::{Data, Entry, Flaw, Node, table};

/// Reads what a `wrangler.jsonc` may be: JSON, with comments and commas behind the last.
pub(super) fn read(text: &str) -> Result<Node, Flaw> {
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options)
        .map_err(|why| Flaw { at: why.range().start, what: lower(&why.kind().to_string()) })?;
    match parsed.value {
        Some(value) => node(&value),
        None => Err(Flaw { at: 0, what: "it is empty".to_owned() }),
    }
}

/// Begins with a small letter, as the middle of a line does.
fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn node(value: &Value<'_>) -> Result<Node, Flaw> {
    let at = value.start();
    let data = match value {
        Value::NullKeyword(_) => Data::Null,
        Value::BooleanLit(it) => Data::Bool(it.value),
        Value::NumberLit(it) => match it.value.parse() {
            Ok(number) => Data::Number(number),
            Err(_) => return Err(Flaw { at, what: format!("`{}` is no number", it.value) }),
        },
        Value::StringLit(it) => Data::Text(it.value.to_string()),
        Value::Array(it) => Data::List(it.elements.iter().map(node).collect::<Result<_, _>>()?),
        Value::Object(it) => {
            let entries = it.properties.iter().map(|property| {
                let key = match &property.name {
                    ObjectPropName::String(name) => name.value.to_string(),
                    ObjectPropName::Word(name) => name.value.to_owned(),
                };
                Ok(Entry { key, at: property.start(), value: node(&property.value)? })
            });
            table(entries.collect::<Result<_, _>>()?)?
        }
    };
    Ok(Node { at, data })
}
