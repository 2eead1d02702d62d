//! A resolver says what a promised client came to be.

use crate::runtime::Local;
use crate::vat::Cap;
use crate::wire::Exception;

use super::caps;
use super::client::Client;

impl Client {
    /// A client that stands for what the resolver will say. Calls wait for that, in order.
    #[must_use]
    pub fn promise(here: &Local) -> (Self, Resolver) {
        let cap = here.with(|graph| graph.promise());
        (Self::adopt(here, cap), Resolver { here: here.clone(), promise: Some(cap) })
    }
}

/// Says what a promised client came to be. Dropped unused, it breaks the promise.
#[derive(Debug)]
pub struct Resolver {
    here: Local,
    promise: Option<Cap>,
}

impl Resolver {
    /// The promise came to be `client`, or broke.
    pub fn resolve(mut self, to: Result<Client, Exception>) {
        let to = to.and_then(|client| caps::lend(&self.here, &client)).map(Some);
        if let Some(promise) = self.promise.take() {
            self.here.change(|graph| graph.resolve(promise, to));
        }
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        if let Some(promise) = self.promise.take() {
            let why = Exception::failed("the promise was given up");
            self.here.change(|graph| graph.resolve(promise, Err(why)));
        }
    }
}
