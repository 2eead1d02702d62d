//! Whether a scenario gives back all the memory it took.

use std::cell::Cell;

use mockalloc::record_allocs;

/// How often a scenario may leave something behind: what a thread keeps for the next time grows at first.
const ROUNDS: usize = 4;

thread_local! {
    static COUNTING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a scenario is played again to be counted: few seeds will do.
pub(crate) fn is_counting() -> bool {
    COUNTING.get()
}

/// Plays a scenario, and again until a round leaves as many blocks as there were before it. One that leaks never has
/// such a round.
///
/// # Panics
///
/// It leaks.
pub(crate) fn leaves_nothing(mut play: impl FnMut()) {
    play();
    let mut left = Vec::new();
    for _ in 0..ROUNDS {
        COUNTING.set(true);
        let counted = record_allocs(&mut play);
        COUNTING.set(false);
        if counted.num_allocs() <= counted.num_frees() {
            return;
        }
        left.push(counted.num_allocs() - counted.num_frees());
    }
    panic!("it leaks: so many blocks were left by each round: {left:?}");
}
