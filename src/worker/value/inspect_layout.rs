//! Entries put on one line, in columns, or each on a line of its own, as Node does it.

use super::inspect_text::{LINE, length, width};

/// Objects within one another that may share a line: Node's `compact`.
const COMPACT: usize = 3;

/// Entries of a list before "more items": Node's `maxArrayLength`.
pub(super) const ITEMS_MAX: usize = 100;

/// A list of no more entries is never put in columns.
const COLUMNS_FROM: usize = 7;

/// To which side an entry is moved within its column.
#[derive(Clone, Copy)]
enum Side {
    Left,
    /// Numbers.
    Right,
}

/// What stands around the entries of an object.
#[derive(Default)]
pub(super) struct Frame {
    /// Before the brace: the text of an error, and a reference.
    pub(super) base: String,
    /// The opening brace, with the class before it.
    pub(super) open: String,
    pub(super) close: &'static str,
    /// Of a list: how many items at its beginning are numbers.
    pub(super) numbers: Option<usize>,
}

impl Frame {
    pub(super) fn braces(class: &str) -> Self {
        let open = if class.is_empty() { "{".to_owned() } else { format!("{class} {{") };
        Self { open, close: "}", ..Self::default() }
    }

    pub(super) fn brackets(open: String, numbers: usize) -> Self {
        Self { open, close: "]", numbers: Some(numbers), ..Self::default() }
    }

    /// The whole object. `levels` are the levels of objects in the entry that was printed last.
    pub(super) fn lay(self, mut entries: Vec<String>, indent: usize, levels: usize) -> String {
        let count = entries.len();
        if let Some(numbers) = self.numbers
            && count >= COLUMNS_FROM
        {
            // Numbers are moved to the right, if there is nothing else.
            let side = if numbers >= count { Side::Right } else { Side::Left };
            entries = columns(entries, indent, side);
        }
        let base = if self.base.is_empty() { String::new() } else { format!("{} ", self.base) };
        let (open, close) = (&self.open, self.close);
        if levels < COMPACT && count == entries.len() && self.fits(&entries, indent) {
            return format!("{base}{open} {} {close}", entries.join(", "));
        }
        let margin = " ".repeat(indent);
        let entries = entries.join(&format!(",\n{margin}  "));
        format!("{base}{open}\n{margin}  {entries}\n{margin}{close}")
    }

    /// All entries stand on one line.
    fn fits(&self, entries: &[String], indent: usize) -> bool {
        let count = entries.len();
        let around = length(&self.open) + length(&self.base) + indent + 10;
        let mut total = count + around + count;
        if total + count > LINE || self.base.contains('\n') {
            return false;
        }
        entries.iter().all(|entry| {
            total = total.saturating_add(length(entry));
            total <= LINE && !entry.contains('\n')
        })
    }
}

/// Entries put next to one another, a line each; as they were if they are too different in length.
fn columns(mut entries: Vec<String>, indent: usize, side: Side) -> Vec<String> {
    const GAP: usize = 2;
    // What says how many more there are stands on a line of its own.
    let more = if entries.len() > ITEMS_MAX { entries.pop() } else { None };
    let all = entries.len() + usize::from(more.is_some());
    let widths: Vec<usize> = entries.iter().map(|entry| width(entry)).collect();
    let longest = widths.iter().copied().max().unwrap_or(0);
    let total: usize = widths.iter().map(|width| width + GAP).sum();
    let cell = longest + GAP;
    let alike = total > 5 * cell || longest <= 6;
    let count = if cell * 3 + indent < LINE && alike {
        column_count(cell, total as f64 / all as f64, entries.len(), indent)
    } else {
        1
    };
    if count <= 1 {
        entries.extend(more);
        return entries;
    }
    let column =
        |first: usize| widths.iter().skip(first).step_by(count).max().map_or(0, |it| it + GAP);
    let cells: Vec<usize> = (0..count).map(column).collect();
    let mut lines: Vec<String> = entries
        .chunks(count)
        .zip(widths.chunks(count))
        .map(|row| line(row, &cells, side))
        .collect();
    lines.extend(more);
    lines
}

/// So many columns make the list about as wide as it is high, a character being 2.5 times as high as wide.
fn column_count(cell: usize, average: f64, entries: usize, indent: usize) -> usize {
    let bias = (cell as f64 - average).sqrt();
    let biased = (cell as f64 - 3.0 - bias).max(1.0);
    let square = ((2.5 * biased * entries as f64).sqrt() / biased).round();
    // The cast saturates, and the number is small.
    (square as usize).min((LINE - indent.min(LINE)) / cell).min(COMPACT * 4).min(15)
}

fn line((entries, widths): (&[String], &[usize]), cells: &[usize], side: Side) -> String {
    let mut line = String::new();
    let last = entries.len().saturating_sub(1);
    for (at, ((entry, width), cell)) in entries.iter().zip(widths).zip(cells).enumerate() {
        let comma = if at == last { "" } else { ", " };
        // The comma and the space after the last entry are missing.
        let padding = (cell - 2).saturating_sub(*width);
        let padding = " ".repeat(padding);
        match side {
            Side::Right => line.extend([&padding, entry.as_str(), comma]),
            Side::Left if at == last => line.push_str(entry),
            Side::Left => line.extend([entry.as_str(), comma, &padding]),
        }
    }
    line
}
