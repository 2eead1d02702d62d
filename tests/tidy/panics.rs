//! What can panic where bytes of a peer lead: counted file by file against a record, each with its proof beside it.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::source::{Source, is_word};

/// Floors 1 to 6. The probe and the binary are peers themselves, and end by an error of their own.
const ROOMS: [&str; 9] =
    ["wire", "conn", "vat", "transport", "runtime", "rpc", "compat", "worker", "trace"];

/// How far above an index its proof may stand, in lines.
const NEAR: usize = 8;

/// How a proof of an index begins.
const PROOF: &str = "// In bounds: ";

/// What may panic in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// `expect`s; their text is their proof.
    expects: usize,
    /// Indexing and slicing.
    indexes: usize,
    /// `assert!` and its like, but those of a debug build.
    asserts: usize,
}

impl Count {
    pub(crate) fn of(source: &Source) -> Self {
        let asserts = source.shipped.match_indices("assert").filter(|(at, _)| {
            let before = at.checked_sub(1).map(|at| source.shipped.as_bytes()[at]);
            let rest = source.shipped[*at..].trim_start_matches(|c: char| is_word(c as u8));
            !before.is_some_and(is_word) && rest.starts_with('!')
        });
        Self {
            expects: source.shipped.matches(".expect(").count(),
            indexes: indexes(source).len(),
            asserts: asserts.count(),
        }
    }

    fn line(self, path: &str) -> String {
        format!("{path} {} {} {}", self.expects, self.indexes, self.asserts)
    }
}

/// Where something is indexed or sliced: a bracket right behind a name or another bracket.
fn indexes(source: &Source) -> Vec<usize> {
    let code = source.shipped.as_bytes();
    let begins = |at: &usize| {
        let before = at.checked_sub(1).and_then(|before| code.get(before));
        before.is_some_and(|byte| is_word(*byte) || matches!(byte, b')' | b']'))
    };
    source.shipped.match_indices('[').map(|(at, _)| at).filter(begins).collect()
}

fn is_floor(source: &Source) -> bool {
    let room = source.path.strip_prefix("src/").and_then(|path| path.split('/').next());
    room.is_some_and(|room| ROOMS.contains(&room))
}

/// Each index has its proof near it.
pub(crate) fn proofs(source: &Source) -> Vec<Finding> {
    if !is_floor(source) {
        return Vec::new();
    }
    let lines: Vec<_> = source.raw.lines().collect();
    let proven = |line: usize| {
        let from = line.saturating_sub(NEAR + 1);
        lines.get(from..line).is_some_and(|near| near.iter().any(|it| it.contains(PROOF)))
    };
    let bare = indexes(source).into_iter().map(|at| source.line(at)).filter(|line| !proven(*line));
    let what = format!("an index may panic: use `get`, or say right above why not: `{PROOF}…`");
    bare.map(|line| Finding::new(&source.path, line, &*what)).collect()
}

/// How the counts differ from the record.
pub(crate) fn against(record: &str, sources: &[Source]) -> Vec<Finding> {
    let told: BTreeMap<&str, &str> = record
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some((line.split_once(' ')?.0, line)))
        .collect();
    let counted: BTreeMap<&str, Count> = sources
        .iter()
        .filter(|source| is_floor(source))
        .map(|source| (source.path.as_str(), Count::of(source)))
        .filter(|(_, count)| *count != Count::default())
        .collect();
    let differs = |(path, count): (&&str, &Count)| {
        let line = count.line(path);
        (told.get(path) != Some(&line.as_str())).then(|| {
            let what = format!(
                "what may panic here is counted otherwise in tests/tidy/panics.txt; were it meant: `{line}`"
            );
            Finding::new(path, 0, what)
        })
    };
    let gone = told.keys().filter(|path| !counted.contains_key(**path));
    let gone = gone.map(|path| Finding::new(path, 0, "nothing may panic here: take its line out"));
    counted.iter().filter_map(differs).chain(gone).collect()
}

#[test]
fn an_index_without_a_proof_is_found_and_a_type_is_none() {
    let text = "fn a(b: &[u8; 4], c: [u8; 2]) -> Vec<[u8; 2]> {\n // In bounds: by its type.\n b[0];\n vec![1];\n let [x, y] = c;\n}\n\n\n\n\n\n#[derive(A)]\nfn d() { e()[1..]; f.expect(\"because\"); assert!(g); debug_assert!(h); }\n#[cfg(test)]\nmod tests { fn t() { x[0] } }";
    let source = Source::new("src/wire/x.rs", text);
    assert_eq!(Count::of(&source), Count { expects: 1, indexes: 2, asserts: 1 });
    let found = proofs(&source);
    assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [13], "{found:#?}");
    assert!(proofs(&Source::new("src/bin/bowline/x.rs", text)).is_empty());
}

#[test]
fn a_count_that_differs_from_the_record_is_found() {
    let source = Source::new("src/wire/x.rs", "fn d() { e()[1..]; }");
    let sources = [source];
    assert!(against("# path\nsrc/wire/x.rs 0 1 0\n", &sources).is_empty());
    assert_eq!(against("src/wire/x.rs 0 0 0\n", &sources).len(), 1);
    assert_eq!(against("src/wire/x.rs 0 1 0\nsrc/wire/y.rs 1 0 0\n", &sources).len(), 1);
}
