//! Times as JavaScript's dates are written.

/// The milliseconds after 1970 of a date in the format of ECMAScript, such as `2026-11-21T10:00:00.000Z`. `None` if
/// it is none; and if it has a time but no zone, which would be whatever zone this is.
pub(super) fn parse(text: &str) -> Option<f64> {
    let (date, clock) = match text.split_once('T') {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let days = days(date)?;
    let clock = clock.map_or(Some(0), milliseconds)?;
    Some((days * 86_400_000 + clock) as f64)
}

fn fixed(text: &str, length: usize, max: i64) -> Option<i64> {
    let digits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= max)
}

/// Days after 1970 of `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; a year may be `±YYYYYY`.
fn days(text: &str) -> Option<i64> {
    let (year, rest) = match text.strip_prefix(['+', '-']) {
        Some(far) => {
            let year = fixed(far.get(..6)?, 6, 999_999)?;
            let negative = text.starts_with('-');
            if negative && year == 0 {
                return None;
            }
            (if negative { -year } else { year }, far.get(6..)?)
        }
        None => (fixed(text.get(..4)?, 4, 9999)?, text.get(4..)?),
    };
    let mut parts = rest.split('-').skip(1);
    if !rest.is_empty() && !rest.starts_with('-') {
        return None;
    }
    let month = parts.next().map_or(Some(1), |part| fixed(part, 2, 12))?;
    let day = parts.next().map_or(Some(1), |part| fixed(part, 2, 31))?;
    let whole = parts.next().is_none() && month > 0 && day > 0;
    whole.then(|| since_1970(year, month, day))
}

fn since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from March, so that the leap day is the last.
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

/// Milliseconds of `HH:mm`, `HH:mm:ss` or `HH:mm:ss.sss` with `Z` or `±HH:mm`, in UTC.
fn milliseconds(text: &str) -> Option<i64> {
    let (clock, zone) = match text.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let (clock, zone) = text.split_at_checked(text.len().checked_sub(6)?)?;
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            (clock, sign * minutes(zone.strip_prefix(['+', '-'])?, 23)?)
        }
    };
    let (seconds, part) = match clock.split_once('.') {
        Some((clock, part)) => {
            let digits = part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty();
            let three: String = part.chars().chain("00".chars()).take(3).collect();
            (clock, three.parse().ok().filter(|_: &i64| digits && clock.len() == 8)?)
        }
        None => (clock, 0),
    };
    let (head, tail) = seconds.split_at_checked(5)?;
    let minutes = minutes(head, 24)? - zone;
    let seconds = if tail.is_empty() { 0 } else { fixed(tail.strip_prefix(':')?, 2, 59)? };
    let after_midnight = head.starts_with("24") && (head != "24:00" || seconds + part > 0);
    (!after_midnight).then_some(minutes * 60_000 + seconds * 1000 + part)
}

fn minutes(text: &str, hours_max: i64) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    Some(fixed(hours, 2, hours_max)? * 60 + fixed(minutes, 2, 59)?)
}
