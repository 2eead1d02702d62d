//! Sessions, called: a service behind a connection, which is made when it is first called.

use std::cell::RefCell;
use std::rc::Rc;

use crate::rpc::{Client, Crossing, Membrane, Policy, Verdict};
use crate::runtime::Local;
use crate::wire::{Content, Path};

use super::ctx::Session;
use super::entry::{Bound, Entry, Opened};
use super::error::JsError;
use super::interface::{EVENT_DISPATCHER, JS_RPC_SESSION, WORKERD_BOOTSTRAP};
use super::service::Service;

/// `startEvent` with its defaults: one word of data, one pointer, both empty.
const START_EVENT: [u64; 3] = [1 << 32 | 1 << 48, 0, 0];

/// A struct without fields, as `jsRpcSession` takes it. It lies where its pointer is.
const NOTHING: [u64; 1] = [0xffff_fffc];

impl Service {
    /// A service behind a connection. `connect` gives what the peer offers to whoever connects, and is asked for
    /// it when the service is first called, and again when that was lost; as it does not wait, it gives a promise
    /// where connecting takes time. (Rule 76)
    ///
    /// Requests of it are calls, too: feature `http`, and [`over_calls`](super::http::over_calls).
    pub fn remote(connect: impl Fn(&Local) -> Client + 'static) -> Self {
        Self(Rc::new(Remote(Rc::new(Way { connect: Box::new(connect), peer: RefCell::default() }))))
    }
}

struct Way {
    connect: Box<dyn Fn(&Local) -> Client>,
    /// What the peer offers, once it was asked for.
    peer: RefCell<Option<Client>>,
}

impl Way {
    fn peer(&self, here: &Local) -> Client {
        let known = self.peer.borrow().clone();
        if let Some(peer) = known.filter(|peer| peer.why_broken().is_none()) {
            return peer;
        }
        let peer = (self.connect)(here);
        let before = self.peer.replace(Some(peer.clone()));
        drop(before);
        peer
    }
}

struct Remote(Rc<Way>);

impl Bound for Remote {
    fn entry(&self, _: u32) -> Rc<dyn Entry> {
        Rc::new(Self(Rc::clone(&self.0)))
    }
}

impl Entry for Remote {
    /// An event that is a request.
    #[cfg(all(feature = "http", unix))]
    fn fetch(
        &self,
        here: &Local,
        request: http::Request<super::http::Body>,
    ) -> crate::runtime::LocalFuture<super::http::Fetched> {
        super::http::over_calls(here, &self.0.peer(here)).fetch(request)
    }

    /// An event, a session in it, and its top level, all asked for at once.
    fn open(&self, here: &Local, _: Option<Rc<dyn Session>>) -> Result<Opened, JsError> {
        let peer = self.0.peer(here);
        let params = Content::from_words(&START_EVENT);
        let started = peer.send_content(WORKERD_BOOTSTRAP, 0, params, Vec::new());
        let dispatcher = started.cap(&Path::root().field(0));
        let params = Content::from_words(&NOTHING);
        let opened = dispatcher.send_content(EVENT_DISPATCHER, JS_RPC_SESSION, params, Vec::new());
        let top_level = opened.cap(&Path::root().field(0));
        let session = opened.cap(&Path::root().field(1));
        started.detach_as_courtesy();
        opened.detach_as_courtesy();
        let membrane = Membrane::new(here, Across { _kept: [session, dispatcher] });
        Ok(Opened::Elsewhere(membrane.wrap(&top_level)))
    }
}

/// Keeps a session for as long as anything leads through it: it is released with the membrane.
struct Across {
    _kept: [Client; 2],
}

impl Policy for Across {
    fn call(&self, _: &Crossing) -> Verdict {
        Verdict::Allow
    }

    fn lets_all_through(&self) -> bool {
        true
    }
}
