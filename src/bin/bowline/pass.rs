//! Plain HTTP is passed on as it is.

use std::io::ErrorKind;

use bowline::transport::Socket;
use bowline::transport::http::{Ahead, refuse, splice};

use crate::door;
use crate::failure::Failure;
use crate::place::Place;

/// Joins `near`, whose request head was read, with a connection of its own to `to`. What cannot be passed
/// on is answered here.
pub(crate) async fn pass(near: Ahead<Socket>, to: &Place) -> Result<(), Failure> {
    let peer = near.stream().peer().clone();
    let Place::Http { address, .. } = to else {
        let why = format!("{to} serves no HTTP");
        refuse(near, &peer, "502 Bad Gateway", &why).await?;
        return Ok(());
    };
    match door::connect(address).await {
        Ok(far) => splice(near, far).await.or_else(hung_up),
        Err(failure) => {
            // They may be gone; the failure is told either way.
            let _unheard = refuse(near, &peer, "502 Bad Gateway", &failure.to_string()).await;
            Err(failure)
        }
    }
}

/// Either side may hang up at any time: HTTP ends like that too.
fn hung_up(error: std::io::Error) -> Result<(), Failure> {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::NotConnected => Ok(()),
        _ => Err(Failure::failed(format!("passing HTTP on failed: {error}"))),
    }
}
