//! Rooms stand on floors: a file imports its own room and the floors below it, and nothing goes in a circle.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::source::Source;
use crate::tree::Tree;

/// Each room and its floor. Rooms of one floor do not know each other, except that `wire` reads
/// its messages with the generated code in `schema`, and `compat` is `rpc` by other names.
const FLOORS: &[(&str, u8)] = &[
    ("schema", 1),
    ("wire", 1),
    ("transport", 2),
    ("conn", 2),
    ("vat", 3),
    // A peer written by hand; it knows no table of ours.
    ("probe", 3),
    // Watches two peers; it knows no table of ours either.
    ("trace", 3),
    ("runtime", 4),
    ("rpc", 5),
    ("compat", 5),
    ("worker", 6),
    // What the binary is made of stands on top of all.
    ("cli", 7),
];

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

fn allowed(from: &str, to: &str) -> bool {
    from == to
        || [("wire", "schema"), ("compat", "rpc")].contains(&(from, to))
        || floor(to) < floor(from)
}

type Edges = BTreeMap<Vec<String>, Vec<(Vec<String>, usize)>>;

/// Upward imports, imports through the file's own `mod.rs`, and circles.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let tree = Tree::new(sources);
    let mut findings = unknown_rooms(&tree);
    findings.extend(upward(&tree));
    let (edges, detours) = edges(&tree);
    findings.extend(detours);
    findings.extend(circles(&tree, &edges));
    findings
}

fn unknown_rooms(tree: &Tree) -> Vec<Finding> {
    tree.files
        .iter()
        .filter_map(|(module, source)| Some((module.first()?, source)))
        .filter(|(room, _)| floor(room).is_none())
        .map(|(room, source)| {
            let what = format!("the room `{room}` has no floor; give it one in tests/tidy/floors.rs, or move the file");
            Finding::new(&source.path, 0, what)
        })
        .collect()
}

fn upward(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (module, source) in &tree.files {
        let Some(room) = module.first() else { continue };
        for named in tree.all(module) {
            let Some(other) = named.path.first().filter(|name| floor(name).is_some()) else {
                continue;
            };
            if !allowed(room, other) {
                let what = format!(
                    "`{room}` (floor {}) imports `{other}` (floor {}); a room knows only itself and lower floors: \
                     move the item down, or let the upper room pass it in",
                    floor(room).unwrap_or(0),
                    floor(other).unwrap_or(0)
                );
                findings.push(Finding::new(&source.path, source.line(named.offset), what));
            }
        }
    }
    findings
}

/// Which file needs which of its own room, and the paths that go through an ancestor's `pub use`.
fn edges(tree: &Tree) -> (Edges, Vec<Finding>) {
    let tests_only = tree.tests_only();
    let (mut edges, mut findings) = (Edges::new(), Vec::new());
    for (module, source) in tree.files.iter().filter(|(module, _)| !tests_only.contains(*module)) {
        for named in tree.shipped(module).into_iter().filter(|named| !named.handed_on) {
            let place = tree.place(&named.path);
            let line = source.line(named.offset);
            let detour = place.through.iter().find(|way| module.starts_with(way) && *way != module);
            if let Some(way) = detour {
                let what = format!(
                    "`{}` is reached through what `{}` hands on, which in turn needs this file: a circle; \
                     name its file: `{}`",
                    named.path.join("::"),
                    path_of(tree, way),
                    direct(module, &place.module, &named.path),
                );
                findings.push(Finding::new(&source.path, line, what));
            } else if place.module != *module && place.module.first() == module.first() {
                edges.entry(module.clone()).or_default().push((place.module, line));
            }
        }
    }
    (edges, findings)
}

fn direct(from: &[String], to: &[String], named: &[String]) -> String {
    let item = named.last().map_or("", String::as_str);
    if let [.., parent, file] = to
        && from.len() == to.len()
        && from[..to.len() - 1] == to[..to.len() - 1]
        && !parent.is_empty()
    {
        return format!("super::{file}::{item}");
    }
    format!("crate::{}::{item}", to.join("::"))
}

