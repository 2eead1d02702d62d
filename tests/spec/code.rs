//! Who cites what: the part of a file that ships, and the part that tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::ledger::citations;

/// The clauses cited, each with one place; and the names of all functions.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) shipped: BTreeMap<String, String>,
    pub(crate) tests: BTreeMap<String, String>,
    pub(crate) functions: BTreeSet<String>,
}

impl Code {
    /// Adds every Rust file below a folder of the repository, but what a generator wrote and the ledger's own test.
    pub(crate) fn read(&mut self, root: &Path, folder: &str) {
        const NOT_OURS: [&str; 3] = ["src/schema", "tests/spec", "fuzz/target"];
        let Ok(entries) = fs::read_dir(root.join(folder)) else { return };
        let mut names: Vec<_> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        for path in names.into_iter().map(|name| format!("{folder}/{name}")) {
            if root.join(&path).is_dir() && !NOT_OURS.contains(&path.as_str()) {
                self.read(root, &path);
            } else if path.ends_with(".rs") {
                let text = fs::read_to_string(root.join(&path))
                    .expect("a file that was listed can be read");
                self.add(&path, &text);
            }
        }
    }

    /// Adds one file.
    pub(crate) fn add(&mut self, path: &str, text: &str) {
        let ships =
            path.starts_with("src/") && !path.ends_with("/tests.rs") && !path.contains("/tests/");
        let tests_from = if ships { tests_begin(text) } else { 0 };
        for (number, line) in text.lines().enumerate() {
            let place = format!("{path}:{}", number + 1);
            let cited = if number < tests_from { &mut self.shipped } else { &mut self.tests };
            for id in citations(line) {
                cited.entry(id.to_owned()).or_insert_with(|| place.clone());
            }
            if let Some((_, rest)) = line.split_once("fn ") {
                let name: String =
                    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                self.functions.insert(name);
            }
        }
    }
}

/// The line, from 0, where the test module at the end of a file begins; its length if there is none.
fn tests_begin(text: &str) -> usize {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let in_file = |at: usize| {
        let item = lines[at + 1..].iter().find(|line| !line.starts_with("#["));
        item.is_some_and(|item| item.starts_with("mod ") && item.ends_with('{'))
    };
    lines
        .iter()
        .enumerate()
        .find(|(at, line)| **line == "#[cfg(test)]" && in_file(*at))
        .map_or(lines.len(), |(at, _)| at)
}

#[test]
fn what_ships_and_what_tests_is_told_apart() {
    let mut code = Code::default();
    code.add("src/conn/x.rs", "#[cfg(test)]\nmod far;\n// C-Q1\n#[cfg(test)]\nmod tests {\n // C-Q2\n fn a_call_is_held() {} }");
    code.add("tests/conn/y.rs", "// C-Q3");
    assert_eq!(code.shipped.keys().collect::<Vec<_>>(), ["C-Q1"]);
    assert_eq!(code.tests.keys().collect::<Vec<_>>(), ["C-Q2", "C-Q3"]);
    assert_eq!(code.tests["C-Q2"], "src/conn/x.rs:6");
    assert!(code.functions.contains("a_call_is_held"));
}
