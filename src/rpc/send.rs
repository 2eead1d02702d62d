//! Sending: a call that is built is made, on the vat's thread or from another.

use std::sync::{Arc, OnceLock};

use futures_channel::oneshot;

use crate::runtime::{Local, gone, post};
use crate::vat::{self, CallId};
use crate::wire::{Content, Exception};

use super::caps;
use super::client::Client;
use super::promise::{Hold, Promise, Promised, forward};

/// A call that is built.
pub(super) struct Outgoing {
    pub(super) client: Client,
    pub(super) interface: u64,
    pub(super) method: u16,
    pub(super) content: Content,
    pub(super) caps: Vec<Option<Client>>,
}

impl Outgoing {
    /// Makes the call, behind every call made before it. It is delivered whether the promise is
    /// polled or not; dropping the promise cancels it.
    pub(super) fn send(self) -> Promise {
        match self.client.here() {
            Some(here) => self.send_here(&here),
            None => self.send_away(),
        }
    }

    fn send_here(self, here: &Local) -> Promise {
        match self.send_near(here) {
            Ok(call) => Promise::new(here.mailbox(), Promised::Here(call)),
            Err(why) => Promise::failed(here.mailbox(), why),
        }
    }

    /// Makes the call on the thread of its client's vat, which is `here`.
    pub(super) fn send_near(self, here: &Local) -> Result<CallId, Exception> {
        // The client holds the reference for as long as this takes.
        let cap = self.client.cap_here(here).ok_or_else(gone)?;
        let params = caps::payload(here, self.content, &self.caps);
        let request = vat::Request { interface: self.interface, method: self.method, params };
        Ok(here.call(cap, request))
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
                    forward(here, call, tell);
                }
            }
            Err(why) => drop(tell.send(Err(why))),
        }));
        let hold = Hold::new(&mailbox, &call);
        Promise::new(&mailbox, Promised::Away { call, hear, hold })
    }

    /// The call as the vat `here` takes it, with a reference of its target.
    pub(super) fn ready(self, here: &Local) -> Result<(vat::Cap, vat::Request), Exception> {
        let cap = caps::lend(here, &self.client)?;
        let params = caps::payload(here, self.content, &self.caps);
        Ok((cap, vat::Request { interface: self.interface, method: self.method, params }))
    }
}
