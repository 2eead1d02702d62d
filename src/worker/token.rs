//! A service stub of another process: a token nobody but its issuer can read.

use bytes::Bytes;

use super::value::{ExternalKind, Resource};

/// Handed on, and handed back, as it is. (Rule 75)
pub(super) struct Token(pub(super) Bytes);

impl Resource for Token {
    fn kind(&self) -> ExternalKind {
        ExternalKind::Service
    }
}
