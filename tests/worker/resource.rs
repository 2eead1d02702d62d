//! Something a value refers to.

use bowline::worker::value::{CloneError, External, ExternalKind, Resource, Value};

/// A stub or stream that is nothing but itself.
pub(crate) struct Dummy {
    pub(crate) kind: ExternalKind,
    pub(crate) refusal: Option<CloneError>,
}

impl Resource for Dummy {
    fn kind(&self) -> ExternalKind {
        self.kind
    }

    fn check(&self) -> Result<(), CloneError> {
        self.refusal.clone().map_or(Ok(()), Err)
    }
}

pub(crate) fn external(kind: ExternalKind) -> External {
    External::new(Dummy { kind, refusal: None })
}

pub(crate) fn stub() -> Value {
    Value::external(external(ExternalKind::RpcTarget))
}

/// One for each letter.
pub(crate) fn externals(letters: &str) -> Vec<External> {
    let kind = |letter| match letter {
        'T' => ExternalKind::RpcTarget,
        'S' => ExternalKind::Service,
        'R' => ExternalKind::ReadableStream,
        'W' => ExternalKind::WritableStream,
        'A' => ExternalKind::AbortSignal,
        other => panic!("no external is {other}"),
    };
    letters.chars().filter(|letter| *letter != '-').map(|letter| external(kind(letter))).collect()
}
