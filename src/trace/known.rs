//! An entry as one line of text, for a recording whose beginning was forgotten.

use super::entry::{Asked, Entry, Given, Held, Key, Kind, Life, Table};
use super::side::Side;

/// The line of an entry: fields with tabs between them. The message that made it is not there any more, and not told.
pub(super) fn write(key: Key, entry: &Entry) -> String {
    let Key { owner, id, .. } = key;
    match entry {
        Entry::Question(asked) => {
            let Asked { what, upon, life, only_pipeline, params, results, .. } = asked;
            let upon = upon.map_or_else(String::new, |upon| upon.to_string());
            let life = match life {
                Life::Open => "open",
                Life::Returned => "returned",
                Life::Finished { release_results: false } => "finished",
                Life::Finished { release_results: true } => "finished-released",
            };
            let (params, results) = (list(params), list(results));
            let what = line(what);
            format!(
                "q\t{owner}\t{id}\t{life}\t{only_pipeline}\t{upon}\t{params}\t{results}\t{what}"
            )
        }
        Entry::Export(Given { kind, references, resolved, .. }) => {
            let kind = match kind {
                Kind::Hosted => "hosted",
                Kind::Promise => "promise",
                Kind::Vine => "vine",
            };
            let resolved = resolved.as_deref().map(line).unwrap_or_default();
            format!("e\t{owner}\t{id}\t{kind}\t{references}\t{resolved}")
        }
        Entry::Embargo(Held { target, .. }) => format!("m\t{owner}\t{id}\t{}", line(target)),
    }
}

/// The entry of a line, if it is one.
pub(super) fn read(text: &str) -> Option<(Key, Entry)> {
    let mut fields = text.split('\t');
    let table = match fields.next()? {
        "q" => Table::Questions,
        "e" => Table::Exports,
        "m" => Table::Embargoes,
        _ => return None,
    };
    let owner = match fields.next()? {
        "left" => Side::Left,
        "right" => Side::Right,
        _ => return None,
    };
    let key = Key { table, owner, id: fields.next()?.parse().ok()? };
    let entry = match table {
        Table::Questions => Entry::Question(read_question(fields)?),
        Table::Exports => Entry::Export(read_export(fields)?),
        Table::Embargoes => Entry::Embargo(Held { since: None, target: fields.next()?.to_owned() }),
    };
    Some((key, entry))
}

fn read_question<'a>(mut fields: impl Iterator<Item = &'a str>) -> Option<Asked> {
    let life = match fields.next()? {
        "open" => Life::Open,
        "returned" => Life::Returned,
        "finished" => Life::Finished { release_results: false },
        "finished-released" => Life::Finished { release_results: true },
        _ => return None,
    };
    let only_pipeline = fields.next()? == "true";
    let upon = match fields.next()? {
        "" => None,
        upon => Some(upon.parse().ok()?),
    };
    let params = read_list(fields.next()?)?;
    let results = read_list(fields.next()?)?;
    let what = fields.next()?.to_owned();
    Some(Asked { since: None, what, upon, life, only_pipeline, params, results })
}

fn read_export<'a>(mut fields: impl Iterator<Item = &'a str>) -> Option<Given> {
    let kind = match fields.next()? {
        "hosted" => Kind::Hosted,
        "promise" => Kind::Promise,
        "vine" => Kind::Vine,
        _ => return None,
    };
    let references = fields.next()?.parse().ok()?;
    let resolved = fields.next().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Given { since: None, kind, references, resolved })
}

fn list(ids: &[u32]) -> String {
    ids.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

fn read_list(text: &str) -> Option<Vec<u32>> {
    let ids = text.split(',').filter(|id| !id.is_empty());
    ids.map(|id| id.parse().ok()).collect()
}

/// What a peer wrote may hold tabs and ends of lines.
fn line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ")
}
