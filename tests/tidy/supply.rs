//! What the build takes from others: under which licences, from where, how often, and with which known faults.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::finding::Finding;

/// What was looked at and is accepted; `supply.txt`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    licences: BTreeSet<&'a str>,
    /// Crates that may be there in several versions.
    several: BTreeSet<&'a str>,
    /// Crate, advisory, and the first version that is free of it.
    advisories: Vec<(&'a str, &'a str, Version)>,
}

type Version = Vec<u32>;

fn version(text: &str) -> Version {
    let numbers = text.split(|c: char| !c.is_ascii_digit());
    numbers.take(3).filter_map(|number| number.parse().ok()).collect()
}

/// Lines of `licence NAME`, `several CRATE why`, and `advisory CRATE ID VERSION`.
pub(crate) fn record(text: &str) -> Record<'_> {
    let mut record = Record::default();
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["licence", ..] => drop(record.licences.insert(line["licence".len()..].trim())),
            ["several", name, _, ..] => drop(record.several.insert(name)),
            ["advisory", name, id, fixed] => record.advisories.push((name, id, version(fixed))),
            _ => {}
        }
    }
    record
}

/// Whether an expression of licences is met by those allowed: `OR` by one of its sides, `AND` by both.
fn is_met(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.trim();
    let sides = |operator: &str| split_outside(expression, operator);
    if let Some((left, right)) = sides(" OR ").or_else(|| sides("/")) {
        return is_met(left, allowed) || is_met(right, allowed);
    }
    if let Some((left, right)) = sides(" AND ") {
        return is_met(left, allowed) && is_met(right, allowed);
    }
    match expression.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => is_met(inner, allowed),
        None => allowed.contains(expression),
    }
}

/// At the first operator outside of brackets.
fn split_outside<'a>(expression: &'a str, operator: &str) -> Option<(&'a str, &'a str)> {
    expression.match_indices(operator).find_map(|(at, _)| {
        let (left, right) = (&expression[..at], &expression[at + operator.len()..]);
        let open = left.matches('(').count() == left.matches(')').count();
        open.then_some((left, right))
    })
}

/// What is wrong with the packages `cargo metadata` lists.
pub(crate) fn check(metadata: &Value, record: &Record<'_>) -> Vec<Finding> {
    let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |package: &Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut findings = Vec::new();
    let mut say = |what: String| findings.push(Finding::new("Cargo.lock", 0, what));
    for package in packages {
        let (name, licence) = (text(package, "name"), text(package, "license"));
        if !is_met(&licence, &record.licences) {
            say(format!(
                "`{name}` is under `{licence}`, which tests/tidy/supply.txt does not allow"
            ));
        }
        let version = text(package, "version");
        for (of, id, fixed) in &record.advisories {
            if *of == name && self::version(&version) < *fixed {
                say(format!("`{name}` {version} has {id}"));
            }
        }
        versions.entry(name).or_default().insert(version);
    }
    for (name, versions) in &versions {
        let is_told = record.several.contains(name.as_str());
        if (versions.len() > 1) != is_told {
            say(format!(
                "`{name}` is there as {versions:?}; is that told in tests/tidy/supply.txt?"
            ));
        }
    }
    let known = |name: &str| versions.contains_key(name);
    for name in record.several.iter().chain(record.advisories.iter().map(|(of, ..)| of)) {
        if !known(name) {
            say(format!("tests/tidy/supply.txt tells of `{name}`, which is not there any more"));
        }
    }
    findings
}

/// Packages of a lockfile that come from elsewhere than the registry, or without their checksum.
pub(crate) fn sources(path: &str, lock: &str) -> Vec<Finding> {
    let value = |package: &str, key: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.trim_start_matches(" = ").trim_matches('"').to_owned())
    };
    let strange = |package: &&str| {
        let name = value(package, "name").unwrap_or_default();
        let source = value(package, "source");
        let ours = source.is_none() && name.starts_with("bowline");
        let registry = source.is_some_and(|source| source.starts_with("registry+"));
        let known = ours || (registry && value(package, "checksum").is_some());
        !known
    };
    let packages = lock.split("[[package]]\n").skip(1);
    packages
        .filter(strange)
        .map(|package| {
            let name = value(package, "name").unwrap_or_default();
            Finding::new(
                path,
                0,
                format!("`{name}` does not come from the registry by its checksum"),
            )
        })
        .collect()
}

#[test]
fn licences_are_read_as_they_are_meant() {
    let allowed = BTreeSet::from(["MIT", "BSD-3-Clause"]);
    for (expression, met) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("Apache-2.0/MIT", true),
        ("(Apache-2.0 OR MIT) AND BSD-3-Clause", true),
        ("(Apache-2.0 OR MIT) AND Zlib", false),
        ("", false),
    ] {
        assert_eq!(is_met(expression, &allowed), met, "{expression}");
    }
}

#[test]
fn what_is_not_accepted_is_found() {
    let text = "licence MIT\nseveral a because\nadvisory b ID-1 1.2.3\nadvisory gone ID-2 1.0.0\n";
    let metadata: Value = serde_json::from_str(
        r#"{"packages": [
            {"name": "a", "version": "1.0.0", "license": "MIT"},
            {"name": "b", "version": "1.2.2", "license": "GPL-3.0"},
            {"name": "c", "version": "1.0.0", "license": "MIT"},
            {"name": "c", "version": "2.0.0", "license": "MIT"}]}"#,
    )
    .expect("it is JSON");
    let told: String = check(&metadata, &record(text)).iter().map(Finding::to_string).collect();
    for what in
        ["`b` is under `GPL-3.0`", "`b` 1.2.2 has ID-1", "`a` is there", "`c` is there", "`gone`"]
    {
        assert!(told.contains(what), "{what}: {told}");
    }
    let lock = "[[package]]\nname = \"a\"\nsource = \"git+x\"\n\n[[package]]\nname = \"b\"\nsource = \"registry+x\"\nchecksum = \"1\"\n";
    assert_eq!(sources("Cargo.lock", lock).len(), 1);
}
