//! The runtime gives a vat a thread to live on: it delivers calls, runs what waits, and moves messages.
//!
//! Floor 4, the only one that knows "later". A [`Vat`] owns a vat of the current thread, a [`Handle`]
//! reaches one from any thread, and [`Local`] is what floor 5 is built on.

mod ahead;
mod ask;
mod border;
mod directory;
mod dispatch;
mod doors;
mod driver;
mod handle;
mod host;
mod hosting;
mod links;
mod local;
mod lodger;
mod look;
mod mailbox;
#[cfg(test)]
mod mailbox_tests;
mod park;
mod quiet;
mod release;
mod released;
mod rest;
mod round;
mod shared;
mod signal;
#[cfg(test)]
mod signal_tests;
mod spawn;
mod targets;
mod tasks;
mod thread;
mod timers;
#[cfg(feature = "tokio")]
mod tokio;
mod traffic;
mod turn;
mod visits;
mod watch;

pub use self::ahead::Lobby;
pub use self::border::Border;
pub use self::directory::mailbox_of;
pub use self::dispatch::{Answer, Conclusion, Delivery, Dispatch, LocalFuture, Polled};
pub use self::driver::{Clock, Driver, Timeless};
pub use self::handle::{Handle, leave, post};
pub use self::host::Vat;
pub use self::links::Ending;
pub use self::local::Local;
pub use self::lodger::Lodger;
pub use self::mailbox::{Mailbox, VatId, gone};
pub use self::rest::Engaged;
pub use self::timers::TimerId;
#[cfg(feature = "tokio")]
pub use self::tokio::TokioClock;
pub use self::turn::Turn;
