//! The rules of the house, read off the files. Each finding says where, what is wrong, and what to do instead.

mod dependencies;
mod finding;
mod floors;
mod panics;
mod paths;
mod repository;
mod sizes;
mod source;
mod supply;
mod tree;
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use finding::Finding;
use source::Source;
use tree::Tree;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file that is tracked, or would be: path and content.
fn files() -> Vec<(String, String)> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output();
    let mut paths: Vec<String> = match listed {
        Ok(output) if output.status.success() && !output.stdout.is_empty() => {
            String::from_utf8_lossy(&output.stdout)
                .split_terminator('\0')
                .map(str::to_owned)
                .collect()
        }
        // An unpacked archive has no history; then what lies there is what there is.
        _ => {
            let mut found = Vec::new();
            walk(&root(), "", &mut found);
            found
        }
    };
    paths.sort();
    let read = |path: String| Some((path.clone(), fs::read_to_string(root().join(&path)).ok()?));
    paths.into_iter().filter_map(read).collect()
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    const SKIPPED: [&str; 4] = ["target", ".git", "__pycache__", "artifacts"];
    for entry in fs::read_dir(folder).expect("the repository can be read").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
        } else {
            found.push(path);
        }
    }
}

/// Our own Rust files below a folder; what a generator wrote is not ours to tidy.
fn sources(folder: &str) -> Vec<Source> {
    files()
        .iter()
        .filter(|(path, _)| path.starts_with(folder) && path.ends_with(".rs"))
        .filter(|(path, _)| !path.ends_with("_capnp.rs"))
        .map(|(path, text)| Source::new(path, text))
        .collect()
}

fn assert_none(mut findings: Vec<Finding>) {
    findings.sort();
    findings.dedup();
    let list: String = findings.iter().map(|finding| format!("\n  {finding}")).collect();
    assert!(findings.is_empty(), "{} found:{list}\n", findings.len());
}

/// Files of `src/` that ship, not those only its tests have.
fn shipped_sources() -> Vec<Source> {
    let sources = sources("src/");
    let tests_only = Tree::new(&sources).tests_only();
    let ships = |source: &Source| {
        tree::module_of(&source.path).is_none_or(|module| !tests_only.contains(&module))
    };
    sources.into_iter().filter(ships).collect()
}

#[test]
fn the_checks_see_the_repository() {
    assert!(sources("src/").len() > 5 && files().iter().any(|(path, _)| path == "Cargo.toml"));
}

#[test]
fn imports_go_down_and_not_in_circles() {
    assert_none(floors::check(&sources("src/")));
}

#[test]
fn every_file_is_compiled() {
    assert_none(Tree::new(&sources("src/")).dead_files());
}

#[test]
fn files_and_functions_are_short() {
    assert_none(sources("").iter().flat_map(sizes::check).collect());
}

#[test]
fn the_core_is_pure() {
    assert_none(shipped_sources().iter().flat_map(words::purity).collect());
}

#[test]
fn what_ships_does_not_panic() {
    let shipped = shipped_sources().into_iter().chain(sources("macros/"));
    assert_none(shipped.flat_map(|source| words::panics(&source)).collect());
}

#[test]
fn what_may_panic_is_counted_and_proven_not_to() {
    let shipped = shipped_sources();
    let record = fs::read_to_string(root().join("tests/tidy/panics.txt")).expect("the record");
    let mut findings = panics::against(&record, &shipped);
    findings.extend(shipped.iter().flat_map(panics::proofs));
    assert_none(findings);
}

#[test]
fn names_say_something() {
    let all = ["src/", "macros/", "tests/", "benches/"].into_iter().flat_map(sources);
    assert_none(all.flat_map(|source| words::names(&source)).collect());
}

#[test]
fn every_room_begins_with_a_sentence() {
    assert_none(sources("src/").iter().filter_map(words::room_sentence).collect());
}

#[test]
fn unsafe_code_is_forbidden() {
    for path in ["src/lib.rs", "macros/src/lib.rs"] {
        let lib = sources(path).into_iter().next();
        let forbids = lib.is_some_and(|lib| lib.code.contains("#![forbid(unsafe_code)]"));
        assert!(forbids, "{path}:1: must say #![forbid(unsafe_code)]");
    }
}

#[test]
fn nothing_is_true_on_one_machine_only() {
    assert_none(files().iter().flat_map(|(path, text)| repository::machine(path, text)).collect());
}

#[test]
fn every_rust_file_has_a_home() {
    assert_none(files().iter().filter_map(|(path, _)| repository::strays(path)).collect());
}

#[test]
fn dependencies_are_pinned() {
    assert_none(files().iter().flat_map(|(path, text)| repository::pins(path, text)).collect());
}

#[test]
fn the_readme_says_what_the_core_needs() {
    let listed = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--no-default-features",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--locked",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs this");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let readme = fs::read_to_string(root().join("README.md")).expect("there is one");
    assert_none(dependencies::check(&readme, &String::from_utf8_lossy(&listed.stdout)));
}

/// What `cargo metadata` says of this workspace on this machine. Nothing is fetched: whoever runs this test has built
/// it.
fn metadata() -> serde_json::Value {
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc is there");
    let about = String::from_utf8_lossy(&rustc.stdout).into_owned();
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).expect("it says so");
    let args = ["metadata", "--locked", "--offline", "--all-features", "--format-version", "1"];
    let cargo = Command::new(env!("CARGO"))
        .args(args)
        .args(["--filter-platform", host])
        .current_dir(root())
        .output()
        .expect("cargo is there");
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    serde_json::from_slice(&cargo.stdout).expect("it is JSON")
}

#[test]
fn licences_versions_and_advisories_are_looked_at() {
    let text = fs::read_to_string(root().join("tests/tidy/supply.txt")).expect("the record");
    assert_none(supply::check(&metadata(), &supply::record(&text)));
}

#[test]
fn everything_comes_from_the_registry() {
    let locks = files().into_iter().filter(|(path, _)| path.ends_with("Cargo.lock"));
    assert_none(locks.flat_map(|(path, text)| supply::sources(&path, &text)).collect());
}
