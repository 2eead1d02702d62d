//! What the scenarios of the object API are told with: vats, links the test controls, small objects.

mod fields;
mod leaks;
mod objects;
mod reactor;
mod tap;
mod world;

pub(crate) use fields::{at, cap, fill, number};
pub(crate) use leaks::leaves_nothing;
pub(crate) use objects::*;
pub(crate) use tap::Gate;
pub(crate) use world::{Kind, Pair, Seed, World, scenarios};
