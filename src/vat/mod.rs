//! A vat is a graph of capabilities: who can be called, through whom, and in which order.
//!
//! Floor 3, sans-I/O. A vat knows nothing of sockets, threads, time or wakers; the objects it hosts
//! are numbers to it. Whoever runs it feeds it messages and answers and carries out its [`Output`]s.

mod arena;
mod call;
mod check;
mod circle;
mod complete;
mod embargo;
mod export;
mod graph;
mod id;
mod import;
mod inbound;
mod link;
mod node;
mod output;
mod payload;
mod promise;
mod route;
mod transmit;

pub use arena::Key;
pub use call::Outcome;
pub use check::Stats;
pub use graph::Graph;
pub use id::{CallId, Cap, LinkId, OfCall, OfLink, OfNode, TargetId};
pub use output::Output;
pub use payload::{Payload, Request};
