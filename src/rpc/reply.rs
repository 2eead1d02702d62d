//! A reply is what a call brought: results for the caller, params for the target.

use crate::runtime::Local;
use crate::vat::Payload;
use crate::wire::{Content, Exception, Path};

use super::caps;
use super::client::Client;

/// Params or results that were received, and the clients in them. May be kept, sent to another
/// thread and read there.
#[derive(Debug)]
pub struct Reply {
    pub(super) content: Content,
    pub(super) caps: Vec<Option<Client>>,
}

impl Reply {
    #[inline]
    pub(crate) fn new(here: &Local, payload: Payload) -> Self {
        Self { content: payload.content, caps: caps::clients(here, payload.caps) }
    }

    /// Nothing was brought.
    pub(super) const fn nothing() -> Self {
        Self { content: Content::null(), caps: Vec::new() }
    }

    /// The capability at a path.
    ///
    /// # Errors
    ///
    /// `failed`: there is none, or the path does not lead to one.
    pub fn cap(&self, path: &Path) -> Result<Client, Exception> {
        let index = self
            .content
            .cap_at(path)
            .map_err(|why| Exception::failed(format!("{why} (root{path})")))?;
        index
            .and_then(|index| self.caps.get(index as usize)?.clone())
            .ok_or_else(|| Exception::failed(format!("there is no capability at root{path}")))
    }
}