fn path_of(tree: &Tree, module: &[String]) -> String {
    tree.files.get(module).map_or_else(|| module.join("::"), |source| source.path.clone())
}

/// One finding for each circle, at the import that closes it.
fn circles(tree: &Tree, edges: &Edges) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut done = Vec::new();
    for start in edges.keys() {
        visit(tree, edges, start, &mut Vec::new(), &mut done, &mut findings);
    }
    findings
}

fn visit(
    tree: &Tree,
    edges: &Edges,
    at: &Vec<String>,
    way: &mut Vec<Vec<String>>,
    done: &mut Vec<Vec<String>>,
    findings: &mut Vec<Finding>,
) {
    if done.contains(at) {
        return;
    }
    way.push(at.clone());
    for (next, line) in edges.get(at).into_iter().flatten() {
        if let Some(begin) = way.iter().position(|module| module == next) {
            let mut names: Vec<_> =
                way[begin..].iter().map(|module| path_of(tree, module)).collect();
            names.push(path_of(tree, next));
            let what = format!(
                "files import each other in a circle: {}; move what both need into a file of its own",
                names.join(" -> ")
            );
            findings.push(Finding::new(&path_of(tree, at), *line, what));
        } else {
            visit(tree, edges, next, way, done, findings);
        }
    }
    way.pop();
    done.push(at.clone());
}

#[cfg(test)]
fn findings(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<_> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    check(&sources).iter().map(ToString::to_string).collect()
}

#[test]
fn an_upward_import_is_found() {
    let found = findings(&[
        ("src/lib.rs", "mod wire; mod conn;"),
        ("src/wire/mod.rs", "//! Wire.\n\nuse crate::conn::Connection;"),
        ("src/conn/mod.rs", "pub struct Connection; fn f(t: crate::transport::Link) {}"),
    ]);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(
        found
            .iter()
            .any(|line| line.starts_with("src/wire/mod.rs:3: `wire` (floor 1) imports `conn`"))
    );
    assert!(found.iter().any(|line| line.contains("`conn` (floor 2) imports `transport`")));
}

#[test]
fn a_circle_of_files_is_found_and_a_line_is_not() {
    let circle = findings(&[
        ("src/conn/mod.rs", "mod a; mod b; pub use a::A;"),
        ("src/conn/a.rs", "use super::b::B; pub struct A;"),
        ("src/conn/b.rs", "use crate::conn::a::A; pub struct B;"),
    ]);
    assert_eq!(circle.len(), 1, "{circle:#?}");
    assert!(circle[0].contains("src/conn/a.rs -> src/conn/b.rs -> src/conn/a.rs"), "{}", circle[0]);
    let line = findings(&[
        ("src/conn/mod.rs", "mod a; mod b; pub use a::A;"),
        ("src/conn/a.rs", "use super::b::B; pub struct A;"),
        ("src/conn/b.rs", "pub struct B; #[cfg(test)] mod tests { use super::super::a::A; }"),
    ]);
    assert!(line.is_empty(), "{line:#?}");
}

#[test]
fn a_way_through_the_own_mod_rs_is_found() {
    let found = findings(&[
        ("src/conn/mod.rs", "mod a; mod b; pub use a::A;"),
        ("src/conn/a.rs", "pub struct A;"),
        ("src/conn/b.rs", "use super::A;"),
    ]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("src/conn/b.rs:1:") && found[0].contains("super::a::A"),
        "{}",
        found[0]
    );
}

#[test]
fn a_room_without_a_floor_is_found() {
    let found = findings(&[("src/lib.rs", "mod attic;"), ("src/attic.rs", "")]);
    assert!(found.len() == 1 && found[0].contains("`attic` has no floor"), "{found:#?}");
}
