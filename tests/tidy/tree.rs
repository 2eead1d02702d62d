//! The module tree of `src/`: which file is which module, and what each hands on.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Finding;
use crate::paths::{Named, named};
use crate::source::Source;

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The module whose file holds the item.
    pub(crate) module: Vec<String>,
    /// Modules whose `pub use` the path went through.
    pub(crate) through: Vec<Vec<String>>,
}

/// The files of the library, by module.
pub(crate) struct Tree<'a> {
    pub(crate) files: BTreeMap<Vec<String>, &'a Source>,
    children: BTreeMap<Vec<String>, Vec<String>>,
}

/// `src/conn/mod.rs` is `conn`, `src/conn/table.rs` is `conn, table`, `src/lib.rs` is the root.
pub(crate) fn module_of(path: &str) -> Option<Vec<String>> {
    let inner = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    if inner.starts_with("bin/") || inner == "main" {
        return None;
    }
    let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    Some(module)
}

impl<'a> Tree<'a> {
    pub(crate) fn new(sources: &'a [Source]) -> Self {
        let files: BTreeMap<_, _> =
            sources.iter().filter_map(|source| Some((module_of(&source.path)?, source))).collect();
        let children = files
            .iter()
            .map(|(module, source)| {
                let names = source.child_modules().into_iter().map(|(name, _)| name).collect();
                (module.clone(), names)
            })
            .collect();
        Self { files, children }
    }

    /// What the shipped part of a module's file names.
    pub(crate) fn shipped(&self, module: &[String]) -> Vec<Named> {
        let source = self.files[module];
        named(source, &source.shipped, module, &self.children[module])
    }

    /// What a module's file names, its tests included.
    pub(crate) fn all(&self, module: &[String]) -> Vec<Named> {
        let source = self.files[module];
        named(source, &source.code, module, &self.children[module])
    }

    /// Follows a path, through `pub use` where there is one, to the file that holds the item.
    pub(crate) fn place(&self, path: &[String]) -> Place {
        let (mut path, mut through) = (path.to_vec(), Vec::new());
        for _ in 0..8 {
            let module = self.nearest(&path);
            let Some(item) = path.get(module.len()).cloned() else {
                return Place { module, through };
            };
            let handed = self.all(&module).into_iter().find(|named| {
                named.handed_on && named.path.last() == Some(&item) && named.path != path
            });
            let Some(handed) = handed else {
                return Place { module, through };
            };
            let mut next = handed.path;
            next.extend_from_slice(&path[module.len() + 1..]);
            through.push(module);
            path = next;
        }
        Place { module: self.nearest(&path), through }
    }

    fn nearest(&self, path: &[String]) -> Vec<String> {
        (0..=path.len())
            .rev()
            .map(|length| &path[..length])
            .find(|prefix| self.files.contains_key(*prefix))
            .map(<[String]>::to_vec)
            .unwrap_or_default()
    }

    /// Modules that only tests have: declared under `#[cfg(test)]`, or below one that is.
    pub(crate) fn tests_only(&self) -> BTreeSet<Vec<String>> {
        let mut found = BTreeSet::new();
        for (module, source) in &self.files {
            let inherited = found.contains(module);
            for (name, tests_only) in source.child_modules() {
                if tests_only || inherited {
                    let mut child = module.clone();
                    child.push(name);
                    found.insert(child);
                }
            }
        }
        found
    }

    /// Files no `mod` leads to are never compiled.
    pub(crate) fn dead_files(&self) -> Vec<Finding> {
        self.files
            .iter()
            .filter(|(module, _)| !module.is_empty())
            .filter(|(module, _)| {
                let (name, parent) = module.split_last().expect("the root has been left out");
                !self.children.get(parent).is_some_and(|names| names.contains(name))
            })
            .map(|(module, source)| {
                let what = format!(
                    "no `mod {};` leads to this file, so it is never compiled; declare it or delete it",
                    module.last().map_or("", String::as_str)
                );
                Finding::new(&source.path, 0, what)
            })
            .collect()
    }
}

#[test]
fn a_file_nobody_declares_is_found() {
    let sources = [
        Source::new("src/lib.rs", "mod a;"),
        Source::new("src/a.rs", ""),
        Source::new("src/b.rs", ""),
    ];
    let found = Tree::new(&sources).dead_files();
    assert_eq!(found.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(), ["src/b.rs"]);
}

#[test]
fn a_path_is_followed_through_what_is_handed_on() {
    let sources = [
        Source::new("src/lib.rs", "pub mod wire;"),
        Source::new("src/wire/mod.rs", "mod id; pub use id::AnswerId;"),
        Source::new("src/wire/id.rs", "pub struct AnswerId;"),
    ];
    let own = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let place = Tree::new(&sources).place(&own("wire/AnswerId"));
    assert_eq!(place, Place { module: own("wire/id"), through: vec![own("wire")] });
}
