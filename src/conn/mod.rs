//! A connection is one ordered message stream to one peer, and the four tables that say what its ids mean.
//!
//! Floor 2, sans-I/O: messages go in and come out, and so do wishes of the vat and events for it.
//! Each table is a file (`question`, `answer`, `export`, `import`) whose entry's life is an
//! enum; `asked`, `returned` and `inbound` say what each message of the peer does to them, `wish` and
//! `reply` what the vat's wishes do, and `outbound` what leaves.

mod answer;
mod asked;
mod caps;
mod check;
mod close;
mod config;
mod connection;
mod embargo;
mod error;
mod event;
mod export;
mod import;
mod inbound;
mod metrics;
mod outbound;
mod question;
mod queue;
mod reply;
mod returned;
mod stats;
mod table;
#[cfg(test)]
mod tests;
mod window;
mod wish;

pub use config::Config;
pub use connection::Connection;
pub use error::{Broken, Closed, ConnectionError, PeerMisbehaved, Plenty, Refused};
pub use event::{
    CallRef, Event, InCall, InCap, InPayload, InReturn, InTarget, LocalCap, OutCall, OutCap,
    OutPayload, OutReturn, OutTarget, Tag,
};
pub use metrics::{Metric, Metrics};
pub use stats::Stats;
pub(crate) use table::make_room;
pub use window::Window;
