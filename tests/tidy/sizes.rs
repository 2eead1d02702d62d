//! How long a file and a function may be.

use std::ops::Range;

use crate::finding::Finding;
use crate::source::{Source, closing, words};

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;

/// Files and functions too long to be read in one go.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = source.raw.lines().count();
    if lines > FILE_LINES {
        let what = format!(
            "{lines} lines, {FILE_LINES} is the limit; split it along what changes for different reasons"
        );
        findings.push(Finding::new(&source.path, 0, what));
    }
    let words = words(&source.code);
    let is_function = |pair: &&[Range<usize>]| {
        // Followed by a name: what is followed by a list is a type.
        &source.code[pair[0].clone()] == "fn" && !source.code[pair[0].end..].starts_with('(')
    };
    for pair in words.windows(2).filter(is_function) {
        let Some(end) = body_end(&source.code, pair[1].end) else { continue };
        let (first, last) = (source.line(pair[0].start), source.line(end - 1));
        let lines = last - first + 1;
        if lines > FUNCTION_LINES {
            let name = &source.code[pair[1].clone()];
            let what = format!(
                "fn {name} has {lines} lines, {FUNCTION_LINES} is the limit; name its steps"
            );
            findings.push(Finding::new(&source.path, first, what));
        }
    }
    findings
}

/// Behind the body's closing brace; nothing for a declaration.
fn body_end(code: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        match code.as_bytes().get(at)? {
            b'{' => return Some(closing(code, at)),
            b';' => return None,
            b'(' | b'[' => at = closing(code, at),
            _ => at += 1,
        }
    }
}

#[test]
fn a_long_function_and_a_long_file_are_found() {
    let long = format!(
        "fn short(a: [u8; 4]) -> u8 {{ 1 }}\nfn long() {{\n{}}}\n",
        "    step();\n".repeat(69)
    );
    let found = check(&Source::new("src/wire/x.rs", &long));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].what.starts_with("fn long has 71 lines") && found[0].line == 2);
    let file = check(&Source::new("src/wire/x.rs", &"\n".repeat(501)));
    assert!(file.len() == 1 && file[0].what.starts_with("501 lines"));
}
