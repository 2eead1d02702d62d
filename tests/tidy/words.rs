//! Words that may not stand in some places: I/O in the core, panics in what ships, names that say nothing.

use crate::finding::Finding;
use crate::source::{Source, is_word, words};

/// The rooms that do no I/O and know neither time, threads nor chance.
const SANS_IO: [&str; 3] = ["wire", "conn", "vat"];

const PURITY: &[(&str, &str)] = &[
    ("std::io", "take bytes as slices, give them as vectors"),
    ("std::net", "connections arrive as messages; sockets live in `transport`"),
    ("std::fs", "the core reads no files"),
    ("std::env", "pass settings in a config"),
    ("std::thread", "a vat lives on one thread; threads live in `runtime`"),
    ("Instant::now", "time is passed in"),
    ("SystemTime", "time is passed in"),
    ("RefCell", "take `&mut self`"),
    ("Cell", "take `&mut self`"),
    ("OnceCell", "take `&mut self`"),
    ("UnsafeCell", "take `&mut self`"),
    ("Mutex", "take `&mut self`"),
    ("RwLock", "take `&mut self`"),
    ("AtomicBool", "take `&mut self`"),
    ("AtomicU32", "take `&mut self`"),
    ("AtomicU64", "take `&mut self`"),
    ("AtomicUsize", "take `&mut self`"),
    ("Rc", "own it, or name it by a key"),
    ("rand", "the core is deterministic: same inputs, same outputs"),
    (
        "HashMap",
        "its seed is chance, and a peer may choose the keys: use the paged array or an ordered tree",
    ),
    (
        "HashSet",
        "its seed is chance, and a peer may choose the keys: use the paged array or an ordered tree",
    ),
    ("Waker", "return an event; `runtime` wakes"),
    ("tokio", "only `transport` and `runtime` know it"),
    ("async", "return an event; only `runtime` and above know `later`"),
    ("println!", "the core prints nothing"),
    ("eprintln!", "the core prints nothing"),
];

const PANICS: &[(&str, &str)] = &[
    (".unwrap()", "return an error; or `expect` with the proof that it cannot be"),
    (".unwrap_err()", "match on it"),
    ("panic!", "return an error that names the broken rule"),
    ("unreachable!", "let the type say it; or `expect` with the proof"),
    ("todo!", "finish it"),
    ("unimplemented!", "finish it, or do not offer it"),
    ("dbg!", "take it out"),
];

/// Shorter than this, the text of an `expect` is no proof.
const PROOF_LENGTH: usize = 10;

const EMPTY_NAMES: &[&str] =
    &["manager", "managers", "helper", "helpers", "util", "utils", "common"];

/// What the three core rooms may not name.
pub(crate) fn purity(source: &Source) -> Vec<Finding> {
    let room = source.path.split('/').nth(1).unwrap_or_default();
    if !SANS_IO.contains(&room) {
        return Vec::new();
    }
    let named = |(word, instead): &(&str, &str)| {
        let what =
            format!("`{room}` does no I/O and is deterministic, but names `{word}`; {instead}");
        positions(&source.shipped, word)
            .map(|at| Finding::new(&source.path, source.line(at), &*what))
            .collect::<Vec<_>>()
    };
    let mut findings: Vec<_> = PURITY.iter().flat_map(named).collect();
    findings.extend(grouped_std(source, room));
    findings
}

/// `use std::{io, fmt}` names `std::io` as well.
fn grouped_std(source: &Source, room: &str) -> Vec<Finding> {
    let code = &source.shipped;
    let mut findings = Vec::new();
    for at in positions(code, "use std::{") {
        let end = code[at..].find(';').map_or(code.len(), |length| at + length);
        for module in ["io", "net", "fs", "env", "thread"] {
            if words(&code[at..end]).iter().any(|word| &code[at..end][word.clone()] == module) {
                let what =
                    format!("`{room}` does no I/O and is deterministic, but names `std::{module}`");
                findings.push(Finding::new(&source.path, source.line(at), what));
            }
        }
    }
    findings
}

/// What ships does not panic, and an `expect` carries its proof.
pub(crate) fn panics(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (word, instead) in PANICS {
        for at in positions(&source.shipped, word) {
            let what = format!("`{word}` outside tests; {instead}");
            findings.push(Finding::new(&source.path, source.line(at), what));
        }
    }
    for at in positions(&source.shipped, ".expect(") {
        let argument = source.raw[at + ".expect(".len()..].trim_start();
        let text = argument.strip_prefix('"').and_then(|text| text.split('"').next());
        if text.is_none_or(|text| text.len() < PROOF_LENGTH) {
            let what = "`expect` must state as a string why it cannot fail here";
            findings.push(Finding::new(&source.path, source.line(at), what));
        }
    }
    findings
}

