//! What a module of JavaScript or TypeScript exports, as far as one sees that without understanding it.

use super::entrypoints::Entrypoints;

/// The entrypoints a module may offer: what it exports by name, values included. A text without exports is an
/// old Worker, which has the default entrypoint only. [`Entrypoints::Unknown`] if it hands on what others export.
pub(super) fn exports(code: &str) -> Entrypoints {
    let words = words(code);
    let (mut default, mut named, mut any) = (false, Vec::new(), false);
    let mut rest = words.as_slice();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != "export" {
            continue;
        }
        any = true;
        match tail {
            ["default", ..] => default = true,
            ["{", list @ ..] => {
                for name in listed(list) {
                    if name == "default" { default = true } else { named.push(name.to_owned()) }
                }
            }
            _ => match declared(tail) {
                Some(name) => named.push(name.to_owned()),
                None => return Entrypoints::Unknown,
            },
        }
    }
    Entrypoints::Known { default: default || !any, named }
}

/// The name a declaration gives.
fn declared<'a>(words: &[&'a str]) -> Option<&'a str> {
    const KINDS: [&str; 9] =
        ["class", "const", "let", "var", "function", "enum", "interface", "type", "namespace"];
    const BEFORE: [&str; 4] = ["async", "abstract", "declare", "*"];
    let mut words = words.iter().skip_while(|word| BEFORE.contains(*word) && **word != "*");
    let kind = words.next()?;
    // `export * from`, or a list of variables in braces.
    if !KINDS.contains(kind) {
        return None;
    }
    let name = words.find(|word| !BEFORE.contains(*word) && **word != "enum")?;
    name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$').then_some(name)
}

/// The names in `{ a, b as c }`, of which the brace is read.
fn listed<'a>(words: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let end = words.iter().position(|word| *word == "}").unwrap_or(words.len());
    let list = words.get(..end).unwrap_or_default();
    list.split(|word| *word == ",").filter_map(|entry| entry.last().copied())
}

/// The words and signs of a text, without comments, strings and patterns.
fn words(code: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => line(rest),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '/' if begins_pattern(words.last().copied()) => quoted(rest, '/'),
            '"' | '\'' | '`' => quoted(rest, first),
            _ if is_letter(first) => rest.find(|c| !is_letter(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (word, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let comment = word.starts_with("//") || word.starts_with("/*");
        if !comment && !first.is_whitespace() {
            // What is in quotes is one sign, whatever it says.
            words.push(if matches!(first, '"' | '\'' | '`') { "\"" } else { word });
        }
        rest = tail;
    }
    words
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// A slash behind this begins a pattern; behind a value it divides.
fn begins_pattern(before: Option<&str>) -> bool {
    match before {
        None | Some("return" | "typeof" | "case" | "in" | "of" | "await" | "yield") => true,
        Some(word) => !word.starts_with(is_letter) && !matches!(word, ")" | "]" | "}" | "\""),
    }
}

/// How long it is up to the quote that ends it. What is put into a template is taken as a part of it; one within it
/// that has backticks of its own ends it early, and the rest is read as if it were code.
fn quoted(text: &str, quote: char) -> usize {
    let (mut escaped, mut class) = (false, false);
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if quote != '`' => return at,
            '[' if quote == '/' => class = true,
            ']' if quote == '/' => class = false,
            _ if c == quote && !class => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(default: bool, names: &[&str]) -> Entrypoints {
        Entrypoints::Known { default, named: names.iter().map(|name| (*name).to_owned()).collect() }
    }

    #[test]
    fn what_a_module_exports_is_seen() {
        for (code, seen) in [
            ("export default { fetch() {} }", known(true, &[])),
            ("addEventListener('fetch', f)", known(true, &[])),
            ("export class Admin extends WorkerEntrypoint {}", known(false, &["Admin"])),
            ("export default class A {}\nexport class B {}", known(true, &["B"])),
            (
                "class A {} class B {}; export { A, B as C, D as default, }",
                known(true, &["A", "C"]),
            ),
            ("export { A } from './a.js'", known(false, &["A"])),
            (
                "export const a = 1, b = /export class X/, c = 'export class Y'",
                known(false, &["a"]),
            ),
            ("// export class A\n/* export class B */ export let c", known(false, &["c"])),
            ("export async function* f() {} export function g() {}", known(false, &["f", "g"])),
            (
                "export abstract class A<T> {} export const enum E {} export type T = 1",
                known(false, &["A", "E", "T"]),
            ),
            ("x = `export class A` / 2; export var z = a / b / c", known(false, &["z"])),
            ("export default 1; s = \"it's\"; t = 'a\\'b'; export class Q {}", known(true, &["Q"])),
            ("export * from './all.js'", Entrypoints::Unknown),
            ("export * as all from './all.js'", Entrypoints::Unknown),
            ("export const { a, b } = c", Entrypoints::Unknown),
        ] {
            assert_eq!(exports(code), seen, "{code}");
        }
    }
}
