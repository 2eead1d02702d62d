//! How a row is measured: contenders take turns in short rounds, so that what the machine does
//! meanwhile falls on all of them; the median of the rounds counts.

use std::time::{Duration, Instant};

use crate::alloc;
use crate::row::{Row, Unit};

/// Rounds of each contender in a row; odd, so that the median is one of them.
const ROUNDS: u32 = 9;

/// What is compared: an engine, or the floor under all engines.
pub(crate) trait Contender {
    /// Its column.
    fn name(&self) -> &'static str;

    /// Both ends of the row's link with the row's work ready to run; `None` if it has no such row.
    fn open(&self, row: Row) -> Option<Box<dyn Session>>;
}

/// A link that stays open between rounds.
pub(crate) trait Session {
    /// Does the work `operations` times; returns when the last has come back.
    fn run(&mut self, operations: u64);

    /// How many bytes both ends keep while the work is held `count` times: only for rows that ask
    /// this.
    fn held(&mut self, _count: u64) -> u64 {
        0
    }
}

/// What one contender did in one row.
pub(crate) struct Figure {
    pub(crate) contender: &'static str,
    /// In the row's unit.
    pub(crate) median: f64,
    /// From the first to the third quartile, as a part of the median.
    pub(crate) spread: f64,
    /// Allocations for one operation on the measuring thread: both ends where one thread has both.
    pub(crate) allocs: f64,
    /// The bytes asked for by them.
    pub(crate) bytes: f64,
}

/// Of how many the memory is told: enough for what both ends keep once to be little beside it.
const HELD: u64 = 10_000;

/// Counts what `row` holds for all who have it. Nothing of it depends on the weather: once is enough.
fn weigh(row: Row, contenders: &[&dyn Contender]) -> Vec<Figure> {
    let weighed = contenders.iter().filter_map(|who| {
        let bytes = who.open(row)?.held(HELD) as f64 / HELD as f64;
        let median = row.unit().figure(bytes);
        Some(Figure { contender: who.name(), median, spread: 0.0, allocs: 0.0, bytes: 0.0 })
    });
    weighed.collect()
}

/// Measures `row` for all who have it, within about `budget`.
pub(crate) fn measure(row: Row, contenders: &[&dyn Contender], budget: Duration) -> Vec<Figure> {
    if row.unit() == Unit::Bytes {
        return weigh(row, contenders);
    }
    let mut runs: Vec<Run> = contenders.iter().filter_map(|who| Run::open(*who, row)).collect();
    let slice = budget / ROUNDS / u32::try_from(runs.len().max(1)).unwrap_or(1);
    for run in &mut runs {
        run.calibrate(slice);
    }
    for _ in 0..ROUNDS {
        for run in &mut runs {
            run.round();
        }
    }
    runs.into_iter().map(|run| run.figure(row.unit())).collect()
}

struct Run {
    contender: &'static str,
    session: Box<dyn Session>,
    operations: u64,
    allocs: f64,
    bytes: f64,
    seconds: Vec<f64>,
}

impl Run {
    fn open(who: &dyn Contender, row: Row) -> Option<Self> {
        let (contender, session) = (who.name(), who.open(row)?);
        let (allocs, bytes, seconds) = (0.0, 0.0, Vec::new());
        Some(Self { contender, session, operations: 1, allocs, bytes, seconds })
    }

    /// Warms up, finds how many operations fill `slice`, and counts allocations, which do not
    /// depend on the weather: once is enough.
    fn calibrate(&mut self, slice: Duration) {
        loop {
            let took = self.timed();
            if took >= slice / 4 {
                let scale = slice.as_secs_f64() / took.as_secs_f64();
                self.operations = (self.operations as f64 * scale).ceil() as u64;
                break;
            }
            self.operations *= 2;
        }
        let (allocs, bytes) = alloc::count(|| self.session.run(self.operations));
        self.allocs = allocs as f64 / self.operations as f64;
        self.bytes = bytes as f64 / self.operations as f64;
    }

    fn timed(&mut self) -> Duration {
        let start = Instant::now();
        self.session.run(self.operations);
        start.elapsed()
    }

    fn round(&mut self) {
        let took = self.timed().as_secs_f64();
        self.seconds.push(took / self.operations as f64);
    }

    fn figure(mut self, unit: Unit) -> Figure {
        self.seconds.sort_by(f64::total_cmp);
        let at = |part: usize| self.seconds[(self.seconds.len() - 1) * part / 4];
        Figure {
            contender: self.contender,
            median: unit.figure(at(2)),
            spread: (at(3) - at(1)) / at(2),
            allocs: self.allocs,
            bytes: self.bytes,
        }
    }
}
