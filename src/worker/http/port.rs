//! One port of a vat: vats by CONNECT host, and HTTP for everybody else.

use std::rc::Rc;
use std::time::Duration;

use futures_channel::oneshot;
use http::{Request, Response};

use super::body::Body;
use super::serve::serve_connection;
use super::target::Fetch;
use crate::conn::Config;
use crate::rpc::{Client, Link};
use crate::runtime::{Local, LocalFuture};
use crate::transport::http::{Ahead, Arrival, ConnectHost, HeadLimits, admit, refuse};
use crate::transport::{FramedLimits, Listener, Socket, TransportError};
use crate::worker::error::JsError;

/// How long to wait when the system has no room for one more connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// What is served at one port, as a service binding of a Worker expects it: `CONNECT host` leads to the vat of that
/// host (C-K2), any other request to a [`Fetch`] (C-K3).
#[derive(Clone, Default)]
pub struct Port {
    vats: Vec<(ConnectHost, Client)>,
    target: Option<Rc<dyn Fetch>>,
    config: Config,
    limits: HeadLimits,
}

impl Port {
    /// One that serves nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Offers `bootstrap` to those who CONNECT to `host`.
    #[must_use]
    pub fn vat(mut self, host: ConnectHost, bootstrap: Client) -> Self {
        self.vats.retain(|(known, _)| *known != host);
        self.vats.push((host, bootstrap));
        self
    }

    /// Has `target` answer HTTP.
    #[must_use]
    pub fn fetch(mut self, target: Rc<dyn Fetch>) -> Self {
        self.target = Some(target);
        self
    }

    /// With other settings of its connections.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// With other limits of heads.
    #[must_use]
    pub fn limits(mut self, limits: HeadLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Serves everybody who comes to `listener`, until accepting fails. What one of them does wrong ends their
    /// connection alone.
    ///
    /// Run it beside the vat's driver, or with [`Local::spawn`]. Dropping it stops the accepting and leaves the
    /// connections; [`shut_down`](crate::rpc::shut_down()) waits for requests that are being answered. Needs a tokio runtime with I/O and a clock.
    ///
    /// # Errors
    ///
    /// What accepting failed with. A process that is out of file descriptors, or out of memory, is none: who comes
    /// then waits until there is room.
    pub async fn listen(&self, here: &Local, listener: &mut Listener) -> TransportError {
        loop {
            match listener.accept().await {
                Ok(socket) => {
                    let (port, local) = (self.clone(), here.clone());
                    here.spawn(Box::pin(async move {
                        // It was told to them, if they could be told; the others do not notice.
                        let _theirs_alone = port.attend(&local, socket).await;
                    }));
                }
                Err(error) if error.is_shortage() => tokio::time::sleep(NO_ROOM).await,
                Err(error) => return error,
            }
        }
    }

    /// Serves one who came. Ready when that is over, or for a vat when it is connected.
    ///
    /// # Errors
    ///
    /// They sent no HTTP, or the connection is lost.
    pub async fn attend(
        &self,
        here: &Local,
        socket: Socket,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let peer = socket.peer().clone();
        let known = |asked: &str| self.known(asked).is_some();
        match admit(socket, &self.limits, known).await? {
            Arrival::Vat { host, stream } => {
                let transport = stream.framed(peer, FramedLimits::default());
                Link::accept(here, transport, self.config.clone(), self.known(&host));
            }
            Arrival::Http { stream, .. } => self.answer(here, stream).await?,
            Arrival::Nobody => {}
        }
        Ok(())
    }

    fn known(&self, asked: &str) -> Option<&Client> {
        self.vats.iter().find(|(host, _)| host.as_str() == asked).map(|(_, vat)| vat)
    }

    async fn answer(
        &self,
        here: &Local,
        stream: Ahead<Socket>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let peer = stream.stream().peer().clone();
        match &self.target {
            Some(target) => {
                let target = Rc::new(Engaging { here: here.clone(), target: Rc::clone(target) });
                serve_connection(stream, target, &self.limits).await?;
            }
            None => refuse(stream, &peer, "404 Not Found", "no HTTP is served here").await?,
        }
        Ok(())
    }
}

/// A vat that shuts down waits for the requests it answers, until their bodies are read.
struct Engaging {
    here: Local,
    target: Rc<dyn Fetch>,
}

impl Fetch for Engaging {
    fn fetch(
        self: Rc<Self>,
        request: Request<Body>,
    ) -> LocalFuture<Result<Response<Body>, JsError>> {
        let engaged = self.here.engage();
        let answer = Rc::clone(&self.target).fetch(request);
        Box::pin(async move {
            let response = answer.await?;
            let (reading, over) = oneshot::channel();
            self.here.spawn(Box::pin(async move {
                // Nothing is ever sent: it is dropped with the body.
                let _read = over.await;
                drop(engaged);
            }));
            Ok(response.map(|body| body.read_while(reading)))
        })
    }
}

impl std::fmt::Debug for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hosts = self.vats.iter().map(|(host, _)| host.as_str());
        f.debug_list().entries(hosts).finish()
    }
}
