//! The table: one line per transport, its columns aligned, printed as the figures come in.

use std::io::Write;
use std::time::Duration;

use crate::failure::Failure;
use crate::measure::{Figures, IN_FLIGHT};
use crate::stream;
use crate::work::CHAIN;

/// Prints the line above the figures.
pub(crate) fn head() -> Result<(), Failure> {
    line([
        "transport",
        "its two vats",
        "null round trip",
        &format!("chain of {CHAIN}"),
        &format!("{CHAIN} awaited"),
        &format!("calls/s, {IN_FLIGHT} in flight"),
        &format!("stream of {} MiB", stream::BYTES >> 20),
    ])
}

/// Prints one line of figures.
pub(crate) fn row(transport: &str, place: &str, figures: &Figures) -> Result<(), Failure> {
    line([
        transport,
        place,
        &time(figures.null),
        &time(figures.chain),
        &time(figures.awaited),
        &thousands(figures.calls_per_second),
        &format!("{} MiB/s", thousands(figures.stream_bytes_per_second / f64::from(1 << 20))),
    ])
}

/// Prints text of its own line.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(unwritten)
}

/// What was to be printed was not.
pub(crate) fn unwritten(error: std::io::Error) -> Failure {
    Failure::failed(format!("writing to standard output failed: {error}"))
}

/// Says something where the standard output is not ours to write to.
pub(crate) fn say_aside(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stderr(), "{text}")
        .map_err(|error| Failure::failed(format!("writing to standard error failed: {error}")))
}

fn line(cells: [&str; 7]) -> Result<(), Failure> {
    let [transport, place, null, chain, awaited, calls, stream] = cells;
    say(&format!(
        "{transport:<13}  {place:<13}  {null:>15}  {chain:>10}  {awaited:>9}  {calls:>21}  {stream:>16}"
    ))
}

/// Microseconds with three digits that matter.
fn time(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..10.0 => format!("{micros:.2} µs"),
        10.0..100.0 => format!("{micros:.1} µs"),
        _ => format!("{micros:.0} µs"),
    }
}

/// A number with its thousands set apart.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
