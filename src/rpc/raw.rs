//! Calls whose content somebody else makes and reads: params and results pass through as they are.

use std::sync::Arc;

use crate::runtime::Mailbox;
use crate::vat::{Request, TargetId};
use crate::wire::{Content, Exception};

use super::caps;
use super::client::Client;
use super::promise::{Promise, Promised};
use super::reply::Reply;
use super::send::Outgoing;

impl Client {
    /// Calls with content that was made elsewhere, whose capability pointers are indices into `caps`.
    /// As with [`Request::send`](super::request::Request::send), the call is delivered behind every call
    /// made before it, and dropping the promise cancels it.
    pub fn send_content(
        &self,
        interface: u64,
        method: u16,
        content: Content,
        caps: Vec<Option<Self>>,
    ) -> Promise {
        if let Some(here) = self.here()
            && let Some(cap) = self.cap_here(&here)
        {
            let params = caps::payload(&here, content, &caps);
            let call = here.call(cap, Request { interface, method, params });
            return Promise::new(here.mailbox(), Promised::Here(call));
        }
        Outgoing { client: self.clone(), interface, method, content, caps }.send()
    }
}

impl Promise {
    /// The vat the call was made in.
    #[must_use]
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// The call was made on the vat's thread, and this is another one: what the results are gone on with for is not
    /// kept for who comes this late.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self.state, Promised::Here(_)) && self.here().is_none()
    }

    /// The outcome, if it is there already and this is the vat's thread. The promise is spent then.
    pub fn take_now(&mut self) -> Option<Result<Reply, Exception>> {
        let here = self.here()?;
        let outcome = self.take_here(&here)?;
        Some(outcome.map(|payload| Reply::new(&here, payload)))
    }
}

impl Reply {
    /// The content, and what its capability pointers mean.
    #[must_use]
    pub fn into_parts(self) -> (Content, Vec<Option<Client>>) {
        (self.content, self.caps)
    }

    /// Params or results of these parts.
    #[must_use]
    pub fn from_parts(content: Content, caps: Vec<Option<Client>>) -> Self {
        Self { content, caps }
    }
}

impl Client {
    /// Whether calls on it are delivered to an object of its vat, as far as is known here and now.
    #[must_use]
    pub fn is_hosted_here(&self) -> bool {
        self.target_here().is_some()
    }

    /// The object of its vat that calls on it are delivered to, as far as is known here and now.
    pub(crate) fn target_here(&self) -> Option<TargetId> {
        let here = self.here()?;
        let cap = self.cap_here(&here)?;
        here.with(|graph| graph.target_of(cap))
    }
}
