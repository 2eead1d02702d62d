//! The Workers face: what one Worker can say to another, and how.
//!
//! Floor 6.

pub mod debug_port;
pub mod value;
