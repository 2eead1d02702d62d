//! What holds for the repository as a whole: pinned dependencies, and nothing that is true on one machine only.

use crate::finding::Finding;

/// Folders of somebody's machine. Written in halves, so that this file does not find itself.
const MACHINE: [&str; 7] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/work", "space/"),
    concat!("/bui", "lds/"),
    concat!("/fa", "rm/"),
];

/// Where packages come from is the business of whoever installs them.
const REGISTRIES: [&str; 4] = [
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("npm", "js."),
];

/// Absolute paths of a machine, and hosts of registries.
pub(crate) fn machine(path: &str, text: &str) -> Vec<Finding> {
    if path.ends_with(".lock") || path.ends_with("package-lock.json") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for folder in MACHINE.iter().filter(|folder| begins_path(line, folder)) {
            let what = format!(
                "`{folder}` is a folder of one machine; use a path relative to the repository"
            );
            findings.push(Finding::new(path, number + 1, what));
        }
        for host in REGISTRIES.iter().filter(|host| line.contains(**host)) {
            let what =
                format!("names the registry `{host}`; cargo, pip and npm know where theirs is");
            findings.push(Finding::new(path, number + 1, what));
        }
    }
    findings
}

/// Not a piece of a longer path or address.
fn begins_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-.}/*~".contains(c))
    })
}

/// Rust files where nothing compiles them.
pub(crate) fn strays(path: &str) -> Option<Finding> {
    const HOMES: [&str; 6] = ["src/", "tests/", "benches/", "fuzz/", "macros/", "examples/"];
    let at_home = HOMES.iter().any(|home| path.starts_with(home));
    (path.ends_with(".rs") && !at_home).then(|| {
        Finding::new(
            path,
            0,
            "no target compiles a Rust file here; move it into its room or delete it",
        )
    })
}

/// Dependencies without an exact version.
pub(crate) fn pins(path: &str, text: &str) -> Vec<Finding> {
    if path.ends_with("requirements.txt") {
        let unpinned = |(_, line): &(usize, &str)| {
            !line.trim().is_empty() && !line.starts_with('#') && !line.contains("==")
        };
        return text
            .lines()
            .enumerate()
            .filter(unpinned)
            .map(|(at, _)| Finding::new(path, at + 1, "pin the version with `==`"))
            .collect();
    }
    if path != "Cargo.toml" && !path.ends_with("/Cargo.toml") {
        return Vec::new();
    }
    let (mut section, mut findings) = (String::new(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        if let Some(name) = line.trim().strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((name, value)) = line.split_once('=')
            && !pinned(&section, name.trim(), value)
        {
            let what = format!(
                "`{}` has no exact version; pin it with `=`, so that a build is the same tomorrow",
                name.trim()
            );
            findings.push(Finding::new(path, number + 1, what));
        }
    }
    findings
}

fn pinned(section: &str, name: &str, value: &str) -> bool {
    let list = section.rsplit('.').next().unwrap_or_default().ends_with("dependencies");
    let of_one =
        section.rsplit_once('.').is_some_and(|(before, _)| before.ends_with("dependencies"));
    let value = value.trim();
    if list {
        // From this repository, or said once for the workspace.
        value.starts_with("\"=")
            || value.contains("\"=")
            || value.contains("path =")
            || value.contains("workspace = true")
            || name.starts_with('#')
    } else {
        !(of_one && name == "version") || value.starts_with("\"=")
    }
}

#[test]
fn folders_of_a_machine_and_registries_are_found() {
    let text = ["see ", "/ho", "me/me/x", "\nnet/ho", "me/x\nfrom pypi", ".org"].concat();
    let found = machine("README.md", &text);
    assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [1, 3], "{found:#?}");
    assert!(machine("Cargo.lock", &text).is_empty());
}

#[test]
fn a_rust_file_at_the_top_is_found() {
    assert!(strays("mailbox.rs").is_some());
    assert!(strays("src/runtime/mailbox.rs").is_none() && strays("README.md").is_none());
}

#[test]
fn a_dependency_without_an_exact_version_is_found() {
    let text = "[package]\nversion = \"1\"\n[dependencies]\na = \"=1.0.0\"\nb = \"1\"\nc = { version = \"2\" }\nd = { version = \"=2.0.0\" }\ne = { path = \"..\" }\n[dev-dependencies.f]\nversion = \"3\"\n[features]\nx = [\"dep:a\"]";
    let at: Vec<_> = pins("Cargo.toml", text).iter().map(|finding| finding.line).collect();
    assert_eq!(at, [5, 6, 10]);
    assert_eq!(pins("tests/interop/requirements.txt", "# peers\na==1\nb>=2\n").len(), 1);
}
