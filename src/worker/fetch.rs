//! `fetch` on services: a request is an invocation of its own, as a call is.

use super::ctx::Session;
use std::rc::Rc;

use http::{Request, Response};

use crate::runtime::{Local, LocalFuture};
use crate::transport::Address;

use super::entry::{Bound, Entry, Opened};
use super::error::JsError;
use super::http::{Body, Fetch, Fetched, to_address};
use super::service::Service;

impl Service {
    /// Makes a request of it: `env.SVC.fetch()`, for whoever is no worker. (Rules 37 and 67)
    ///
    /// # Errors
    ///
    /// What its handler failed with, or it has none; or the connection it is behind is lost.
    pub async fn fetch(
        &self,
        here: &Local,
        request: Request<Body>,
    ) -> Result<Response<Body>, JsError> {
        self.0.entry(0).fetch(here, request).await
    }

    /// The same service, to which requests go by another way. A `workerd` behind a CONNECT takes calls alone there:
    /// its requests go by [`to_address`](super::http::to_address), as [`Service::at`] has it.
    #[must_use]
    pub fn with_fetch(self, way: Rc<dyn Fetch>) -> Self {
        Self(Rc::new(Rerouted { service: self, way: Way::By(way) }))
    }

    /// The same service, to which requests go as HTTP/1.1 at `address`, each on a connection of its own.
    pub(super) fn with_http(self, address: Address) -> Self {
        Self(Rc::new(Rerouted { service: self, way: Way::At(address) }))
    }

    /// What answers requests of it, to be given to a [`Port`](super::http::Port).
    #[must_use]
    pub fn handler(&self, here: &Local) -> Rc<dyn Fetch> {
        self.handler_at(here, 0)
    }

    /// The same for a caller so many invocations deep.
    pub(super) fn handler_at(&self, here: &Local, depth: u32) -> Rc<dyn Fetch> {
        Rc::new(Handler { here: here.clone(), service: self.clone(), depth })
    }
}

struct Handler {
    here: Local,
    service: Service,
    depth: u32,
}

impl Fetch for Handler {
    fn fetch(self: Rc<Self>, request: Request<Body>) -> LocalFuture<Fetched> {
        self.service.0.entry(self.depth).fetch(&self.here, request)
    }
}

/// A service with another way for requests.
struct Rerouted {
    service: Service,
    way: Way,
}

#[derive(Clone)]
enum Way {
    By(Rc<dyn Fetch>),
    At(Address),
}

impl Bound for Rerouted {
    fn entry(&self, depth: u32) -> Rc<dyn Entry> {
        Rc::new(ReroutedEntry { entry: self.service.0.entry(depth), way: self.way.clone() })
    }
}

struct ReroutedEntry {
    entry: Rc<dyn Entry>,
    way: Way,
}

impl Entry for ReroutedEntry {
    fn open(&self, here: &Local, session: Option<Rc<dyn Session>>) -> Result<Opened, JsError> {
        self.entry.open(here, session)
    }

    fn fetch(&self, here: &Local, request: Request<Body>) -> LocalFuture<Fetched> {
        match &self.way {
            Way::By(way) => Rc::clone(way).fetch(request),
            Way::At(address) => to_address(here, address.clone()).fetch(request),
        }
    }
}
