//! `SPEC.md` as data: its clauses, and the tests it names.

use std::collections::BTreeMap;

/// What becomes of a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Supported,
    Deferred,
    Deviates,
}

/// A semantic and the tests that hold it, or the reason there is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Semantic {
    pub(crate) line: usize,
    pub(crate) tests: Vec<String>,
}

/// All that `SPEC.md` says in tables.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) clauses: BTreeMap<String, Status>,
    pub(crate) semantics: Vec<Semantic>,
    /// Rows that cannot be read, with their line.
    pub(crate) faults: Vec<String>,
}

/// Reads the tables of clauses (`| C-Q3 | … |`) and of semantics (`| … | test |`).
pub(crate) fn read(text: &str) -> Ledger {
    let mut ledger = Ledger::default();
    let mut in_semantics = false;
    for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        let cells: Vec<_> = cells(line);
        match cells.as_slice() {
            ["semantic", "test"] => in_semantics = true,
            [] => in_semantics = false,
            [id, clause, place, status, note] if id.starts_with("C-") => {
                read_clause(&mut ledger, number, [id, clause, place, status, note]);
            }
            [id, ..] if id.starts_with("C-") => {
                let fault = format!(
                    "SPEC.md:{number}: {id} needs five columns: id, clause, in the schema, status, note"
                );
                ledger.faults.push(fault);
            }
            [name, test] if in_semantics && !name.starts_with("---") => {
                read_semantic(&mut ledger, number, test)
            }
            _ => {}
        }
    }
    ledger
}

fn cells(line: &str) -> Vec<&str> {
    let Some(inner) = line.trim().strip_prefix('|').and_then(|line| line.strip_suffix('|')) else {
        return Vec::new();
    };
    inner.split('|').map(str::trim).collect()
}

fn read_clause(ledger: &mut Ledger, number: usize, [id, clause, place, status, note]: [&str; 5]) {
    let status = match status {
        "supported" => Status::Supported,
        "deferred" => Status::Deferred,
        "deviates" => Status::Deviates,
        other => {
            let fault = format!(
                "SPEC.md:{number}: {id} has the status `{other}`; say supported, deferred or deviates"
            );
            return ledger.faults.push(fault);
        }
    };
    if citations(id) != [id] {
        ledger.faults.push(format!("SPEC.md:{number}: `{id}` is no clause id; write it like C-Q3"));
    }
    if clause.is_empty() || place.is_empty() {
        ledger.faults.push(format!("SPEC.md:{number}: {id} says nothing, or not where it stands"));
    }
    if status != Status::Supported && note.is_empty() {
        ledger.faults.push(format!(
            "SPEC.md:{number}: {id} is not supported and gives no reason; use the note"
        ));
    }
    if ledger.clauses.insert(id.to_owned(), status).is_some() {
        ledger
            .faults
            .push(format!("SPEC.md:{number}: {id} stands twice; give the second a new number"));
    }
}

fn read_semantic(ledger: &mut Ledger, number: usize, cell: &str) {
    if let Some(reason) = cell.strip_prefix("deferred:") {
        if reason.trim().is_empty() {
            ledger.faults.push(format!("SPEC.md:{number}: deferred without a reason"));
        }
        return;
    }
    let tests: Vec<_> = cell.split(',').filter_map(test_name).collect();
    if tests.is_empty() {
        let fault = format!(
            "SPEC.md:{number}: `{cell}` names no test; write `its_name` in backticks, or deferred: and why"
        );
        ledger.faults.push(fault);
    }
    ledger.semantics.push(Semantic { line: number, tests });
}

/// `` `path::to::name` `` is `name`.
fn test_name(cell: &str) -> Option<String> {
    let name = cell.trim().strip_prefix('`')?.strip_suffix('`')?;
    name.rsplit("::").next().map(str::to_owned)
}

/// The clause ids in a text, in order.
pub(crate) fn citations(text: &str) -> Vec<&str> {
    let glued = |at: usize| {
        text[..at].ends_with(|before: char| before.is_ascii_alphanumeric() || before == '-')
    };
    text.match_indices("C-")
        .filter(|(at, _)| !glued(*at))
        .filter_map(|(at, _)| {
            let rest = &text.as_bytes()[at + 2..];
            let letter = rest.first().is_some_and(u8::is_ascii_uppercase);
            let digits = rest.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
            (letter && digits > 0).then(|| &text[at..at + 3 + digits])
        })
        .collect()
}

#[test]
fn clauses_and_semantics_are_read() {
    let text = "| C-Q1 | an id | `Call` | supported | |\n| C-Q2 | b | `Call` | deferred | later |\n\n| semantic | test |\n|---|---|\n| a | `x::held`, `kept` |\n| b | deferred: level 3 |\n\n| other | table |";
    let ledger = read(text);
    assert_eq!(ledger.faults, Vec::<String>::new());
    assert_eq!(ledger.clauses["C-Q1"], Status::Supported);
    assert_eq!(ledger.clauses["C-Q2"], Status::Deferred);
    assert_eq!(ledger.semantics, [Semantic { line: 6, tests: vec!["held".into(), "kept".into()] }]);
}

#[test]
fn faults_of_the_ledger_are_found() {
    let text = "| C-Q1 | a | `Call` | done | |\n| C-Q2 | a | `Call` | deferred | |\n| C-Q3 | a | `Call` | supported | |\n| C-Q3 | a | `Call` | supported | |\n| C-Q4 | a | supported |\n\n| semantic | test |\n|---|---|\n| a | soon |\n| b | deferred: |";
    let lines: Vec<_> = read(text)
        .faults
        .iter()
        .map(|fault| fault.split(':').nth(1).unwrap_or("").to_owned())
        .collect();
    assert_eq!(lines, ["1", "2", "4", "5", "9", "10"]);
}

#[test]
fn citations_are_found_in_prose() {
    assert_eq!(citations("holds C-Q3, C-E12; not ABC-Q3, C-q1 or C-Q."), ["C-Q3", "C-E12"]);
}
