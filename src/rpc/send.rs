//! Sending: a call that is built is made, on the vat's thread or from another.

use std::sync::{Arc, OnceLock};

use futures_channel::oneshot;

use crate::runtime::{Local, gone, leave};
use crate::vat;
use crate::vat::{CallId, Cap, Wrote};
use crate::wire::{Content, Exception};

use super::caps;
use super::client::Client;
use super::promise::{Hold, Promise, Promised, forward};
use super::reply::Reply;

/// How a call is made.
#[derive(Clone, Copy)]
pub(super) enum Manner {
    /// Its promise is its return.
    Awaited,
    /// It is one of a stream: its promise is room for the next.
    Streaming,
}

impl Manner {
    /// Makes a call; `None` if it was sent and nobody need wait.
    fn call(self, here: &Local, cap: Cap, request: vat::Request) -> Option<CallId> {
        match self {
            Self::Awaited => Some(here.call(cap, request)),
            Self::Streaming => match here.write(cap, request) {
                Wrote::Sent(_) => None,
                Wrote::Waits(call) => Some(call),
            },
        }
    }
}

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
        self.send_as(Manner::Awaited)
    }

    pub(super) fn send_as(self, manner: Manner) -> Promise {
        match self.client.here() {
            Some(here) => self.send_here(&here, manner),
            None => self.send_away(manner),
        }
    }

    fn send_here(self, here: &Local, manner: Manner) -> Promise {
        // The client holds the reference for as long as this takes.
        let Some(cap) = self.client.cap_here(here) else {
            return Promise::failed(here.mailbox(), gone());
        };
        let params = caps::payload(here, self.content, &self.caps);
        let request = vat::Request { interface: self.interface, method: self.method, params };
        let made = manner.call(here, cap, request);
        Promise::new(here.mailbox(), made.map_or(Promised::Sent, Promised::Here))
    }

    fn send_away(self, manner: Manner) -> Promise {
        let mailbox = Arc::clone(self.client.mailbox());
        let known = Arc::new(OnceLock::new());
        let call = Arc::clone(&known);
        let (tell, hear) = oneshot::channel();
        leave(&mailbox, move |here| match self.ready(here) {
            Ok((cap, request)) => {
                let made = manner.call(here, cap, request);
                here.release(cap);
                match made {
                    Some(call) if known.set(call).is_ok() => forward(here, call, tell),
                    // Nobody may be left to be told.
                    _ => drop(tell.send(Ok(Reply::nothing()))),
                }
            }
            Err(why) => drop(tell.send(Err(why))),
        });
        let hold = Hold::new(&mailbox, &call);
        Promise::new(&mailbox, Promised::Away { call, hear, hold })
    }

    /// The call as the vat `here` takes it, with a reference of its target.
    pub(super) fn ready(self, here: &Local) -> Result<(Cap, vat::Request), Exception> {
        let cap = caps::lend(here, &self.client)?;
        let params = caps::payload(here, self.content, &self.caps);
        Ok((cap, vat::Request { interface: self.interface, method: self.method, params }))
    }
}
