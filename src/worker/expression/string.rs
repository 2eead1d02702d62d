//! Strings and regular expressions.

use crate::worker::value::{Text, Value};

use super::cursor::Cursor;
use super::error::ExpressionError;

/// A string whose quote comes next; in backticks without substitutions.
pub(super) fn string(cursor: &mut Cursor<'_>, quote: char) -> Result<Text, ExpressionError> {
    let start = cursor.position();
    cursor.next();
    let mut units: Vec<u16> = Vec::new();
    loop {
        let at = cursor.position();
        match cursor.next() {
            None => return Err(cursor.wrong_at(start, "the string does not end")),
            Some(c) if c == quote => return Ok(Text::from_utf16(&units)),
            Some('\\') => escape(cursor, &mut units)?,
            Some('\n' | '\r') if quote != '`' => {
                return Err(cursor.wrong_at(at, "the line ends within a string"));
            }
            Some('$') if quote == '`' && cursor.peek() == Some('{') => {
                return Err(cursor.wrong_at(at, "there is nothing to put into a template"));
            }
            // In a template every line end is one of these.
            Some('\r') => {
                cursor.take('\n');
                push(&mut units, '\n');
            }
            Some(c) => push(&mut units, c),
        }
    }
}

fn push(units: &mut Vec<u16>, c: char) {
    units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
}

/// What follows a backslash.
fn escape(cursor: &mut Cursor<'_>, units: &mut Vec<u16>) -> Result<(), ExpressionError> {
    let at = cursor.position();
    let c = match cursor.next() {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('v') => '\u{b}',
        Some('0') if !cursor.peek().is_some_and(|c| c.is_ascii_digit()) => '\0',
        Some('0'..='9') => {
            return Err(cursor.wrong_at(at, "octal escapes are not written any more"));
        }
        Some('x') => {
            units.push(hexadecimal(cursor, at, 2)?);
            return Ok(());
        }
        Some('u') if cursor.take('{') => return code_point(cursor, at, units),
        Some('u') => {
            units.push(hexadecimal(cursor, at, 4)?);
            return Ok(());
        }
        // The line goes on.
        Some('\r') => {
            cursor.take('\n');
            return Ok(());
        }
        Some('\n' | '\u{2028}' | '\u{2029}') => return Ok(()),
        Some(c) => c,
        None => return Err(cursor.wrong_at(at, "the string does not end")),
    };
    push(units, c);
    Ok(())
}

fn hexadecimal(cursor: &mut Cursor<'_>, at: usize, digits: usize) -> Result<u16, ExpressionError> {
    let mut unit = 0;
    for _ in 0..digits {
        let digit = cursor.next().and_then(|c| c.to_digit(16));
        let what = || format!("{digits} hexadecimal digits should follow");
        // Fits: at most four digits, each below 16.
        unit = unit << 4 | digit.ok_or_else(|| cursor.wrong_at(at, what()))? as u16;
    }
    Ok(unit)
}

/// `\u{…}`, of which the brace is read. It may be a surrogate.
fn code_point(
    cursor: &mut Cursor<'_>,
    at: usize,
    units: &mut Vec<u16>,
) -> Result<(), ExpressionError> {
    let digits = cursor.while_(|c| c.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, 16).ok().filter(|code| *code <= 0x10_ffff);
    let Some(code) = code.filter(|_| cursor.take('}')) else {
        return Err(cursor.wrong_at(at, "a code point up to 10FFFF should follow, and `}`"));
    };
    match char::from_u32(code) {
        Some(c) => push(units, c),
        // Fits: what is no character is a surrogate.
        None => units.push(code as u16),
    }
    Ok(())
}

/// A regular expression, whose slash comes next. Nobody looks whether the pattern is one.
pub(super) fn regexp(cursor: &mut Cursor<'_>) -> Result<Value, ExpressionError> {
    let start = cursor.position();
    cursor.next();
    let (mut pattern, mut class) = (String::new(), false);
    loop {
        match cursor.next() {
            Some('/') if !class => break,
            None | Some('\n' | '\r') => {
                return Err(cursor.wrong_at(start, "the regular expression does not end"));
            }
            Some(c) => {
                class = c == '[' || class && c != ']';
                pattern.push(c);
                if c == '\\'
                    && let Some(escaped) = cursor.next()
                {
                    pattern.push(escaped);
                }
            }
        }
    }
    if pattern.is_empty() {
        return Err(cursor.wrong_at(start, "a regular expression has a pattern"));
    }
    let at = cursor.position();
    let flags = cursor.while_(|c| c.is_ascii_alphanumeric());
    let made = Value::regexp(pattern, flags);
    made.ok_or_else(|| {
        cursor.wrong_at(at, format!("`{flags}` are no flags of a regular expression"))
    })
}
