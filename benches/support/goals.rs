//! What each row has to reach: the last column of the design's table.

use crate::measure::Figure;
use crate::row::Row;

/// A bar, in the row's unit.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// At most so many times what the floor takes.
    OfFloor(f64),
}

/// The bar of a row, if it has one.
pub(crate) fn goal(row: Row) -> Option<Goal> {
    use Goal::{AtLeast, AtMost, OfFloor};
    Some(match row.name {
        "same-thread-dynamic-number" => AtMost(150.0),
        "same-thread-typed-null" => AtMost(250.0),
        "same-thread-vats-null" => AtMost(700.0),
        "mem-null" => AtMost(2_200.0),
        "mem-chain8" => AtMost(16_000.0),
        "mem-chain8-dropped" | "unix-1t-null" => AtMost(11_000.0),
        "unix-1t-64" | "unix-1t-1024" => AtLeast(600_000.0),
        "unix-1t-chain8-dropped" => AtMost(25_000.0),
        "unix-1t-echo1m" => AtLeast(2_300.0),
        "unix-1t-stream4k" => AtLeast(1_500.0),
        "unix-1t-stream64k" => AtLeast(3_800.0),
        "foreign-thread-null" => OfFloor(1.3),
        "foreign-thread-64" => AtLeast(1_000_000.0),
        "idle-stub-bytes" => AtMost(200.0),
        "inflight-call-bytes" => AtMost(600.0),
        _ => return None,
    })
}

/// How far a peer is ahead of another figure in the row's unit: above 1 where `ours` is better.
pub(crate) fn ahead(row: Row, ours: f64, theirs: f64) -> f64 {
    if row.unit().less_is_better() { theirs / ours } else { ours / theirs }
}

/// The figures of other engines: what is under all engines is none.
pub(crate) fn peers(figures: &[Figure]) -> impl Iterator<Item = &Figure> {
    let peers = ["capnp-rpc", "tarpc", "tonic"];
    figures.iter().filter(move |figure| peers.contains(&figure.contender))
}

/// The peer that does best in a row, and how far we are ahead of it.
pub(crate) fn best_peer(row: Row, figures: &[Figure]) -> Option<(&'static str, f64)> {
    let ours = named(figures, "bowline")?.median;
    peers(figures)
        .map(|peer| (peer.contender, ahead(row, ours, peer.median)))
        .min_by(|one, other| one.1.total_cmp(&other.1))
}

/// One contender's figure.
pub(crate) fn named<'a>(figures: &'a [Figure], contender: &str) -> Option<&'a Figure> {
    figures.iter().find(|figure| figure.contender == contender)
}
