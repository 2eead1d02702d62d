//! A disposal group is what came in one message and goes together.

use std::sync::Arc;

use smallvec::SmallVec;

use super::held::Held;

/// Handles that are disposed together. (Rules 41 to 43)
#[derive(Default)]
pub(super) struct Group(SmallVec<[Arc<Held>; 1]>);

impl Group {
    pub(super) fn add(&mut self, held: Arc<Held>) {
        self.0.push(held);
    }

    /// The group of one handle.
    pub(super) fn of(held: Arc<Held>) -> Self {
        Self(SmallVec::from_buf([held]))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn dispose(&self) {
        self.0.iter().for_each(|held| held.dispose());
    }
}

/// Disposes a group when it goes out of scope.
#[derive(Default)]
pub(super) struct Scope(pub(super) Group);

impl Drop for Scope {
    fn drop(&mut self) {
        self.0.dispose();
    }
}