/// Types and modules named by words that say nothing.
pub(crate) fn names(source: &Source) -> Vec<Finding> {
    const DECLARES: [&str; 6] = ["struct", "enum", "union", "trait", "type", "mod"];
    let mut findings = Vec::new();
    let mut report = |name: &str, line: usize| {
        if let Some(part) =
            parts(name).into_iter().find(|part| EMPTY_NAMES.contains(&part.as_str()))
        {
            let what = format!(
                "`{name}`: `{part}` says nothing; name what it does, in the words of the design"
            );
            findings.push(Finding::new(&source.path, line, what));
        }
    };
    for segment in source.path.trim_end_matches(".rs").split('/') {
        report(segment, 0);
    }
    for pair in words(&source.code).windows(2) {
        if DECLARES.contains(&&source.code[pair[0].clone()]) {
            report(&source.code[pair[1].clone()], source.line(pair[1].start));
        }
    }
    findings
}

/// `FrameHelper` and `frame_helper` are both `frame`, `helper`.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for letter in name.chars() {
        if letter == '_' || letter.is_ascii_uppercase() {
            parts.push(String::new());
        }
        if letter != '_' {
            parts.last_mut().expect("the list begins with one").push(letter.to_ascii_lowercase());
        }
    }
    parts
}

/// A room's first line is a sentence a newcomer can repeat.
pub(crate) fn room_sentence(source: &Source) -> Option<Finding> {
    let is_room = source.path.ends_with("/mod.rs") || source.path == "src/lib.rs";
    let first = source.raw.lines().next().unwrap_or_default();
    let long_enough = first.strip_prefix("//! ").is_some_and(|text| text.split(' ').count() >= 4);
    (is_room && !long_enough).then(|| {
        let what =
            "the file of a room begins with `//! ` and a sentence that says what the room is";
        Finding::new(&source.path, 1, what)
    })
}

/// Where `word` stands as a word of its own.
fn positions<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let first_is_word = word.as_bytes().first().is_some_and(|byte| is_word(*byte));
    let last_is_word = word.as_bytes().last().is_some_and(|byte| is_word(*byte));
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = at.checked_sub(1).map(|before| code.as_bytes()[before]);
        let after = code.as_bytes().get(at + word.len());
        let glued_before = first_is_word && before.is_some_and(is_word);
        let glued_after = last_is_word && after.is_some_and(|byte| is_word(*byte));
        !glued_before && !glued_after
    })
}

#[cfg(test)]
fn lines(findings: &[Finding]) -> Vec<usize> {
    findings.iter().map(|finding| finding.line).collect()
}

#[test]
fn io_in_the_core_is_found_and_in_a_transport_is_not() {
    let text = "use std::io::Read;\nuse std::{fmt, net};\nlet c: RefCell<u8>;\nlet t = Instant::now();\n#[cfg(test)]\nmod tests { use std::rc::Rc; }\nstruct Cellar; // Mutex";
    let found = purity(&Source::new("src/conn/x.rs", text));
    assert_eq!(
        {
            let mut at = lines(&found);
            at.sort_unstable();
            at
        },
        [1, 2, 3, 4],
        "{found:#?}"
    );
    assert!(purity(&Source::new("src/transport/x.rs", text)).is_empty());
}

#[test]
fn panics_outside_tests_are_found() {
    let text = "fn a() {\n b.unwrap();\n panic!();\n c.expect(\"short\");\n d.expect(\n  \"the list begins with one\");\n unreachable!();\n e.unwrap_or(1);\n assert!(true);\n}\n#[cfg(test)]\nmod tests { fn t() { x.unwrap() } }";
    let mut at = lines(&panics(&Source::new("src/conn/x.rs", text)));
    at.sort_unstable();
    assert_eq!(at, [2, 3, 4, 7]);
}

#[test]
fn names_that_say_nothing_are_found() {
    let text = "struct FrameHelper;\nmod utils {}\nstruct Commonality;\nlet helper = 1;";
    assert_eq!(lines(&names(&Source::new("src/conn/x.rs", text))), [1, 2]);
    assert_eq!(lines(&names(&Source::new("tests/common/mod.rs", ""))), [0]);
}

#[test]
fn a_room_without_a_sentence_is_found() {
    assert!(room_sentence(&Source::new("src/conn/mod.rs", "mod a;")).is_some());
    assert!(
        room_sentence(&Source::new("src/conn/mod.rs", "//! A connection is one stream.")).is_none()
    );
    assert!(room_sentence(&Source::new("src/conn/a.rs", "mod a;")).is_none());
}
