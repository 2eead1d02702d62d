//! Values as JavaScript spells them.

use crate::worker::value::{Text, Value};

use super::construct;
use super::cursor::{Cursor, shown};
use super::error::ExpressionError;
use super::number;
use super::string;

/// Values within one another. Each takes a piece of our stack, and a text can nest one with every character. As many
/// as can be sent: 256.
const DEPTH_MAX: u16 = 256;

/// Reads one value, as an argument of an [`Expression`](super::chain::Expression) is written.
///
/// # Errors
///
/// What is wrong with it, and where.
pub fn literal(text: &str) -> Result<Value, ExpressionError> {
    let mut cursor = Cursor::new(text)?;
    let read = value(&mut cursor)?;
    cursor.skip_space();
    match cursor.peek() {
        Some(_) => Err(cursor.expected("the end")),
        None => Ok(read),
    }
}

/// The next value.
pub(super) fn value(cursor: &mut Cursor<'_>) -> Result<Value, ExpressionError> {
    cursor.skip_space();
    if cursor.depth >= DEPTH_MAX {
        let what = format!("more than {DEPTH_MAX} values within one another");
        return Err(cursor.wrong(what));
    }
    cursor.depth += 1;
    let read = one(cursor)?;
    cursor.depth -= 1;
    Ok(read)
}

fn one(cursor: &mut Cursor<'_>) -> Result<Value, ExpressionError> {
    match cursor.peek() {
        Some(quote @ ('"' | '\'' | '`')) => Ok(string::string(cursor, quote)?.into()),
        Some('0'..='9' | '-' | '+') => number::number(cursor),
        Some('.') if cursor.rest().as_bytes().get(1).is_some_and(u8::is_ascii_digit) => {
            number::number(cursor)
        }
        Some('/') => string::regexp(cursor),
        Some('[') => array(cursor),
        Some('{') => object(cursor),
        Some('(') => {
            cursor.next();
            let inner = value(cursor)?;
            if cursor.take_spaced(')') { Ok(inner) } else { Err(cursor.expected("`)`")) }
        }
        _ => named(cursor),
    }
}

/// A value that begins with a word.
fn named(cursor: &mut Cursor<'_>) -> Result<Value, ExpressionError> {
    let at = cursor.position();
    match (cursor.name(), cursor.peek()) {
        (Some("new"), _) => made(cursor),
        (Some(name), _) => word(name).ok_or_else(|| cursor.wrong_at(at, unknown(name))),
        (None, Some(other)) => {
            Err(cursor.wrong(format!("`{}` cannot begin a value", shown(other))))
        }
        (None, None) => Err(cursor.wrong("a value is missing")),
    }
}

/// What follows `new`.
fn made(cursor: &mut Cursor<'_>) -> Result<Value, ExpressionError> {
    cursor.skip_space();
    let at = cursor.position();
    let Some(class) = cursor.name() else { return Err(cursor.expected("the name of a class")) };
    // `new Date` is `new Date()`.
    let arguments = if cursor.take_spaced('(') { list(cursor, ')', value)? } else { Vec::new() };
    construct::make(class, &arguments).map_err(|what| cursor.wrong_at(at, what))
}

fn word(name: &str) -> Option<Value> {
    Some(match name {
        "undefined" => Value::UNDEFINED,
        "null" => Value::NULL,
        "true" => true.into(),
        "false" => false.into(),
        "NaN" => f64::NAN.into(),
        "Infinity" => f64::INFINITY.into(),
        _ => return None,
    })
}

fn unknown(name: &str) -> String {
    match name {
        "function" | "async" | "class" => "a function cannot be sent from here".to_owned(),
        _ => format!(
            "`{name}` has no value here: arguments are literals, and what a call gives cannot be one"
        ),
    }
}

/// What stands between brackets, of which the first is read: `item`s with commas between, and one behind the last.
pub(super) fn list<T>(
    cursor: &mut Cursor<'_>,
    close: char,
    mut item: impl FnMut(&mut Cursor<'_>) -> Result<T, ExpressionError>,
) -> Result<Vec<T>, ExpressionError> {
    let mut items = Vec::new();
    loop {
        if cursor.take_spaced(close) {
            return Ok(items);
        }
        items.push(item(cursor)?);
        if !cursor.take_spaced(',') {
            return match cursor.take(close) {
                true => Ok(items),
                false => Err(cursor.expected(&format!("`,` or `{close}`"))),
            };
        }
    }
}

fn array(cursor: &mut Cursor<'_>) -> Result<Value, ExpressionError> {
    cursor.next();
    let hole = |cursor: &mut Cursor<'_>| {
        let hole = cursor.peek() == Some(',');
        if hole { Ok(None) } else { value(cursor).map(Some) }
    };
    let items = list(cursor, ']', hole)?;
    if items.iter().all(Option::is_some) {
        return Ok(Value::array(items.into_iter().flatten()));
    }
    // Fits: a text is not that long.
    let length = items.len() as u32;
    let present = (0..).zip(items).filter_map(|(at, item)| Some((at, item?)));
    Ok(Value::sparse_array(length, present))
}

fn object(cursor: &mut Cursor<'_>) -> Result<Value, ExpressionError> {
    cursor.next();
    let entries = list(cursor, '}', |cursor| {
        let key = key(cursor)?;
        if !cursor.take_spaced(':') {
            return Err(cursor.expected("`:`"));
        }
        Ok((key, value(cursor)?))
    })?;
    Ok(Value::object(entries))
}

fn key(cursor: &mut Cursor<'_>) -> Result<Text, ExpressionError> {
    let at = cursor.position();
    let key = match cursor.peek() {
        Some(quote @ ('"' | '\'')) => string::string(cursor, quote)?,
        Some('0'..='9' | '.') => Text::from(number::key(cursor)?),
        _ => match cursor.name() {
            Some(name) => Text::from(name),
            None => return Err(cursor.expected("the name of a property")),
        },
    };
    if key.as_str() == "__proto__" {
        return Err(cursor.wrong_at(at, "`__proto__` sets what cannot be sent"));
    }
    Ok(key)
}
