//! The door: whoever comes to an address is let in, until the program is interrupted.

use std::time::Duration;

use bowline::rpc::{ShutDown, shut_down};
use bowline::runtime::Local;
use bowline::transport::http::{Ahead, HeadLimits, dial};
use bowline::transport::{Address, Listener, Socket};
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;
use crate::place::Place;

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(10);

/// How long to wait with the next peer when the system has no room for one more.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Listens at `address`, says `open` where that turned out to be, and hands everybody who comes to `attend`.
///
/// Dropping the listener, at the end, removes the file of a unix socket.
pub(crate) async fn keep(
    address: &Address,
    open: impl FnOnce(&Address) -> Result<(), Failure>,
    mut attend: impl FnMut(Socket),
) -> Result<(), Failure> {
    let mut listener = Listener::bind(address).await?;
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    open(listener.address())?;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(socket) => attend(socket),
                Err(error) => {
                    Failure::from(error).tell();
                    tokio::time::sleep(NO_ROOM).await;
                }
            },
            _ = interrupt.recv() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
        }
    }
}

/// Nobody is let in any more: what runs in the vat `here` comes to its end, within `drain` and before the next signal.
pub(crate) async fn leave(here: &Local, drain: Duration) -> Result<(), Failure> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let left = tokio::select! {
        ended = shut_down(here, drain) => ended,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    match left {
        ShutDown::Finished => Ok(()),
        ShutDown::CutOff(what) => {
            let after = drain.as_secs_f64();
            Err(Failure::failed(format!(
                "cut off after {after} s: calls and streams, {what} in all"
            )))
        }
    }
}

/// Connects to `address`, for as long as that may take.
pub(crate) async fn connect(address: &Address) -> Result<Socket, Failure> {
    let connecting = tokio::time::timeout(CONNECTING, Socket::connect(address)).await;
    Ok(connecting.map_err(|_| late(address))??)
}

/// Connects to the vat at `place`.
pub(crate) async fn reach(place: &Place) -> Result<Ahead<Socket>, Failure> {
    match place {
        Place::Bare(address) => Ok(Ahead::new(Vec::new(), connect(address).await?)),
        Place::Http { address, host } => {
            let limits = HeadLimits::default();
            let dialling = dial(address, host, &limits);
            let dialled = tokio::time::timeout(CONNECTING, dialling).await;
            Ok(dialled.map_err(|_| late(place))??)
        }
    }
}

fn late(to: impl std::fmt::Display) -> Failure {
    Failure::failed(format!("connecting to {to} took more than {} s", CONNECTING.as_secs()))
}
