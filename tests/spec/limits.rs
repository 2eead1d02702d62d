//! The table of limits in `SPEC.md`: each has a place in the code, and a test at its edge.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::code::Code;

/// The structs that say what a peer may cost, and where they are.
const STRUCTS: [(&str, &str, &str); 8] = [
    ("Config", "Config", "src/conn/config.rs"),
    ("Limits", "Limits", "src/wire/limits.rs"),
    ("ReadLimits", "ReadLimits", "src/wire/limits.rs"),
    ("FramedLimits", "FramedLimits", "src/transport/framed.rs"),
    ("HeadLimits", "HeadLimits", "src/transport/http/head.rs"),
    ("value::Limits", "Limits", "src/worker/value/limits.rs"),
    ("Stats", "Stats", "src/conn/stats.rs"),
    ("TablesLimits", "TablesLimits", "src/trace/tables.rs"),
];

/// What may be counted: no `bool`, which is a habit, and no limits within limits.
const COUNTED: [&str; 6] = ["u16", "u32", "u64", "usize", "Duration", "Window"];

/// A row of the table.
#[derive(Debug)]
struct Row {
    line: usize,
    places: Vec<String>,
    tests: Vec<String>,
    attack: String,
}

/// Its cells in backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn rows(spec: &str) -> Vec<Row> {
    let lines = spec.lines().enumerate();
    let mut table = lines.skip_while(|(_, line)| !line.starts_with("| what | limit |")).skip(2);
    let rows = table.by_ref().take_while(|(_, line)| line.starts_with('|'));
    rows.map(|(at, line)| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [_, _, _, place, metric, attack, tests] = cells[..] else {
            panic!("SPEC.md:{}: a limit has seven columns", at + 1);
        };
        let places = [quoted(place), quoted(metric)].concat();
        Row { line: at + 1, places, tests: quoted(tests), attack: attack.to_owned() }
    })
    .collect()
}

/// The countable fields of a struct, in its source.
fn fields(source: &str, name: &str) -> Vec<String> {
    let begin = format!("pub struct {name} {{\n");
    let body = source.split(&begin).nth(1).and_then(|rest| rest.split("\n}\n").next());
    let declared = |line: &str| {
        let (name, kind) = line.strip_prefix("    pub ")?.trim_end_matches(',').split_once(": ")?;
        COUNTED.contains(&kind).then(|| name.to_owned())
    };
    body.unwrap_or_default().lines().filter_map(declared).collect()
}

fn read(root: &Path, path: &str) -> String {
    fs::read_to_string(root.join(path)).expect("a file of the repository")
}

/// Constants of `src/` by their names, and the methods a place may be.
fn names(root: &Path, folder: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(root.join(folder)).expect("a folder").flatten() {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            names(root, &path, found);
        } else if path.ends_with(".rs") {
            let text = read(root, &path);
            let named = text.split("const ").skip(1).chain(text.split("fn ").skip(1));
            found.extend(named.map(|rest| {
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
            }));
        }
    }
}

pub(crate) fn faults(root: &Path, code: &Code) -> Vec<String> {
    let rows = rows(&read(root, "SPEC.md"));
    assert!(rows.len() > 30, "SPEC.md: the table of limits is not found");
    let told: BTreeSet<&str> =
        rows.iter().flat_map(|row| &row.places).map(String::as_str).collect();
    let (mut faults, mut known) = (Vec::new(), BTreeSet::new());
    names(root, "src", &mut known);
    for (told_as, name, path) in STRUCTS {
        let fields = fields(&read(root, path), name);
        assert!(!fields.is_empty(), "{path}: {name} is not found");
        for field in fields {
            let place = format!("{told_as}::{field}");
            if !told.contains(place.as_str()) {
                faults.push(format!("{path}: {place} stands in no row of the limits in SPEC.md"));
            }
            known.insert(place);
        }
    }
    for row in &rows {
        let at = format!("SPEC.md:{}", row.line);
        let gone = |place: &&String| {
            let method = ["Transport::", "Listener::"].iter().find_map(|of| place.strip_prefix(of));
            !known.contains(method.unwrap_or(place.as_str()))
        };
        faults.extend(row.places.iter().filter(gone).map(|it| format!("{at}: there is no {it}")));
        let missing = row.tests.iter().filter(|test| !code.functions.contains(*test));
        faults.extend(missing.map(|test| format!("{at}: there is no test {test}")));
        if row.tests.is_empty() || row.attack.is_empty() {
            faults.push(format!("{at}: a limit has an attack and a test at its edge"));
        }
    }
    faults
}

#[test]
fn a_field_and_a_row_are_read() {
    let source =
        "pub struct Limits {\n    /// Words.\n    pub words_max: u32,\n    pub habit: bool,\n}\n";
    assert_eq!(fields(source, "Limits"), ["words_max"]);
    let table = "| what | limit | default | where | metric | the attack | test |\n|---|\n| a | b | 1 | `L::w` | – | x | `t`, `u` |\n\nafter";
    let rows = rows(table);
    assert_eq!((rows.len(), rows[0].line, rows[0].tests.len()), (1, 3, 2));
    assert_eq!(rows[0].places, ["L::w"]);
}
