//! Numbers as JavaScript writes and indexes them.

/// The largest number of items of an array; the largest index is one less.
pub(super) const ARRAY_MAX: u32 = u32::MAX;

/// The array index a number is as a property key.
pub(super) fn index(number: f64) -> Option<u32> {
    // The cast saturates; what it gives is compared.
    let index = number as u32;
    (f64::from(index) == number && index != ARRAY_MAX).then_some(index)
}

/// The array index a string is as a property key: its only decimal form.
pub(super) fn index_of_digits(latin1: &[u8]) -> Option<u32> {
    let leads = matches!(latin1, [b'0'] | [b'1'..=b'9', ..]);
    if !leads || latin1.len() > 10 {
        return None;
    }
    let mut number = 0u64;
    for digit in latin1 {
        number = number * 10 + u64::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    u32::try_from(number).ok().filter(|index| *index != ARRAY_MAX)
}

/// `String(number)` of JavaScript.
pub(super) fn display(number: f64) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    if number == 0.0 {
        return "0".into();
    }
    // The shortest digits that read back as the same number, as JavaScript wants them.
    let shortest = format!("{:e}", number.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}{}", place_point(&digits, point))
}

/// Digits with the decimal point behind so many of them, in the notation JavaScript chooses.
fn place_point(digits: &str, point: i32) -> String {
    let count = digits.len() as i32;
    if (-5..=0).contains(&point) {
        return format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize));
    }
    if (1..=21).contains(&point) {
        if count <= point {
            return format!("{digits}{}", "0".repeat((point - count) as usize));
        }
        let (whole, part) = digits.split_at(point as usize);
        return format!("{whole}.{part}");
    }
    let (first, rest) = digits.split_at(1);
    let dot = if rest.is_empty() { "" } else { "." };
    let sign = if point > 0 { '+' } else { '-' };
    format!("{first}{dot}{rest}e{sign}{}", (point - 1).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        for (number, text) in [
            (1.0, "1"),
            (-0.0, "0"),
            (1.5, "1.5"),
            (-123.25, "-123.25"),
            (1e21, "1e+21"),
            (123e18, "123000000000000000000"),
            (1e-6, "0.000001"),
            (1.25e-7, "1.25e-7"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(display(number), text);
        }
    }

    #[test]
    fn an_index_has_one_spelling() {
        assert_eq!(index_of_digits(b"0"), Some(0));
        assert_eq!(index_of_digits(b"4294967294"), Some(u32::MAX - 1));
        for no in ["", "00", "01", "4294967295", "99999999999", "-1", "1a", "+1"] {
            assert_eq!(index_of_digits(no.as_bytes()), None, "{no}");
        }
        assert_eq!((index(-0.0), index(1.5), index(-1.0)), (Some(0), None, None));
        assert_eq!((index(4294967294.0), index(4294967295.0)), (Some(u32::MAX - 1), None));
    }
}
