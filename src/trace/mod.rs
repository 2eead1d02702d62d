//! A trace is what two sides said to each other, and what it did to the tables of both.
//!
//! Floor 3. A [`Recorder`] keeps what passes through a [`Recorded`] transport or a [`Tapped`] stream of bytes, of any engine's
//! session: all of it on a tape, or the latest in memory, as a [ring](Recorder::ring). `bowline trace` makes a page of a tape. Below that are
//! an observer that rebuilds the [`Tables`] of both sides from the messages alone, and [`weave`], for
//! directions that were recorded apart. These two and [`Streams`] know no I/O and no clock. A recording holds all that was
//! said, secrets too.
//!
//! ```
//! use bowline::trace::{Recorded, Recorder, Side};
//! use bowline::transport::same_thread;
//!
//! let recorder = Recorder::ring(16 << 20);
//! let (left, right) = same_thread();
//! let left = Recorded::new(left, &recorder, Side::Left, "desk");
//! // … connect vats with `left` and `right`, let them talk, and at any time:
//! let mut tape = Vec::new();
//! recorder.save(&mut tape)?; // for `bowline trace`
//! # drop((left, right));
//! # Ok::<(), std::io::Error>(())
//! ```

mod entry;
mod known;
mod recorded;
mod recorder;
mod side;
mod streams;
mod tables;
mod tape;
#[cfg(test)]
mod tests;
mod weave;

pub use entry::{Asked, Entry, Given, Held, Key, Kind, Life, Number, Table};
pub use recorded::{Recorded, Tapped};
pub use recorder::{Recorder, Session};
pub use side::Side;
pub use streams::{Said, Streams};
pub use tables::{Change, Step, Tables, TablesLimits};
pub use tape::{Piece, TapeReader, TapeWriter, What, is_tape};
pub use weave::weave;
