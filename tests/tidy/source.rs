//! One source file, with its comments, strings and tests told apart from the code that ships.

use std::ops::Range;

/// Text of a Rust file in three versions of equal length, so that an offset means the same in each.
pub(crate) struct Source {
    /// Path from the repository's root, with `/`.
    pub(crate) path: String,
    /// The file as it is.
    pub(crate) raw: String,
    /// Comments, and what stands in strings and character literals, replaced by blanks.
    pub(crate) code: String,
    /// `code` without items under `#[cfg(test)]`.
    pub(crate) shipped: String,
}

impl Source {
    pub(crate) fn new(path: &str, raw: &str) -> Self {
        let code = blank_literals(raw);
        let shipped = blank_tests(&code);
        Self { path: path.into(), raw: raw.into(), code, shipped }
    }

    /// The line of an offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        1 + self.raw.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count()
    }

    /// Child modules kept in files of their own: name, and whether only tests have it.
    pub(crate) fn child_modules(&self) -> Vec<(String, bool)> {
        let words = words(&self.code);
        let shipped = words_at(&self.shipped);
        let mut found = Vec::new();
        for pair in words.windows(2) {
            let (keyword, name) = (&pair[0], &pair[1]);
            let rest = self.code[name.end..].trim_start();
            if &self.code[keyword.clone()] == "mod" && rest.starts_with(';') {
                let tests_only = !shipped.contains(&keyword.start);
                found.push((self.code[name.clone()].to_owned(), tests_only));
            }
        }
        found
    }
}

fn words_at(text: &str) -> Vec<usize> {
    words(text).into_iter().map(|word| word.start).collect()
}

/// Identifiers, keywords and numbers of a text, in order.
pub(crate) fn words(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while at < bytes.len() && is_word(bytes[at]) {
            at += 1;
        }
        if at > start {
            found.push(start..at);
        } else {
            at += 1;
        }
    }
    found
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The offset just behind the bracket that closes the one at `open`.
pub(crate) fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

fn blank(out: &mut [u8], range: Range<usize>) {
    for byte in &mut out[range] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

fn blank_literals(raw: &str) -> String {
    let bytes = raw.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &raw.as_bytes()[at..];
        let begins_word = at == 0 || !is_word(bytes[at - 1]);
        let end = if rest.starts_with(b"//") {
            at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            at + block_comment(rest)
        } else if begins_word && raw_string(rest).is_some() {
            at + raw_string(rest).unwrap_or(1)
        } else if rest[0] == b'"' {
            at + quoted(rest)
        } else if rest[0] == b'\'' {
            at + character(rest)
        } else {
            at += 1;
            continue;
        };
        let keeps_quotes = bytes[at] == b'"';
        if keeps_quotes && end > at + 1 {
            blank(&mut out, at + 1..end - 1);
        } else if bytes[at] != b'\'' || end > at + 1 {
            blank(&mut out, at..end);
        }
        at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// The length of a raw string, if there is one here. Its prefix is blanked with it.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let prefix = [&b"br"[..], b"cr", b"r"].into_iter().find(|prefix| rest.starts_with(prefix))?;
    let hashes = rest[prefix.len()..].iter().take_while(|byte| **byte == b'#').count();
    let open = prefix.len() + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let mut end = vec![b'"'];
    end.resize(1 + hashes, b'#');
    let body = &rest[open + 1..];
    let close = body.windows(end.len()).position(|window| window == end);
    Some(close.map_or(rest.len(), |close| open + 1 + close + end.len()))
}

fn quoted(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a character literal, or 1 where the quote begins a lifetime.
fn character(rest: &[u8]) -> usize {
    if rest.get(1) == Some(&b'\\') {
        return rest[3..].iter().position(|byte| *byte == b'\'').map_or(1, |at| at + 4);
    }
    let width = rest.iter().skip(2).take_while(|byte| **byte & 0xc0 == 0x80).count();
    if rest.get(2 + width) == Some(&b'\'') { 3 + width } else { 1 }
}

fn blank_tests(code: &str) -> String {
    let mut out = code.as_bytes().to_vec();
    for marker in ["#[cfg(test)]", "#[cfg(all(test,"] {
        for (start, _) in code.match_indices(marker) {
            let item = closing(code, start + 1);
            blank(&mut out, start..item_end(code, item));
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The end of the item that begins at `from`: its body, or its semicolon.
fn item_end(code: &str, from: usize) -> usize {
    let mut at = from;
    while let Some(byte) = code.as_bytes().get(at) {
        match byte {
            b';' => return at + 1,
            b'{' => return closing(code, at),
            b'(' | b'[' => at = closing(code, at),
            _ => at += 1,
        }
    }
    code.len()
}

#[test]
fn comments_and_literals_are_blank_and_lines_stay() {
    let source = Source::new(
        "src/wire/x.rs",
        "let a = \"panic!(\\\"\"; // panic!\n/* a /* b */ c */ let b = r#\"un\"wrap\"#;\nlet c = '\"'; fn f<'a>() {}\nlet d = b'\\n'; end()",
    );
    assert!(!source.code.contains("panic") && !source.code.contains("wrap"), "{}", source.code);
    assert!(source.code.contains("fn f<'a>() {}") && source.code.contains("end()"));
    assert_eq!(source.line(source.code.find("end()").expect("the call is in the sample")), 4);
}

#[test]
fn tests_are_not_shipped() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { x.unwrap() }\n}\n#[cfg(test)]\nmod far;\nmod near;\nfn c() {}";
    let source = Source::new("src/wire/x.rs", text);
    assert!(source.shipped.contains("fn c") && !source.shipped.contains("unwrap"));
    assert_eq!(source.child_modules(), [("far".into(), true), ("near".into(), false)]);
}
