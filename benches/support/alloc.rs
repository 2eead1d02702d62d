//! Counts allocations. The counter is a cell of the thread's own, two nanoseconds an allocation: a
//! shared atomic would slow down most whoever allocates most.

use alloc_counter::{AllocCounterSystem, count_alloc};

#[global_allocator]
static COUNTED: AllocCounterSystem = AllocCounterSystem;

/// How often this thread allocated or grew an allocation in `work`.
pub(crate) fn count(work: impl FnOnce()) -> usize {
    let ((allocated, grown, _), ()) = count_alloc(work);
    allocated + grown
}
