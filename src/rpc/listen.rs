//! Listening: whoever connects is offered a bootstrap chosen for them.

use std::time::Duration;

use crate::conn::Config;
use crate::runtime::Local;
use crate::transport::{FramedLimits, Listener, Peer, TransportError};

use super::client::Client;
use super::connect::Link;

/// How long a listener waits when the system has no room for one more connection: the rest of the vat goes
/// on meanwhile, and what it closes makes room.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Connects the vat `here` to everybody who comes to `listener`, until accepting fails. `bootstrap`
/// chooses what each gets; with `None` a peer may offer something, and is offered nothing.
///
/// Run it beside the vat's driver, or with [`Local::spawn`]. Dropping it stops the accepting and
/// leaves the connections;
/// [`shut_down`](super::shut_down()) ends those in good order.
///
/// # Errors
///
/// What accepting failed with. A process that is out of file descriptors, or out of memory, is none: who comes
/// then waits until there is room.
pub async fn listen(
    here: &Local,
    listener: &mut Listener,
    config: Config,
    mut bootstrap: impl FnMut(&Peer) -> Option<Client>,
) -> TransportError {
    loop {
        match listener.accept().await {
            Ok(socket) => {
                let offered = bootstrap(socket.peer());
                let transport = socket.framed(FramedLimits::default());
                Link::accept(here, transport, config.clone(), offered.as_ref());
            }
            Err(error) if error.is_shortage() => tokio::time::sleep(NO_ROOM).await,
            Err(error) => return error,
        }
    }
}
