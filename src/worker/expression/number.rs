//! Numbers and BigInts.

use crate::worker::value::{BigInt, Value};

use super::cursor::Cursor;
use super::error::ExpressionError;

/// What a literal is, without a sign.
enum Magnitude {
    Number(f64),
    BigInt(Vec<u64>),
}

/// A number with its sign.
pub(super) fn number(cursor: &mut Cursor<'_>) -> Result<Value, ExpressionError> {
    let at = cursor.position();
    let negative = match (cursor.take('-'), cursor.take('+')) {
        (true, false) => true,
        (false, _) => false,
        (true, true) => return Err(cursor.wrong_at(at, "a number has one sign")),
    };
    let signed = at != cursor.position();
    cursor.skip_space();
    let start = cursor.position();
    if signed && let Some(word) = cursor.name() {
        return match word {
            "Infinity" if negative => Ok(f64::NEG_INFINITY.into()),
            "Infinity" => Ok(f64::INFINITY.into()),
            "NaN" => Ok(f64::NAN.into()),
            _ => Err(cursor.wrong_at(start, "a number should follow a sign")),
        };
    }
    match magnitude(cursor)? {
        Magnitude::Number(number) => Ok(if negative { -number } else { number }.into()),
        Magnitude::BigInt(_) if signed && !negative => {
            Err(cursor.wrong_at(at, "a BigInt takes no plus"))
        }
        Magnitude::BigInt(digits) => Ok(BigInt::from_digits(negative, digits).into()),
    }
}

/// The key of a property that is written as a number.
pub(super) fn key(cursor: &mut Cursor<'_>) -> Result<String, ExpressionError> {
    Ok(match magnitude(cursor)? {
        Magnitude::Number(number) => Value::from(number).inspect().to_string(),
        Magnitude::BigInt(digits) => BigInt::from_digits(false, digits).to_string(),
    })
}

fn magnitude(cursor: &mut Cursor<'_>) -> Result<Magnitude, ExpressionError> {
    let radix = match cursor.rest().as_bytes() {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        [b'0', b'0'..=b'9' | b'_', ..] => {
            return Err(cursor.wrong("a number does not begin with 0"));
        }
        _ => 10,
    };
    let read = if radix == 10 { decimal(cursor)? } else { of_radix(cursor, radix)? };
    if cursor.in_name() {
        let rest = cursor.rest().chars().next().unwrap_or_default();
        return Err(cursor.wrong(format!("`{rest}` cannot follow a number")));
    }
    Ok(read)
}

/// Digits, perhaps with underscores between; at least one.
fn digits(cursor: &mut Cursor<'_>, radix: u32) -> Result<String, ExpressionError> {
    let at = cursor.position();
    let text = cursor.while_(|c| c.is_digit(radix) || c == '_');
    if text.is_empty() {
        return Err(cursor.expected("a digit"));
    }
    if text.starts_with('_') || text.ends_with('_') || text.contains("__") {
        return Err(cursor.wrong_at(at, "`_` stands between two digits"));
    }
    Ok(text.replace('_', ""))
}

fn of_radix(cursor: &mut Cursor<'_>, radix: u32) -> Result<Magnitude, ExpressionError> {
    cursor.next();
    cursor.next();
    let words = words(&digits(cursor, radix)?, radix);
    Ok(if cursor.take('n') { Magnitude::BigInt(words) } else { Magnitude::Number(nearest(&words)) })
}

fn decimal(cursor: &mut Cursor<'_>) -> Result<Magnitude, ExpressionError> {
    let mut text = String::new();
    if cursor.peek() != Some('.') {
        text = digits(cursor, 10)?;
        if cursor.take('n') {
            return Ok(Magnitude::BigInt(words(&text, 10)));
        }
    }
    if cursor.take('.') {
        text.push('.');
        if text.len() == 1 || cursor.peek().is_some_and(|c| c.is_ascii_digit() || c == '_') {
            text.push_str(&digits(cursor, 10)?);
        }
    }
    if cursor.take('e') || cursor.take('E') {
        text.push('e');
        if cursor.take('-') {
            text.push('-');
        } else {
            cursor.take('+');
        }
        text.push_str(&digits(cursor, 10)?);
    }
    text.parse().map(Magnitude::Number).map_err(|_| cursor.wrong("this is no number"))
}

/// An integer to the base 2^64, least significant first.
fn words(digits: &str, radix: u32) -> Vec<u64> {
    // So many digits at a time stay below 2^64.
    let (size, mut words) = (if radix == 10 { 19 } else { 15 }, Vec::new());
    for chunk in digits.as_bytes().chunks(size) {
        let mut carry = 0u128;
        for digit in chunk {
            let digit = char::from(*digit).to_digit(radix).unwrap_or(0);
            carry = carry * u128::from(radix) + u128::from(digit);
        }
        // Fits: at most 19, and the largest radix is 16 with 15.
        let scale = u128::from(u64::from(radix).pow(chunk.len() as u32));
        for word in &mut words {
            let product = u128::from(*word) * scale + carry;
            *word = product as u64;
            carry = product >> 64;
        }
        if carry > 0 {
            words.push(carry as u64);
        }
    }
    words
}

/// The number next to an integer, ties to even.
fn nearest(words: &[u64]) -> f64 {
    let [low @ .., next, top] = words else {
        return words.first().map_or(0.0, |word| *word as f64);
    };
    // The 64 bits that count, and in the last of them whether anything is below.
    let shift = top.leading_zeros();
    let pair = u128::from(*top) << 64 | u128::from(*next);
    let window = pair << shift;
    let below = window as u64 != 0 || low.iter().any(|word| *word != 0);
    let bits = (window >> 64) as u64 | u64::from(below);
    let exponent = 64 * (low.len() + 1) - shift as usize;
    let power = i32::try_from(exponent).map_or(f64::INFINITY, |exponent| 2f64.powi(exponent));
    bits as f64 * power
}
