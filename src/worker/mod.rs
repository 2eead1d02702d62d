//! The Workers face: what one Worker can say to another, and how.
//!
//! Floor 6.

pub mod expression;
pub mod value;
