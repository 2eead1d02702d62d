//! The wire, as a program outside the crate sees it.

mod schema;
