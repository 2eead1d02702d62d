//! What comes out: a table to read and JSON to keep.

use std::fmt::Write;

use crate::goals::best_peer;
use crate::measure::Figure;
use crate::row::Row;

/// The heads of the columns.
pub(crate) fn head(columns: &[&str]) -> String {
    let mut line = format!("{:26}{:>8}", "row", "unit");
    for column in columns {
        let _ = write!(line, "{column:>11} ±% allocs");
    }
    line
}

/// One row of the table.
pub(crate) fn line(row: Row, figures: &[Figure], columns: &[&str]) -> String {
    let mut line = format!("{:26}{:>8}", row.name, row.unit().name());
    for column in columns {
        let found = figures.iter().find(|figure| figure.contender == *column);
        let _ = match found {
            Some(Figure { median, spread, allocs, .. }) => {
                write!(line, "{median:11.0}{:3.0}{allocs:7.1}", spread * 100.0)
            }
            None => write!(line, "{:>11}{:>10}", "–", ""),
        };
    }
    line
}

/// The whole run. `allocs` are ours; a peer's stand under its name.
pub(crate) fn json(rows: &[(Row, Vec<Figure>)]) -> String {
    let mut told = Vec::new();
    for (row, figures) in rows {
        let mut one = format!("{{\"row\": \"{}\", \"unit\": \"{}\"", row.name, row.unit().name());
        for Figure { contender, median, spread, allocs, bytes } in figures {
            let prefix =
                if *contender == "bowline" { String::new() } else { format!("{contender}-") };
            let _ = write!(one, ", \"{contender}\": {median:.1}, \"{prefix}spread\": {spread:.3}");
            let _ = write!(one, ", \"{prefix}allocs\": {allocs:.1}");
            let _ = write!(one, ", \"{prefix}alloc-bytes\": {bytes:.0}");
        }
        told.push(one + "}");
    }
    format!("{{\"rows\": [\n  {}\n]}}\n", told.join(",\n  "))
}

/// The rows in which a peer does better, for whoever looks at nothing else.
pub(crate) fn behind(rows: &[(Row, Vec<Figure>)]) -> String {
    let mut told = String::new();
    for (row, figures) in rows {
        if let Some((peer, ahead)) = best_peer(*row, figures)
            && ahead < 1.0
        {
            let _ = writeln!(told, "behind {peer} in {}: {ahead:.2} ×", row.name);
        }
    }
    told
}
