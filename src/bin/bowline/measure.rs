//! Measurements: the median over rounds, after a round that warms up.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bowline::rpc::Client;
use bowline::runtime::Local;

use crate::failure::Failure;
use crate::protocol;
use crate::scenario::{Scenario, Stage};
use crate::session::Session;
use crate::stream::{self, Cargo};
use crate::work;

/// How many calls are on their way at once where a rate is asked for.
pub(crate) const IN_FLIGHT: usize = 64;

/// How much longer than planned measuring may take, which slow machines do.
const SILENCE: Duration = Duration::from_secs(120);

/// How many calls a round of single calls has: enough to make the clock's own cost vanish.
const CALLS: u32 = 64;

/// How many chains a round of them has.
const CHAINS: u32 = 8;

/// How many times a round plays a scenario.
const SCENES: u32 = 8;

/// How many calls a round with many on their way has.
const MANY_CALLS: u32 = 2048;

/// How fast one transport is.
pub(crate) struct Figures {
    pub(crate) null: Duration,
    pub(crate) chain: Duration,
    pub(crate) awaited: Duration,
    pub(crate) calls_per_second: f64,
    pub(crate) stream_bytes_per_second: f64,
}

/// Measures for about as long as `budget`.
pub(crate) async fn figures(
    demo: &Client,
    cargo: &mut Cargo,
    budget: Duration,
) -> Result<Figures, Failure> {
    work::step("measuring", 2 * budget + SILENCE, measured(demo, cargo, budget)).await
}

async fn measured(demo: &Client, cargo: &mut Cargo, budget: Duration) -> Result<Figures, Failure> {
    let share = budget / 5;
    let null = median(share, async || times(CALLS, async || null(demo).await).await).await?;
    let chain =
        median(share, async || times(CHAINS, async || work::chain(demo).await).await).await?;
    let awaited =
        median(share, async || times(CHAINS, async || work::awaited(demo).await).await).await?;
    let many = median(share, async || in_flight(demo).await).await?;
    let shipped = median(share, async || cargo.ship(demo).await).await?;
    Ok(Figures {
        null: null / CALLS,
        chain: chain / CHAINS,
        awaited: awaited / CHAINS,
        calls_per_second: f64::from(MANY_CALLS) / many.as_secs_f64(),
        stream_bytes_per_second: stream::BYTES as f64 / shipped.as_secs_f64(),
    })
}

/// How long each scenario takes.
pub(crate) type Played = Vec<(Scenario, Duration)>;

/// Plays every scenario with the Workers of two other vats, for about as long as `budget` in all, and sees that
/// nothing is left of them.
pub(crate) async fn scenarios(
    here: &Local,
    [far, third]: [&Client; 2],
    cargo: &Cargo,
    budget: Duration,
) -> Result<Played, Failure> {
    let stage = Stage::of_demos(here, far, third)?;
    let played = played(&stage, cargo, budget).await?;
    drop(stage);
    for demo in [far, third] {
        work::nothing_left(demo).await?;
    }
    Ok(played)
}

/// The same with Workers of this vat, and no connection.
pub(crate) async fn scenarios_here(
    here: &Local,
    cargo: &Cargo,
    budget: Duration,
) -> Result<Played, Failure> {
    let session = Rc::new(Session::default());
    let stage = Stage::local(here, &session)?;
    let played = played(&stage, cargo, budget).await?;
    drop(stage);
    work::all_gone(&session).await?;
    Ok(played)
}

async fn played(stage: &Stage, cargo: &Cargo, budget: Duration) -> Result<Played, Failure> {
    let share = budget / Scenario::ALL.len() as u32;
    let mut played = Vec::new();
    for scenario in Scenario::ALL {
        let count = if scenario == Scenario::File { 1 } else { SCENES };
        let round = async || times(count, async || stage.play(scenario, cargo).await).await;
        let patience = share + SILENCE;
        let took = work::step(scenario.title(), patience, median(share, round)).await?;
        played.push((scenario, took / count));
    }
    Ok(played)
}

async fn null(demo: &Client) -> Result<(), Failure> {
    protocol::null(demo).await?;
    Ok(())
}

async fn times(
    count: u32,
    mut one: impl AsyncFnMut() -> Result<(), Failure>,
) -> Result<(), Failure> {
    for _ in 0..count {
        one().await?;
    }
    Ok(())
}

async fn in_flight(demo: &Client) -> Result<(), Failure> {
    let mut window: VecDeque<_> = (0..IN_FLIGHT).map(|_| protocol::null(demo)).collect();
    for _ in IN_FLIGHT..MANY_CALLS as usize {
        if let Some(oldest) = window.pop_front() {
            oldest.await?;
        }
        window.push_back(protocol::null(demo));
    }
    for promise in window {
        promise.await?;
    }
    Ok(())
}

/// How long a round takes: the median of those that fit into the budget, of at least one.
async fn median(
    budget: Duration,
    mut round: impl AsyncFnMut() -> Result<(), Failure>,
) -> Result<Duration, Failure> {
    let begin = Instant::now();
    round().await?;
    let mut rounds = Vec::new();
    loop {
        let start = Instant::now();
        round().await?;
        rounds.push(start.elapsed());
        if begin.elapsed() >= budget {
            rounds.sort_unstable();
            return Ok(rounds.get(rounds.len() / 2).copied().unwrap_or_default());
        }
    }
}
