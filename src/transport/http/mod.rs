//! HTTP is spoken for one head only: `CONNECT host`, and behind the answer the stream is a vat's.
//!
//! Some runtimes serve vats and HTTP on one port. [`request_connect`] asks such a port for the vat behind a
//! [`ConnectHost`]; [`arrive`] reads the head of whoever comes to a port of ours and tells those who
//! want a vat from those who speak plain HTTP, for whom [`splice`] joins two streams as they are.

mod ahead;
mod arrive;
mod connect;
mod error;
mod exchange;
mod head;
mod host;
mod line;
mod splice;
#[cfg(all(feature = "tokio", unix))]
mod timed;

pub use self::ahead::Ahead;
pub use self::arrive::{Arrival, arrive, refuse};
pub use self::connect::request_connect;
pub use self::error::HeadError;
pub use self::head::{HeadLimits, HeadReader};
pub use self::host::{BadConnectHost, ConnectHost};
pub use self::line::{RequestLine, StatusLine};
pub use self::splice::splice;
#[cfg(all(feature = "tokio", unix))]
pub use self::timed::{admit, dial};
