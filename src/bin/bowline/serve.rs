//! `bowline serve`: the demo's objects, for whoever connects.

use std::rc::Rc;
use std::time::Duration;

use bowline::runtime::Vat;
use bowline::transport::{Address, FramedLimits, Socket};
use tokio::task::spawn_local;

use crate::failure::Failure;
use crate::session::Served;
use crate::{door, table};

/// Serves at `address`: one peer on the standard streams, or all who connect until interrupted; what runs then has
/// `drain` to come to its end.
pub(crate) async fn run(address: &Address, drain: Duration) -> Result<(), Failure> {
    let vat = Rc::new(Vat::local());
    spawn_local(vat.tokio_driver());
    if *address == Address::Stdio {
        let socket = Socket::connect(address).await?;
        return served(&vat, socket).over().await;
    }
    let open = |at: &Address| table::say(&format!("serving {at}"));
    door::keep(address, open, |socket| attend(&vat, socket)).await?;
    door::leave(vat.here(), drain).await
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
