//! Objects and interfaces written with the attributes: what their callers see, and what they see of each other.

mod interface;
mod scene;
mod target;
