//! All schedules of a small scene: whatever can happen next is what happens next, once each.

use std::fmt::Debug;

use crate::hear::hear;

/// More schedules than this, and a scene is not small.
const SCHEDULES_MAX: usize = 100_000;

/// A scene that is being played.
pub(crate) trait Play {
    /// A thing that can happen next.
    type Move: Copy + Debug + PartialEq;

    /// All that can happen now.
    fn moves(&self) -> Vec<Self::Move>;

    /// The vat it happens to.
    fn vat(next: Self::Move) -> usize;

    /// It happens.
    fn make(&mut self, next: Self::Move);

    /// Panics unless all is as it must be.
    fn check(&self);

    /// Nothing can happen any more: all is ended, and nothing may be left.
    fn end(self);
}

/// A point where several things could happen.
struct Fork<M> {
    moves: Vec<M>,
    taken: usize,
    /// What would only lead to a schedule seen already: done in another vat, it could as well have
    /// been done before.
    asleep: Vec<M>,
}

/// Plays every schedule of a scene; says how many there are.
pub(crate) fn play_all<P: Play>(scene: impl Fn() -> P) -> usize {
    let mut forks = Vec::new();
    for count in 1..=SCHEDULES_MAX {
        if let Err((_, what)) = hear(|| play(scene(), &mut forks)) {
            let taken: Vec<_> = forks.iter().map(|fork| fork.moves[fork.taken]).collect();
            panic!("schedule {count}: {what}\n{taken:#?}");
        }
        while forks.last().is_some_and(|fork| fork.taken + 1 >= fork.moves.len()) {
            forks.pop();
        }
        match forks.last_mut() {
            Some(fork) => fork.taken += 1,
            None => return count,
        }
    }
    panic!("more than {SCHEDULES_MAX} schedules");
}

/// Plays as far as `forks` say, and then the first way at each fork.
fn play<P: Play>(mut stage: P, forks: &mut Vec<Fork<P::Move>>) {
    let mut depth = 0;
    // What is done as it was the time before was checked then.
    let checked = forks.len().saturating_sub(1);
    loop {
        let moves = stage.moves();
        if moves.is_empty() {
            break;
        }
        if depth == forks.len() {
            let asleep = forks.last().map(asleep_below::<P>).unwrap_or_default();
            let moves: Vec<_> = moves.into_iter().filter(|m| !asleep.contains(m)).collect();
            if moves.is_empty() {
                return;
            }
            forks.push(Fork { moves, taken: 0, asleep });
        }
        stage.make(forks[depth].moves[forks[depth].taken]);
        if depth >= checked {
            stage.check();
        }
        depth += 1;
    }
    stage.end();
}

fn asleep_below<P: Play>(fork: &Fork<P::Move>) -> Vec<P::Move> {
    let vat = P::vat(fork.moves[fork.taken]);
    let asleep = fork.asleep.iter().chain(&fork.moves[..fork.taken]);
    asleep.filter(|other| P::vat(**other) != vat).copied().collect()
}
