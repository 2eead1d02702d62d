//! A service is an entrypoint that can be bound: of a worker in this process, or behind a connection.

use std::rc::Rc;

use crate::runtime::Local;

use super::entry::Bound;
use super::host::{Object, host};
use super::stub::RpcStub;

/// What a service binding leads to. Clones lead to the same.
#[derive(Clone)]
pub struct Service(pub(super) Rc<dyn Bound>);

impl Service {
    /// A stub of it, for whoever is no worker. Every call through it is an invocation of its own. (Rule 67)
    #[must_use]
    pub fn stub(&self, here: &Local) -> RpcStub {
        self.stub_at(here, 0)
    }

    /// A stub for a caller so many invocations deep.
    pub(super) fn stub_at(&self, here: &Local, depth: u32) -> RpcStub {
        RpcStub::from_client(host(here, Object::Entry(self.0.entry(depth))))
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Service")
    }
}
