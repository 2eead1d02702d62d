//! What stands in the tables of two sides, as far as their messages tell.

use super::side::Side;

/// Which table of its owner an entry stands in. The other side has the same entry in the table across:
/// a question is an answer there, an export an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Calls and bootstraps the owner asked.
    Questions,
    /// Capabilities the owner gave out.
    Exports,
    /// Embargoes the owner waits for.
    Embargoes,
}

/// Where an entry stands. The id is named from the owner's point of view, as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The table.
    pub table: Table,
    /// Whose it is.
    pub owner: Side,
    /// The id within it.
    pub id: u32,
}

/// The number of a message, counted from 0 at the first that was observed.
pub type Number = u64;

/// How far the life of a question has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Asked, and neither returned nor finished.
    Open,
    /// Returned; the asker has not finished it.
    Returned,
    /// Finished before it was returned: it was cancelled, or only its pipeline was wanted.
    Finished {
        /// The capabilities of its results are released with it.
        release_results: bool,
    },
}

/// A question of its owner, and an answer of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The message that asked it; `None` if that was not observed.
    pub since: Option<Number>,
    /// What is asked of whom, for a person: `i0 @0xabc.3`.
    pub what: String,
    /// The question on whose results it is made.
    pub upon: Option<u32>,
    /// How far it has come.
    pub life: Life,
    /// No Return is due: it was asked with `onlyPromisePipeline`.
    pub only_pipeline: bool,
    /// Exports of the owner in its params, until the Return says whether they are released.
    pub params: Vec<u32>,
    /// Exports of the other side in its results, until the Finish says whether they are released.
    pub results: Vec<u32>,
}

/// What an export was given out as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `senderHosted`
    Hosted,
    /// `senderPromise`
    Promise,
    /// The vine of a `thirdPartyHosted`.
    Vine,
}

/// An export of its owner, and an import of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The message that first gave it out; `None` if that was not observed.
    pub since: Option<Number>,
    /// What it was given out as.
    pub kind: Kind,
    /// How many references the other side holds.
    pub references: u64,
    /// For a promise, what it was resolved to.
    pub resolved: Option<String>,
}

/// An embargo its owner waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The message that asked for it to be lifted; `None` if that was not observed.
    pub since: Option<Number>,
    /// The capability it is about, as the owner names it.
    pub target: String,
}

/// What stands at a [`Key`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// In [`Table::Questions`].
    Question(Asked),
    /// In [`Table::Exports`].
    Export(Given),
    /// In [`Table::Embargoes`].
    Embargo(Held),
}

impl Entry {
    /// The message that made it; `None` if that was not observed.
    #[must_use]
    pub const fn since(&self) -> Option<Number> {
        match self {
            Self::Question(Asked { since, .. })
            | Self::Export(Given { since, .. })
            | Self::Embargo(Held { since, .. }) => *since,
        }
    }
}
