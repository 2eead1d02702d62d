//! Services by their addresses: sockets, vats behind HTTP, debug ports.

use crate::conn::Config;
use crate::rpc::{Client, Link};
use crate::runtime::Local;
use crate::transport::http::{HeadLimits, dial};
use crate::transport::{FramedLimits, Peer, Socket, TransportError};
use crate::wire::Exception;

use super::asking::Asking;
use super::config::ServiceAddress;
use super::debug_port::DebugPort;
use super::service::Service;

impl Service {
    /// The service at an address. It is connected when it is first called, and again by the first call after the
    /// connection was lost: either side may start first. Needs a tokio runtime with I/O and time where the vat
    /// is driven. (Rule 76)
    ///
    /// With feature `http` it takes requests, too: at an address `http://…` as HTTP/1.1 beside the CONNECT, each on a
    /// connection of its own; elsewhere as calls.
    #[must_use]
    pub fn at(address: ServiceAddress, asking: Asking) -> Self {
        #[cfg(feature = "http")]
        let beside = match &address {
            ServiceAddress::Http { address, .. } => Some(address.clone()),
            _ => None,
        };
        let service = Self::remote(move |here| reach(here, address.clone(), asking.clone()));
        #[cfg(feature = "http")]
        if let Some(address) = beside {
            return service.with_http(address);
        }
        service
    }
}

/// What the peer offers, promised until it is connected.
fn reach(here: &Local, address: ServiceAddress, asking: Asking) -> Client {
    let (client, resolver) = Client::promise(here);
    let near = here.clone();
    here.spawn(Box::pin(async move {
        let reached = connect(&near, &address, &asking).await;
        resolver.resolve(reached);
    }));
    client
}

async fn connect(
    here: &Local,
    address: &ServiceAddress,
    asking: &Asking,
) -> Result<Client, Exception> {
    let lost = |why: TransportError| Exception::disconnected(why.to_string());
    let (config, limits) = (Config::default(), FramedLimits::default());
    let link = match address {
        ServiceAddress::Http { address, host } => {
            let host = asking.connect_host.as_ref().unwrap_or(host);
            let stream = dial(address, host, &HeadLimits::default()).await.map_err(lost)?;
            let peer = Peer::Named(format!("{} at {address}", host.as_str()));
            Link::connect(here, stream.framed(peer, limits), config, None)
        }
        ServiceAddress::Plain(address) | ServiceAddress::Debug(address) => {
            let socket = Socket::connect(address).await.map_err(lost)?;
            Link::connect(here, socket.framed(limits), config, None)
        }
    };
    let offered = link.bootstrap();
    if !address.chooses() {
        return Ok(offered);
    }
    let port = DebugPort::new(offered);
    Ok(port.entrypoint(&asking.service, asking.entrypoint.as_deref(), &asking.props))
}
