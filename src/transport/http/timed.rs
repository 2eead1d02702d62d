//! The same over sockets, with a clock: nobody is waited for for ever.

use std::future::Future;
use std::io;

use super::ahead::Ahead;
use super::arrive::{Arrival, arrive};
use super::connect::request_connect;
use super::head::HeadLimits;
use super::host::ConnectHost;
use crate::transport::address::Address;
use crate::transport::error::TransportError;
use crate::transport::peer::Peer;
use crate::transport::socket::Socket;

/// Connects to `address` and asks for the vat at `host` there, as [`request_connect`] does.
///
/// # Errors
///
/// As [`Socket::connect`] and [`request_connect`]; [`TransportError::Io`] with
/// [`TimedOut`](io::ErrorKind::TimedOut) if the answer takes longer than [`HeadLimits::patience`].
pub async fn dial(
    address: &Address,
    host: &ConnectHost,
    limits: &HeadLimits,
) -> Result<Ahead<Socket>, TransportError> {
    let socket = Socket::connect(address).await?;
    let peer = socket.peer().clone();
    in_time(limits, &peer, request_connect(socket, &peer, host, limits)).await
}

/// Reads what `socket`, who came to a listener, wants, as [`arrive`] does.
///
/// # Errors
///
/// As [`arrive`]; [`TransportError::Io`] with [`TimedOut`](io::ErrorKind::TimedOut) if the head takes longer than
/// [`HeadLimits::patience`].
pub async fn admit(
    socket: Socket,
    limits: &HeadLimits,
    is_known: impl Fn(&str) -> bool,
) -> Result<Arrival<Socket>, TransportError> {
    let peer = socket.peer().clone();
    in_time(limits, &peer, arrive(socket, &peer, limits, is_known)).await
}

async fn in_time<T>(
    limits: &HeadLimits,
    peer: &Peer,
    step: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    let late = |_| {
        TransportError::io("waiting for the HTTP head of", peer, io::ErrorKind::TimedOut.into())
    };
    tokio::time::timeout(limits.patience, step).await.map_err(late)?
}
