//! The README says what the core needs, and why; cargo says whether that is so.

use std::collections::BTreeSet;

use crate::finding::Finding;

const HEADING: &str = "## What the core needs";

/// Crates in the table below the heading, each with its reason.
fn told(readme: &str) -> BTreeSet<&str> {
    let section = readme.split_once(HEADING).map_or("", |(_, rest)| rest);
    let section = section.split("\n## ").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .filter(|(_, reason)| reason.trim_end_matches([' ', '|']).len() > 10)
        .map(|(name, _)| name)
        .collect()
}

/// Crates in what `cargo tree --prefix none` lists, but for the first: that is the one that needs them.
fn needed(tree: &str) -> BTreeSet<&str> {
    tree.lines().skip(1).filter_map(|line| line.split(' ').next()).collect()
}

/// What the README does not tell, or tells though it is not so.
pub(crate) fn check(readme: &str, tree: &str) -> Vec<Finding> {
    let (told, needed) = (told(readme), needed(tree));
    let say = |what: String| Finding::new("README.md", 0, what);
    let untold = needed.difference(&told).map(|name| {
        say(format!("the core needs `{name}`; say why under `{HEADING}`, or do without it"))
    });
    let gone = told
        .difference(&needed)
        .map(|name| say(format!("the core does not need `{name}`; take it out under `{HEADING}`")));
    untold.chain(gone).collect()
}

#[test]
fn a_crate_that_is_not_told_or_not_needed_is_found() {
    let readme = "# a\n## What the core needs\n| crate | for |\n| `b` | some good reason |\n\
                  | `c` | another reason |\n| `e` | |\n## Next\n| `d` | some good reason |\n";
    let found = check(readme, "a v1\nb v1\nd v1\ne v1\n");
    let found: Vec<_> = found.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].contains("needs `d`") && found[1].contains("needs `e`"));
    assert!(found[2].contains("not need `c`"));
    assert!(check(readme, "a v1\nb v1\nc v1\n").is_empty());
}
