//! `fetch` on services: a request is an invocation of its own, as a call is.

use super::ctx::Session;
use std::rc::Rc;

use http::{Request, Response};

use crate::runtime::{Local, LocalFuture};

use super::entry::{Bound, Entry, Fetched, Opened};
use super::error::JsError;
use super::http::{Body, Fetch};
use super::service::Service;

impl Service {
    /// Makes a request of it: `env.SVC.fetch()`, for whoever is no worker. (Rules 37 and 67)
    ///
    /// # Errors
    ///
    /// What its handler failed with; or it has none; or it is elsewhere, and nothing says how it is reached by HTTP.
    pub async fn fetch(
        &self,
        here: &Local,
        request: Request<Body>,
    ) -> Result<Response<Body>, JsError> {
        self.0.entry(0).fetch(here, request).await
    }

    /// The same service, to which requests go by another way: those of a service behind a connection, which carries
    /// calls alone, by [`to_address`](super::http::to_address) or [`over_calls`](super::http::over_calls).
    #[must_use]
    pub fn with_fetch(self, way: Rc<dyn Fetch>) -> Self {
        Self(Rc::new(Rerouted { service: self, way }))
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
    way: Rc<dyn Fetch>,
}

impl Bound for Rerouted {
    fn entry(&self, depth: u32) -> Rc<dyn Entry> {
        Rc::new(ReroutedEntry { entry: self.service.0.entry(depth), way: Rc::clone(&self.way) })
    }
}

struct ReroutedEntry {
    entry: Rc<dyn Entry>,
    way: Rc<dyn Fetch>,
}

impl Entry for ReroutedEntry {
    fn open(&self, here: &Local, session: Option<Rc<dyn Session>>) -> Result<Opened, JsError> {
        self.entry.open(here, session)
    }

    fn fetch(&self, _: &Local, request: Request<Body>) -> LocalFuture<Fetched> {
        Rc::clone(&self.way).fetch(request)
    }
}
