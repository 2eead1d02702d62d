//! What was found out about a clause.

use std::fmt;

/// How a server stands to a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It did what the clause says.
    Holds,
    /// It did something else, which is this.
    Broken(String),
    /// It cannot be told, because of this.
    NotApplicable(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds => f.write_str("holds"),
            Self::Broken(how) => write!(f, "broken: {how}"),
            Self::NotApplicable(why) => write!(f, "not applicable: {why}"),
        }
    }
}

/// Why the test of a clause ends before its end.
#[derive(Debug)]
pub(super) enum Finding {
    Broken(String),
    /// It aborted the connection, saying this, where something else was waited for.
    Aborted(String),
    NotApplicable(String),
}

/// How the test of a clause ends.
pub(super) type Found<T = ()> = Result<T, Finding>;

pub(super) fn broken<T>(how: impl Into<String>) -> Found<T> {
    Err(Finding::Broken(how.into()))
}

pub(super) fn not_applicable<T>(why: impl Into<String>) -> Found<T> {
    Err(Finding::NotApplicable(why.into()))
}

/// Broken, as `how` says, unless `holds`.
pub(super) fn ensure(holds: bool, how: impl FnOnce() -> String) -> Found {
    if holds { Ok(()) } else { broken(how()) }
}

impl From<Finding> for Verdict {
    fn from(finding: Finding) -> Self {
        match finding {
            Finding::Broken(how) => Self::Broken(how),
            Finding::Aborted(how) => Self::Broken(format!("it aborted the connection, {how}")),
            Finding::NotApplicable(why) => Self::NotApplicable(why),
        }
    }
}

impl From<Found> for Verdict {
    fn from(found: Found) -> Self {
        found.map_or_else(Self::from, |()| Self::Holds)
    }
}

/// What may also end in an Abort.
pub(super) fn or_aborted(found: Found) -> Found {
    match found {
        Err(Finding::Aborted(_)) => Ok(()),
        found => found,
    }
}
