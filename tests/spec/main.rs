//! `SPEC.md` is kept honest: what it calls supported is cited by what ships and by a test, and the tests it names exist.

mod code;
mod ledger;
mod limits;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use code::Code;
use ledger::{Ledger, Status};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn ledger() -> Ledger {
    ledger::read(&fs::read_to_string(root().join("SPEC.md")).expect("SPEC.md stands at the top"))
}

fn code() -> Code {
    let mut code = Code::default();
    for folder in ["src", "tests", "benches", "fuzz"] {
        code.read(root(), folder);
    }
    code
}

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{} {what}:\n  {}\n", found.len(), found.join("\n  "));
}

/// Supported clauses that `cited` does not have.
fn uncited(ledger: &Ledger, cited: &BTreeMap<String, String>) -> Vec<String> {
    let supported = ledger.clauses.iter().filter(|(_, status)| **status == Status::Supported);
    supported.filter(|(id, _)| !cited.contains_key(*id)).map(|(id, _)| id.clone()).collect()
}

/// Citations of clauses there are none of.
fn unknown(ledger: &Ledger, code: &Code) -> Vec<String> {
    let cited = code.shipped.iter().chain(&code.tests);
    cited
        .filter(|(id, _)| !ledger.clauses.contains_key(*id))
        .map(|(id, place)| format!("{place} cites {id}"))
        .collect()
}

/// Tests named in `SPEC.md` that are not there.
fn missing_tests(ledger: &Ledger, code: &Code) -> Vec<String> {
    let named = ledger
        .semantics
        .iter()
        .flat_map(|semantic| semantic.tests.iter().map(|test| (semantic.line, test)));
    named
        .filter(|(_, test)| !code.functions.contains(*test))
        .map(|(line, test)| format!("SPEC.md:{line}: there is no test {test}"))
        .collect()
}

#[test]
fn the_ledger_can_be_read() {
    let ledger = ledger();
    assert_none("rows of SPEC.md to mend", &ledger.faults);
    assert!(ledger.clauses.len() > 50, "SPEC.md: its tables of clauses are not found");
}

#[test]
fn what_ships_cites_every_supported_clause() {
    let what = "clauses are `supported` in SPEC.md, but nothing in src/ cites them (name the id where it is done, or change the status)";
    assert_none(what, &uncited(&ledger(), &code().shipped));
}

#[test]
fn a_test_cites_every_supported_clause() {
    let what = "clauses are `supported` in SPEC.md, but no test cites them (name the id in the test, or change the status)";
    assert_none(what, &uncited(&ledger(), &code().tests));
}

#[test]
fn no_clause_is_cited_that_is_not_there() {
    assert_none("citations of clauses SPEC.md does not have", &unknown(&ledger(), &code()));
}

#[cfg(feature = "tokio")]
#[test]
fn the_probe_walks_every_supported_clause() {
    let ledger = ledger();
    let walked: Vec<_> = bowline::probe::clauses().map(|(id, _)| id).collect();
    let supported = ledger.clauses.iter().filter(|(_, status)| **status == Status::Supported);
    // Values are content, HTTP stands before the first message, and configs and print are nobody's but ours: no peer is
    // asked what it makes of them.
    let unasked = |id: &String| ["C-V", "C-K", "C-Y"].iter().any(|section| id.starts_with(section));
    let walkable = supported.map(|(id, _)| id.clone()).filter(|id| !unasked(id));
    let left_out: Vec<_> = walkable.filter(|id| !walked.contains(&id.as_str())).collect();
    assert_none(
        "clauses are `supported`, but not in src/probe/clauses/table.rs (a test, or why there can be none)",
        &left_out,
    );
    let unknown: Vec<_> = walked
        .iter()
        .filter(|id| !ledger.clauses.contains_key(**id))
        .map(|id| (*id).to_owned())
        .collect();
    assert_none("clauses are walked by the probe, but not in SPEC.md", &unknown);
}

#[test]
fn the_tests_it_names_exist() {
    assert_none("tests named in SPEC.md do not exist", &missing_tests(&ledger(), &code()));
}

#[test]
fn every_limit_stands_in_the_table_with_its_attack_and_its_test() {
    assert_none("faults in the table of limits", &limits::faults(root(), &code()));
}

#[test]
fn gaps_between_ledger_and_code_are_found() {
    let ledger = ledger::read(
        "| C-Q1 | a | `Call` | supported | |\n| C-Q2 | b | `Call` | deferred | later |\n\n| semantic | test |\n| a | `held` |\n",
    );
    let mut code = Code::default();
    code.add("src/conn/x.rs", "// C-Q9\n");
    assert_eq!(uncited(&ledger, &code.shipped), ["C-Q1"]);
    assert_eq!(unknown(&ledger, &code), ["src/conn/x.rs:1 cites C-Q9"]);
    assert_eq!(missing_tests(&ledger, &code), ["SPEC.md:5: there is no test held"]);
}
