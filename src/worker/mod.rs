//! The Workers face: what one Worker can say to another, and how.
//!
//! Floor 6.

mod abort;
pub mod stream;
pub mod value;

pub use abort::{AbortController, AbortSignal};
