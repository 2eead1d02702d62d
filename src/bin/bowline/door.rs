//! The door: whoever comes to an address is let in, until the program is interrupted.

use std::time::Duration;

use bowline::transport::{Address, Listener, Socket};
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;

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

/// Connects to `address`, for as long as that may take.
pub(crate) async fn connect(address: &Address) -> Result<Socket, Failure> {
    let connecting = tokio::time::timeout(CONNECTING, Socket::connect(address)).await;
    let connected = connecting.map_err(|_| {
        let seconds = CONNECTING.as_secs();
        Failure::failed(format!("connecting to {address} took more than {seconds} s"))
    })?;
    Ok(connected?)
}
