//! A request is a call that is being built.

use std::sync::{Arc, OnceLock};

use capnp::any_pointer;
use futures_channel::oneshot;

use crate::runtime::{Local, post};
use crate::vat;
use crate::wire::Exception;

use super::caps;
use super::client::Client;
use super::message::Draft;
use super::promise::{Promise, Promised};

/// A call that has not been made yet.
pub struct Request {
    pub(super) client: Client,
    pub(super) interface: u64,
    pub(super) method: u16,
    pub(super) params: Draft,
}

impl Client {
    /// Begins a call of method number `method` of the interface with type id `interface`.
    #[must_use]
    pub fn request(&self, interface: u64, method: u16) -> Request {
        Request { client: self.clone(), interface, method, params: Draft::new() }
    }
}

impl Request {
    /// Room for `words` words of params before a second segment is needed.
    #[must_use]
    pub fn reserve(mut self, words: u32) -> Self {
        self.params.reserve(words);
        self
    }

    /// Builds the params; may be called again to go on building.
    pub fn build<R>(&mut self, f: impl FnOnce(any_pointer::Builder<'_>) -> R) -> R {
        self.params.build(f)
    }

    /// Builds the params, and passes on.
    #[must_use]
    pub fn with(mut self, f: impl FnOnce(any_pointer::Builder<'_>)) -> Self {
        self.build(f);
        self
    }

    /// Makes the call, behind every call made before it. It is delivered whether the promise is
    /// polled or not; dropping the promise cancels it.
    pub fn send(self) -> Promise {
        match self.client.here() {
            Some(here) => self.send_here(&here),
            None => self.send_away(),
        }
    }

    fn send_here(self, here: &Local) -> Promise {
        match self.ready(here) {
            Ok((cap, request)) => {
                let call = here.call(cap, request);
                here.release(cap);
                Promise::new(here.mailbox(), Promised::Here(call))
            }
            Err(why) => Promise::failed(here.mailbox(), why),
        }
    }

    fn send_away(self) -> Promise {
        let mailbox = Arc::clone(self.client.mailbox());
        let known = Arc::new(OnceLock::new());
        let call = Arc::clone(&known);
        let (tell, hear) = oneshot::channel();
        drop(post(&mailbox, move |here| match self.ready(here) {
            Ok((cap, request)) => {
                let call = here.call(cap, request);
                here.release(cap);
                if known.set(call).is_ok() {
                    super::promise::forward(here, call, tell);
                }
            }
            Err(why) => drop(tell.send(Err(why))),
        }));
        Promise::new(&mailbox, Promised::Away { call, hear })
    }

    /// The call as the vat `here` takes it, with a reference of its target.
    pub(super) fn ready(self, here: &Local) -> Result<(vat::Cap, vat::Request), Exception> {
        let cap = caps::lend(here, &self.client)?;
        let (content, clients) = self.params.seal();
        let params = caps::payload(here, content, &clients);
        Ok((cap, vat::Request { interface: self.interface, method: self.method, params }))
    }
}
