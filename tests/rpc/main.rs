//! The object API, over one vat and over in-process links.

mod first;
