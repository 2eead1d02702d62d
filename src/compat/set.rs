//! A set of servers that are known again by their capabilities.

use std::rc::Rc;

use capnp::capability::{FromClientHook, FromServer};

use crate::rpc::{ServerSet, ambient};

/// Servers of this thread, found again by their clients. It keeps no server alive.
pub struct CapabilityServerSet<S, C>
where
    C: FromServer<S>,
{
    servers: ServerSet<S, C>,
}

impl<S, C> Default for CapabilityServerSet<S, C>
where
    C: FromServer<S>,
{
    fn default() -> Self {
        Self { servers: ServerSet::default() }
    }
}

impl<S, C> CapabilityServerSet<S, C>
where
    C: FromServer<S>,
{
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Hosts a server that will be known again.
    pub fn new_client(&mut self, s: S) -> C {
        self.new_client_from_rc(Rc::new(s))
    }

    /// Hosts a server that is shared with its owner.
    pub fn new_client_from_rc(&mut self, rc: Rc<S>) -> C {
        self.servers.serve(&ambient(), rc)
    }

    /// The server behind a client, once it is known what the client stands for. `None` if it is none
    /// of this set.
    pub async fn get_local_server(&self, client: &C) -> Option<Rc<S>>
    where
        C: FromClientHook,
    {
        self.servers.find(client).await
    }

    /// The server behind a client, as far as it is known what the client stands for.
    pub fn get_local_server_of_resolved(&self, client: &C) -> Option<Rc<S>>
    where
        C: FromClientHook,
    {
        self.servers.find_now(client)
    }

    /// Forgets servers that are gone.
    pub fn gc(&mut self) {
        self.servers.gc();
    }
}
