//! Listening: whoever connects is offered a bootstrap chosen for them.

use crate::conn::Config;
use crate::runtime::Local;
use crate::transport::{FramedLimits, Listener, Peer, TransportError};

use super::client::Client;
use super::connect::Link;

/// Connects the vat `here` to everybody who comes to `listener`, until accepting fails. `bootstrap`
/// chooses what each gets; with `None` a peer may offer something, and is offered nothing.
///
/// Run it beside the vat's driver, or with [`Local::spawn`]. Dropping it stops the accepting and
/// leaves the connections.
///
/// # Errors
///
/// What accepting failed with; a process out of file descriptors is one.
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
                Link::connect(here, transport, config.clone(), offered.as_ref());
            }
            Err(error) => return error,
        }
    }
}
