//! A server set knows its own servers again when their capabilities come back.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::rc::{Rc, Weak};

use capnp::capability::FromServer;

use crate::runtime::Local;

use super::client::Client;
use super::serve::serve_shared;

/// Servers of one kind, found again by their clients: through promises, and after the capability went
/// to a peer and came back. It keeps no server alive.
pub struct ServerSet<S, C> {
    servers: BTreeMap<usize, Weak<S>>,
    of: PhantomData<fn() -> C>,
}

impl<S, C> Default for ServerSet<S, C> {
    fn default() -> Self {
        Self { servers: BTreeMap::new(), of: PhantomData }
    }
}

impl<S, C: FromServer<S>> ServerSet<S, C> {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Hosts a server that will be known again.
    pub fn serve(&mut self, here: &Local, server: Rc<S>) -> C {
        let weak = Rc::downgrade(&server);
        let client: C = serve_shared(here, server);
        self.servers.insert(client.as_client_hook().get_ptr(), weak);
        client
    }

    /// The server behind a client, once it is known what the client stands for. `None` if it is none
    /// of this set.
    pub async fn find(&self, client: &C) -> Option<Rc<S>> {
        let client = Client::from_hook(client.as_client_hook());
        // A promise that breaks leads to no server, whatever broke it.
        let _ = client.settled().await;
        self.server_of(&client)
    }

    /// The server behind a client, as far as it is known what the client stands for.
    #[must_use]
    pub fn find_now(&self, client: &C) -> Option<Rc<S>> {
        self.server_of(&Client::from_hook(client.as_client_hook()))
    }

    fn server_of(&self, client: &Client) -> Option<Rc<S>> {
        self.servers.get(&client.identity())?.upgrade()
    }

    /// Forgets servers that are gone.
    pub fn gc(&mut self) {
        self.servers.retain(|_, server| server.strong_count() > 0);
    }
}
