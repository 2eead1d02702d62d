//! Which rows make which chart.

use crate::goals::named;
use crate::measure::Figure;
use crate::row::{Link, Row, Work};
use crate::svg::{Group, Series, bars, lines};

/// Who is drawn, in this order.
const ENGINES: [&str; 4] = ["bowline", "capnp-rpc", "tarpc", "tonic"];

type Told = [(Row, Vec<Figure>)];

/// The charts there are figures for, by file name.
pub(crate) fn all(told: &Told) -> Vec<(&'static str, String)> {
    let mut charts = Vec::new();
    let groups: Vec<Group> = told.iter().filter_map(latency).collect();
    if !groups.is_empty() {
        let title = "One call of nothing and its answer";
        charts.push(("latency", bars(title, "µs; the line is the floor", &groups)));
    }
    let mut add = |name, title, axes, series: Vec<Series>| {
        if !series.is_empty() {
            charts.push((name, lines(title, axes, &series)));
        }
    };
    let title = "Calls in flight over a Unix socket, both ends on one thread";
    add("in-flight", title, ["calls in flight", "calls/s"], series(told, in_flight));
    let title = "A chain of objects over a Unix socket, both ends on one thread";
    add("chain", title, ["depth", "ns"], series(told, chain));
    let title = "One more object of a peer that has given out many, in memory";
    add("table", title, ["live exports", "ns"], series(told, exports));
    charts
}

fn latency((row, figures): &(Row, Vec<Figure>)) -> Option<Group> {
    let name = match row.link {
        _ if row.work != Work::Null => return None,
        Link::Mem => "memory",
        Link::Unix1 => "Unix, 1 thread",
        Link::Tcp1 => "TCP, 1 thread",
        Link::Unix2 => "Unix, 2 threads",
        _ => return None,
    };
    let bar = |who| named(figures, who).map(|figure| (who, figure.median / 1e3));
    let bars: Vec<_> = ENGINES.into_iter().filter_map(bar).collect();
    let floor = named(figures, "floor").map(|figure| figure.median / 1e3);
    (!bars.is_empty()).then_some(Group { name, bars, floor })
}

/// One line for each who has figures in rows that `place` finds a place for.
fn series(told: &Told, place: fn(Row, f64) -> Option<(f64, f64)>) -> Vec<Series> {
    let points = |who| {
        let point = |(row, figures): &(Row, Vec<Figure>)| place(*row, named(figures, who)?.median);
        let points: Vec<_> = told.iter().filter_map(point).collect();
        (points.len() > 1).then_some(Series { name: who, points })
    };
    ENGINES.into_iter().chain(["floor"]).filter_map(points).collect()
}

fn in_flight(row: Row, figure: f64) -> Option<(f64, f64)> {
    match (row.link, row.work) {
        (Link::Unix1, Work::Null) => Some((1.0, 1e9 / figure)),
        (Link::Unix1, Work::InFlight(width)) => Some((width as f64, figure)),
        _ => None,
    }
}

fn chain(row: Row, figure: f64) -> Option<(f64, f64)> {
    match (row.link, row.work) {
        (Link::Unix1, Work::Chain(depth)) => Some((f64::from(depth), figure)),
        _ => None,
    }
}

fn exports(row: Row, figure: f64) -> Option<(f64, f64)> {
    match (row.link, row.work) {
        (Link::Mem, Work::LiveExport(live)) => Some((live as f64, figure)),
        _ => None,
    }
}
