//! `bowline serve`: the demo's objects, for whoever connects.

use std::rc::Rc;
use std::time::Duration;

use bowline::runtime::Vat;
use bowline::transport::{Address, FramedLimits, Listener, Socket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_local;

use crate::failure::Failure;
use crate::session::Served;
use crate::table;

/// How long to wait with the next peer when the system has no room for one more.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Serves at `address`: one peer on the standard streams, or all who connect until interrupted.
pub(crate) async fn run(address: &Address) -> Result<(), Failure> {
    let vat = Rc::new(Vat::local());
    spawn_local(vat.tokio_driver());
    if *address == Address::Stdio {
        let socket = Socket::connect(address).await?;
        return served(&vat, socket).over().await;
    }
    let mut listener = Listener::bind(address).await?;
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    table::say(&format!("serving {}", listener.address()))?;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(socket) => attend(&vat, socket),
                Err(error) => {
                    Failure::from(error).tell();
                    tokio::time::sleep(NO_ROOM).await;
                }
            },
            // Dropping the listener removes the file of a unix socket.
            _ = interrupt.recv() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
        }
    }
}

pub(crate) fn served(vat: &Vat, socket: Socket) -> Served {
    Served::new(vat.here(), socket.framed(FramedLimits::default()))
}

fn attend(vat: &Vat, socket: Socket) {
    let peer = socket.peer().to_string();
    let served = served(vat, socket);
    spawn_local(async move {
        if let Err(failure) = served.over().await {
            failure.during(peer).tell();
        }
    });
}
