//! The paths a file names: in `use` declarations, and inline as `crate::…` and `super::…`.

use crate::source::{Source, closing, is_word, words};

/// One path a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// Where it stands.
    pub(crate) offset: usize,
    /// Segments from the crate's root.
    pub(crate) path: Vec<String>,
    /// Whether it stands in a `pub use`, which hands on and does not need.
    pub(crate) handed_on: bool,
}

/// All paths from the crate's root that `text` names; `text` is a version of `source`, `module` its module.
pub(crate) fn named(
    source: &Source,
    text: &str,
    module: &[String],
    children: &[String],
) -> Vec<Named> {
    let inline = inline_modules(text);
    let mut found = Vec::new();
    let mut skip = 0;
    for word in words(text) {
        if word.start < skip {
            continue;
        }
        let mut here = module.to_vec();
        here.extend(
            inline
                .iter()
                .filter(|(range, _)| range.contains(&word.start))
                .map(|(_, name)| name.clone()),
        );
        match &text[word.clone()] {
            "use" => {
                let end = text[word.end..].find(';').map_or(text.len(), |at| word.end + at);
                let handed_on = is_public(&source.code[..word.start]);
                let mut leaves = Vec::new();
                leaves_of(&text[word.end..end], &[], &mut leaves);
                for leaf in leaves {
                    if let Some(path) = absolute(&leaf, &here, children) {
                        found.push(Named { offset: word.start, path, handed_on });
                    }
                }
                skip = end;
            }
            "crate" | "super" if begins_path(text, word.start) => {
                let (segments, end) = inline_path(text, word.start);
                skip = end;
                if segments.iter().any(|segment| segment != "super" && segment != "crate")
                    && let Some(path) = absolute(&segments, &here, children)
                {
                    found.push(Named { offset: word.start, path, handed_on: false });
                }
            }
            _ => {}
        }
    }
    found
}

/// Modules with a body in the same file: the body's range, and the name.
fn inline_modules(text: &str) -> Vec<(std::ops::Range<usize>, String)> {
    let words = words(text);
    words
        .windows(2)
        .filter(|pair| &text[pair[0].clone()] == "mod")
        .filter_map(|pair| {
            let rest = &text[pair[1].end..];
            let open = pair[1].end + rest.len() - rest.trim_start().len();
            rest.trim_start()
                .starts_with('{')
                .then(|| (open..closing(text, open), text[pair[1].clone()].to_owned()))
        })
        .collect()
}

fn is_public(before: &str) -> bool {
    let start = before.rfind([';', '}', '{', ']']).map_or(0, |at| at + 1);
    before[start..].trim_start().starts_with("pub")
}

/// Neither inside another path, nor the restriction of a visibility.
fn begins_path(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end();
    let inside = before.ends_with("::");
    let restriction = before.ends_with("(in") || before.ends_with("( in");
    !inside && !restriction && text[at..].trim_start_matches(|c| is_word(c as u8)).starts_with("::")
}

fn inline_path(text: &str, start: usize) -> (Vec<String>, usize) {
    let bytes = text.as_bytes();
    let (mut at, mut segments) = (start, Vec::new());
    loop {
        let begin = at;
        while at < bytes.len() && is_word(bytes[at]) {
            at += 1;
        }
        if at > begin {
            segments.push(text[begin..at].to_owned());
        }
        if !text[at..].starts_with("::") || !bytes.get(at + 2).is_some_and(|byte| is_word(*byte)) {
            return (segments, at);
        }
        at += 2;
    }
}

/// Writes out a use tree: `a::{b, c::*}` is `a::b` and `a::c::*`.
fn leaves_of(tree: &str, prefix: &[String], out: &mut Vec<Vec<String>>) {
    for branch in split_top(tree) {
        let branch = branch.trim();
        let mut path = prefix.to_vec();
        let (head, group) = match branch.find('{') {
            Some(open) => (&branch[..open], Some(&branch[open + 1..closing(branch, open) - 1])),
            None => (branch.split(" as ").next().unwrap_or(branch), None),
        };
        let segments = head.split("::").map(str::trim).filter(|segment| !segment.is_empty());
        path.extend(segments.map(str::to_owned));
        match group {
            Some(group) => leaves_of(group, &path, out),
            None if !path.is_empty() && !branch.is_empty() => out.push(path),
            None => {}
        }
    }
}

fn split_top(tree: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, byte) in tree.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tree[start..]);
    parts
}

/// The path from the crate's root, or nothing for a path into another crate.
fn absolute(segments: &[String], here: &[String], children: &[String]) -> Option<Vec<String>> {
    let first = segments.first()?.as_str();
    let mut base = match first {
        "crate" => Vec::new(),
        "super" | "self" => here.to_vec(),
        child if children.iter().any(|name| name == child) => {
            let mut path = here.to_vec();
            path.push(child.to_owned());
            path
        }
        _ => return None,
    };
    for segment in segments.iter().skip(usize::from(first != "super")) {
        match segment.as_str() {
            "super" => drop(base.pop()),
            "self" => {}
            other => base.push(other.to_owned()),
        }
    }
    Some(base)
}

#[cfg(test)]
fn paths_of(module: &[&str], children: &[&str], text: &str) -> Vec<String> {
    let own = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let source = Source::new("src/x.rs", text);
    named(&source, &source.code, &own(module), &own(children))
        .into_iter()
        .map(|name| name.path.join("/"))
        .collect()
}

#[test]
fn use_trees_are_written_out() {
    let text = "use crate::wire::{id::{A, B as C}, Path};\nuse super::table::*;\nuse std::fmt;\nuse event::Event;";
    assert_eq!(
        paths_of(&["conn", "question"], &["event"], text),
        ["wire/id/A", "wire/id/B", "wire/Path", "conn/table/*", "conn/question/event/Event"]
    );
}

#[test]
fn inline_paths_count_and_visibilities_do_not() {
    let text = "pub(super) fn f(a: crate::vat::Node) { super::table::go::<u8>() }\npub(in crate::rpc) struct S;";
    assert_eq!(paths_of(&["conn", "question"], &[], text), ["vat/Node", "conn/table/go"]);
}

#[test]
fn super_inside_an_inline_module_is_the_file_itself() {
    let text = "mod tests { use super::*; use super::super::table::Table; }";
    assert_eq!(paths_of(&["conn", "x"], &[], text), ["conn/x/*", "conn/table/Table"]);
}
