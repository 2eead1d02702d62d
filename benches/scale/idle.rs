//! Memory of stubs that do nothing.

use mockalloc::record_allocs;

use crate::verdict;
use crate::world::World;

/// How many there are.
const STUBS: usize = 1_000_000;
/// What they may take.
const MEGABYTES: f64 = 250.0;

fn tell(what: &str, made: impl FnOnce() -> World) {
    let mut world = None;
    let kept = record_allocs(|| world = Some(made())).mem_leaked() as f64;
    let (all, each) = (kept / 1e6, kept / STUBS as f64);
    println!("{all:10.0} MB, {each:.0} bytes each: {what} {}", verdict(all < MEGABYTES));
}

/// A million idle stubs: of one object, of as many objects in the same vat, of as many in another vat.
pub(crate) fn answer() {
    println!("{STUBS} idle stubs");
    tell("stubs of one object", || {
        let mut world = World::alone();
        let stub = world.clients[0].clone();
        world.held = vec![stub; STUBS];
        world
    });
    tell("of as many objects of the same vat, the objects included", || {
        let mut world = World::alone();
        world.hold(STUBS);
        world
    });
    tell("of as many objects of another vat, this end alone", || {
        let mut world = World::apart();
        world.hold(STUBS);
        world
    });
    tell(
        "of as many objects of another vat, the objects and both ends of the connection included",
        || {
            let mut world = World::connected(1);
            world.hold(STUBS);
            world
        },
    );
}
