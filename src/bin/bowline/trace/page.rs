//! The page: one file, with its style, its program and the sessions in it.

use std::io::{self, Write};

use bowline::trace::{Asked, Change, Entry, Given, Held, Key, Kind, Life, Side, Table};
use serde_json::{Value, json};

use super::log::{Line, Log};
use super::names::named;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPTS: [&str; 6] = [
    include_str!("model.js"),
    include_str!("dom.js"),
    include_str!("sequence.js"),
    include_str!("panel.js"),
    include_str!("findings.js"),
    include_str!("main.js"),
];

/// Writes the page of these sessions.
pub(super) fn write(logs: &[Log], out: &mut impl Write) -> io::Result<()> {
    let mut rest = PAGE;
    for (mark, part) in
        [("{{style}}", Part::Style), ("{{data}}", Part::Data), ("{{script}}", Part::Script)]
    {
        let (before, behind) = rest.split_once(mark).unwrap_or((rest, ""));
        out.write_all(before.as_bytes())?;
        match part {
            Part::Style => out.write_all(STYLE.as_bytes())?,
            Part::Script => {
                SCRIPTS.iter().try_for_each(|script| out.write_all(script.as_bytes()))?
            }
            Part::Data => write_data(logs, out)?,
        }
        rest = behind;
    }
    out.write_all(rest.as_bytes())
}

enum Part {
    Style,
    Data,
    Script,
}

fn write_data(logs: &[Log], out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"[")?;
    for (number, log) in logs.iter().enumerate() {
        if number > 0 {
            out.write_all(b",")?;
        }
        write_log(log, out)?;
    }
    out.write_all(b"]")
}

/// A session, line by line: all of them as one value would take much memory.
fn write_log(log: &Log, out: &mut impl Write) -> io::Result<()> {
    let known: Vec<Value> =
        log.known.iter().map(|(key, entry)| change(*key, Some(entry))).collect();
    let head = json!({
        "left": log.left,
        "right": log.right,
        "woven": log.woven,
        "skipped": log.skipped,
        "known": known,
    });
    let head = escaped(&head);
    out.write_all(head.trim_end_matches('}').as_bytes())?;
    out.write_all(b",\"lines\":[")?;
    let began = log.lines.front().map(|line| line.at).unwrap_or_default();
    for (number, each) in log.lines.iter().enumerate() {
        out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        let at = each.at.saturating_sub(began).as_micros();
        out.write_all(escaped(&line(each, u64::try_from(at).unwrap_or(u64::MAX))).as_bytes())?;
    }
    out.write_all(b"]}")
}

/// In a script element nothing may look like its end.
fn escaped(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

/// Short names: a page has many of them.
fn line(line: &Line, at: u64) -> Value {
    let Line { from, kind, text, detail, bytes, failed, step, .. } = line;
    let changes: Vec<Value> =
        step.changes.iter().map(|Change { key, now }| change(*key, now.as_ref())).collect();
    let mut value = json!({ "t": at, "s": side(*from), "k": kind, "x": named(text), "b": bytes });
    let mut put = |name: &str, what: Value| {
        if let Value::Object(fields) = &mut value {
            fields.insert(name.to_owned(), what);
        }
    };
    if !detail.is_empty() {
        put("d", detail.as_str().into());
    }
    if *failed {
        put("f", true.into());
    }
    if !changes.is_empty() {
        put("c", changes.into());
    }
    if !step.notes.is_empty() {
        put("n", step.notes.clone().into());
    }
    if let Some(about) = step.about {
        put("a", about.into());
    }
    if let Some(upon) = step.upon {
        put("u", upon.into());
    }
    value
}

fn change(key: Key, entry: Option<&Entry>) -> Value {
    let table = match key.table {
        Table::Questions => 0,
        Table::Exports => 1,
        Table::Embargoes => 2,
    };
    json!([table, side(key.owner), key.id, entry.map(entry_value)])
}

const fn side(side: Side) -> u8 {
    match side {
        Side::Left => 0,
        Side::Right => 1,
    }
}

fn entry_value(entry: &Entry) -> Value {
    match entry {
        Entry::Question(Asked { since, what, life, only_pipeline, params, results, .. }) => {
            let life = match life {
                Life::Open => "open",
                Life::Returned => "returned",
                Life::Finished { .. } => "finished",
            };
            let caps = params.len() + results.len();
            json!({ "o": since, "w": named(what), "l": life, "p": only_pipeline, "n": caps })
        }
        Entry::Export(Given { since, kind, references, resolved }) => {
            let kind = match kind {
                Kind::Hosted => "object",
                Kind::Promise => "promise",
                Kind::Vine => "vine",
            };
            json!({ "o": since, "k": kind, "r": references, "v": resolved })
        }
        Entry::Embargo(Held { since, target }) => json!({ "o": since, "w": target }),
    }
}
