//! Connecting to services over sockets.

use std::time::Duration;

use tokio::time::timeout;

use crate::conn::Config;
use crate::rpc::{Client, Link};
use crate::runtime::Local;
use crate::transport::http::{Ahead, HeadLimits, dial};
use crate::transport::{FramedLimits, Socket, TransportError};
use crate::wire::Exception;

use super::config::ServiceAddress;

/// How long connecting may take, so that calls to a host that swallows what is sent to it fail some day.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the peer at `address` offers to whoever connects: a promise, while a task of the vat connects, whose driver
/// must run under tokio. To be given to [`Bindings::bind`](super::Bindings::bind). Where nobody listens, calls fail
/// with `disconnected`, and the next one tries again.
#[must_use]
pub fn connect_with_tokio(address: &ServiceAddress, here: &Local) -> Client {
    let (client, resolver) = Client::promise(here);
    let (address, local) = (address.clone(), here.clone());
    here.spawn(Box::pin(async move {
        let reached = timeout(PATIENCE, reach(&address)).await;
        resolver.resolve(match reached {
            Ok(Ok(stream)) => {
                let peer = stream.stream().peer().clone();
                let transport = stream.framed(peer, FramedLimits::default());
                Ok(Link::connect(&local, transport, Config::default(), None).bootstrap())
            }
            Ok(Err(why)) => Err(Exception::disconnected(why.to_string())),
            Err(_) => {
                let seconds = PATIENCE.as_secs();
                let why = format!("connecting to {address} took more than {seconds} s");
                Err(Exception::disconnected(why))
            }
        });
    }));
    client
}

async fn reach(address: &ServiceAddress) -> Result<Ahead<Socket>, TransportError> {
    match address {
        ServiceAddress::Http { address, host } => dial(address, host, &HeadLimits::default()).await,
        ServiceAddress::Plain(address) | ServiceAddress::Debug(address) => {
            Ok(Ahead::new(Vec::new(), Socket::connect(address).await?))
        }
    }
}
