//! A vat is a graph of capabilities: who can be called, through whom, and in which order.
//!
//! Floor 3, sans-I/O. A vat knows nothing of sockets, threads or wakers, and no more of time than it is
//! told; the objects it hosts are numbers to it. Whoever runs it feeds it messages and answers and carries out its [`Output`]s.

mod abandon;
mod arena;
mod call;
mod check;
mod circle;
mod collect;
mod complete;
mod courtesy;
#[cfg(test)]
mod courtesy_tests;
mod cross;
mod door;
mod embargo;
mod export;
mod follow;
mod graph;
mod hint;
mod hold;
mod id;
mod import;
mod inbound;
mod link;
mod look;
mod membrane;
mod node;
mod output;
mod pace;
mod payload;
mod promise;
mod route;
mod stream;
mod transmit;
mod wall;
mod write;

pub use arena::Key;
pub use call::Outcome;
pub use check::Stats;
pub use collect::Ends;
pub use graph::Graph;
pub use id::{CallId, Cap, LinkId, MembraneId, OfCall, OfLink, OfMembrane, OfNode, TargetId};
pub use membrane::{Admission, Asks, Crossing, Haste, Side};
pub use output::{Crosser, Output};
pub use payload::{Payload, Request};
pub use write::Wrote;
