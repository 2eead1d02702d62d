//! Tables: one line per transport, its columns aligned, printed as the figures come in.

use std::io::Write;
use std::time::Duration;

use crate::failure::Failure;
use crate::measure::{Figures, IN_FLIGHT};
use crate::scenario::Scenario;
use crate::stream;
use crate::work::CHAIN;

/// A table with a column for each title, behind two that say what a line is about.
pub(crate) struct Table {
    titles: Vec<String>,
}

impl Table {
    /// The table of calls, by the title of its lines.
    pub(crate) fn of_calls() -> Self {
        Self {
            titles: vec![
                "null round trip".to_owned(),
                format!("chain of {CHAIN}"),
                format!("{CHAIN} awaited"),
                format!("calls/s, {IN_FLIGHT} in flight"),
                format!("stream of {} MiB", stream::BYTES >> 20),
            ],
        }
    }

    /// The table of what Workers do.
    pub(crate) fn of_scenarios() -> Self {
        Self { titles: Scenario::ALL.iter().map(|it| it.title().to_owned()).collect() }
    }

    /// Prints the line above the figures.
    pub(crate) fn head(&self, transport: &str, place: &str) -> Result<(), Failure> {
        self.line(transport, place, &self.titles)
    }

    /// Prints one line of figures.
    pub(crate) fn row(
        &self,
        transport: &str,
        place: &str,
        cells: &[String],
    ) -> Result<(), Failure> {
        self.line(transport, place, cells)
    }

    fn line(&self, transport: &str, place: &str, cells: &[String]) -> Result<(), Failure> {
        let mut line = format!("{transport:<13}  {place:<15}");
        for (title, cell) in self.titles.iter().zip(cells) {
            let width = title.len().max(NARROWEST);
            line += &format!("  {cell:>width$}");
        }
        say(&line)
    }
}

/// How wide a column is at least: as a time.
const NARROWEST: usize = 8;

/// The cells of the table of calls.
pub(crate) fn calls(figures: &Figures) -> Vec<String> {
    vec![
        time(figures.null),
        time(figures.chain),
        time(figures.awaited),
        thousands(figures.calls_per_second),
        rate(figures.stream_bytes_per_second),
    ]
}

/// The cells of the table of what Workers do: how long, and of the file, how fast.
pub(crate) fn scenarios(figures: &[(Scenario, Duration)]) -> Vec<String> {
    let cell = |&(scenario, took): &(Scenario, Duration)| match scenario {
        Scenario::File => rate(stream::BYTES as f64 / took.as_secs_f64()),
        _ => time(took),
    };
    figures.iter().map(cell).collect()
}

/// Prints text of its own line.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| Failure::unprintable(&error))
}

/// Says something where the standard output is not ours to write to.
pub(crate) fn say_aside(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stderr(), "{text}")
        .map_err(|error| Failure::failed(format!("writing to standard error failed: {error}")))
}

/// Three digits that matter.
fn time(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..10.0 => format!("{micros:.2} µs"),
        10.0..100.0 => format!("{micros:.1} µs"),
        100.0..10_000.0 => format!("{micros:.0} µs"),
        _ => format!("{:.0} ms", micros / 1e3),
    }
}

fn rate(bytes_per_second: f64) -> String {
    format!("{} MiB/s", thousands(bytes_per_second / f64::from(1 << 20)))
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
