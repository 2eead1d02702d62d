use std::collections::BTreeMap;

use bowline::worker::value::{
    External, ExternalKind, Limits, Resource, Value, check, decode, encode,
};

struct Something(ExternalKind);

impl Resource for Something {
    fn kind(&self) -> ExternalKind {
        self.0
    }
}

/// What was sent beside the bytes: as many as the first byte says, of the kinds the second chooses.
fn beside(count: u8, kinds: u8) -> Vec<External> {
    const KINDS: [ExternalKind; 5] = [
        ExternalKind::RpcTarget,
        ExternalKind::ReadableStream,
        ExternalKind::WritableStream,
        ExternalKind::AbortSignal,
        ExternalKind::Service,
    ];
    let kind = |at: u8| KINDS[usize::from(kinds.wrapping_add(at)) % KINDS.len()];
    (0..count % 4).map(|at| External::new(Something(kind(at)))).collect()
}

/// A value is the same when it is written and read again, its size is the one that was foretold, and to
/// print it, to look at it as data and to let it go is no trouble. (C-V2, C-V5, C-V7)
fn again(value: &Value) {
    let all = Limits { bytes_max: u64::MAX, memory_max: u64::MAX, ..Limits::default() };
    let sent = encode(value, &all).unwrap_or_else(|why| panic!("{value:?} was read: {why}"));
    assert_eq!(check(value, &all), Ok(sent.bytes.len() as u64), "{value:?}");
    let back = decode(sent.bytes.clone(), sent.externals, &all)
        .unwrap_or_else(|why| panic!("{value:?} was written: {why}"));
    assert_eq!(back, *value);
    let twice = encode(&back, &all).unwrap_or_else(|why| panic!("{value:?} was read twice: {why}"));
    assert_eq!(twice.bytes, sent.bytes, "{value:?}");
    // As data it may be refused, for circles and stubs.
    let _ = bowline::worker::value::from_value::<BTreeMap<String, Vec<Option<String>>>>(value);
}

/// Any bytes, with any externals beside them. Tells whether they are a value.
pub(crate) fn run(bytes: &[u8]) -> bool {
    let [count, kinds, bytes @ ..] = bytes else { return false };
    match decode(bytes.to_vec(), beside(*count, *kinds), &Limits::receiving()) {
        Ok(value) => {
            again(&value);
            true
        }
        Err(why) => {
            assert!(why.at <= bytes.len() && !why.to_string().is_empty());
            false
        }
    }
}
