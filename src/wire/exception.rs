//! An exception is why a call did not return results, in a form that travels.

use std::fmt;
use std::sync::Arc;

/// What a caller may do about an exception (`Exception.Type` of `rpc.capnp`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExceptionKind {
    /// Something went wrong; asking again would fail again.
    Failed,
    /// A resource ran out for now; asking again later may work.
    Overloaded,
    /// The way to the object is lost; a new connection may work.
    Disconnected,
    /// The method does not exist, or not for this object.
    Unimplemented,
}

/// Bytes attached to an exception under an id that says what they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Says what `data` is; by custom a random number, as a Cap'n Proto type id.
    pub id: u64,
    /// The detail itself.
    pub data: Vec<u8>,
}

/// Why a call, a promise, a capability or a connection failed. (C-X1, C-X2)
///
/// Clones share one allocation: a broken promise hands the same exception to all who wait.
#[derive(Clone, PartialEq, Eq)]
pub struct Exception(Arc<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: ExceptionKind,
    reason: String,
    trace: Option<String>,
    details: Vec<Detail>,
}

impl Exception {
    /// An exception of `kind`, explained to a person by `reason`.
    pub fn new(kind: ExceptionKind, reason: impl Into<String>) -> Self {
        Self(Arc::new(Inner { kind, reason: reason.into(), trace: None, details: Vec::new() }))
    }

    /// Something went wrong; see [`ExceptionKind::Failed`].
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::new(ExceptionKind::Failed, reason)
    }

    /// A resource ran out; see [`ExceptionKind::Overloaded`].
    pub fn overloaded(reason: impl Into<String>) -> Self {
        Self::new(ExceptionKind::Overloaded, reason)
    }

    /// The way is lost; see [`ExceptionKind::Disconnected`].
    pub fn disconnected(reason: impl Into<String>) -> Self {
        Self::new(ExceptionKind::Disconnected, reason)
    }

    /// No such method; see [`ExceptionKind::Unimplemented`].
    pub fn unimplemented(reason: impl Into<String>) -> Self {
        Self::new(ExceptionKind::Unimplemented, reason)
    }

    /// The same exception with a stack trace, as the side that threw it saw it.
    #[must_use]
    pub fn with_trace(mut self, trace: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).trace = Some(trace.into());
        self
    }

    /// The same exception with one more detail.
    #[must_use]
    pub fn with_detail(mut self, id: u64, data: impl Into<Vec<u8>>) -> Self {
        Arc::make_mut(&mut self.0).details.push(Detail { id, data: data.into() });
        self
    }

    /// What a caller may do about it.
    #[must_use]
    pub fn kind(&self) -> ExceptionKind {
        self.0.kind
    }

    /// What happened, for a person.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The stack trace of the side that threw it, if it sent one.
    #[must_use]
    pub fn trace(&self) -> Option<&str> {
        self.0.trace.as_deref()
    }

    /// About how many words it takes, beside the envelope it travels in.
    #[must_use]
    pub fn words(&self) -> usize {
        let details: usize = self.0.details.iter().map(|it| it.data.len() + 24).sum();
        let texts = self.0.reason.len() + self.0.trace.as_ref().map_or(0, String::len);
        (texts + details) / 8
    }

    /// What is attached, in the order it was attached.
    #[must_use]
    pub fn details(&self) -> &[Detail] {
        &self.0.details
    }
}

impl fmt::Display for ExceptionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed => "failed",
            Self::Overloaded => "overloaded",
            Self::Disconnected => "disconnected",
            Self::Unimplemented => "unimplemented",
        })
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind, self.0.reason)
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exception({self})")
    }
}

impl std::error::Error for Exception {}
