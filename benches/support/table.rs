//! The table of `benches/README.md`, written where the old one stands.

use std::fmt::Write;

use crate::goals::{Goal, best_peer, goal, named};
use crate::measure::Figure;
use crate::row::{ROWS, Row};

const BEGIN: &str = "<!-- versus: written by `--table` -->\n";
const END: &str = "<!-- versus ends -->";

const HEAD: &str = "\
| row | unit | bowline | ± % | allocs | bytes | capnp-rpc | ± % | allocs | tarpc | tonic | ahead | floor | syscalls | goal |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
";

/// `text` with the table in it rewritten. Rows that were not measured stay as they were.
pub(crate) fn rewrite(text: &str, told: &[(Row, Vec<Figure>)]) -> Result<String, String> {
    let begin = text.find(BEGIN).ok_or_else(|| format!("there is no line {BEGIN}"))? + BEGIN.len();
    let end = text[begin..].find(END).ok_or_else(|| format!("there is no line {END}"))? + begin;
    let mut table = HEAD.to_owned();
    for row in ROWS {
        let start = format!("| {} |", row.name);
        let measured = told.iter().find(|(told, _)| told.name == row.name);
        match (measured, text[begin..end].lines().find(|line| line.starts_with(&start))) {
            (Some((_, figures)), _) => table += &line(row, figures),
            (None, Some(old)) => table += &format!("{old}\n"),
            (None, None) => {}
        }
    }
    Ok(format!("{}{table}{}", &text[..begin], &text[end..]))
}

fn line(row: Row, figures: &[Figure]) -> String {
    let median = |who| named(figures, who).map_or_else(|| "–".to_owned(), |at| grouped(at.median));
    let told = |who, tell: fn(&Figure) -> f64| {
        named(figures, who).map_or_else(String::new, |figure| grouped(tell(figure)))
    };
    let spread = |who| told(who, |figure| figure.spread * 100.0);
    let allocs = |who| told(who, |figure| figure.allocs);
    let mut line = format!("| {} | {} | {} ", row.name, row.unit().name(), median("bowline"));
    let _ = write!(line, "| {} | {} ", spread("bowline"), allocs("bowline"));
    let _ = write!(line, "| {} ", told("bowline", |figure| figure.bytes));
    let _ = write!(line, "| {} | {} ", median("capnp-rpc"), spread("capnp-rpc"));
    let _ = write!(line, "| {} | {} ", allocs("capnp-rpc"), median("tarpc"));
    let _ = write!(line, "| {} | {} ", median("tonic"), lead(row, figures));
    let _ = write!(line, "| {} | {} ", median("floor"), median("syscalls"));
    let _ = writeln!(line, "| {} |", bar(row));
    line
}

/// How far ahead of the best peer, in bold where it is behind.
fn lead(row: Row, figures: &[Figure]) -> String {
    match best_peer(row, figures) {
        Some((peer, ahead)) if ahead < 1.0 => format!("**{ahead:.2} × ({peer})**"),
        Some((_, ahead)) => format!("{ahead:.1} ×"),
        None => String::new(),
    }
}

fn bar(row: Row) -> String {
    match goal(row) {
        Some(Goal::AtMost(bar)) => format!("≤ {}", grouped(bar)),
        Some(Goal::AtLeast(bar)) => format!("≥ {}", grouped(bar)),
        Some(Goal::OfFloor(times)) => format!("≤ {times} × floor"),
        None => String::new(),
    }
}

/// A whole number, its thousands apart.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}
