//! `bowline relay`: a vat between those who connect and somebody who listens.

use std::rc::Rc;

use bowline::conn::Config;
use bowline::rpc::{Link, Relay, RelayEnd};
use bowline::runtime::Vat;
use bowline::transport::{Address, FramedLimits, Listener, Socket};
use bowline::wire::Exception;
use tokio::task::spawn_local;

use crate::failure::Failure;
use crate::session::until;
use crate::{door, table};

/// Relays whoever comes to `listen` to `connect`, each over a connection of their own.
pub(crate) async fn run(listen: &Address, connect: &Address) -> Result<(), Failure> {
    let vat = Rc::new(Vat::local());
    spawn_local(vat.tokio_driver());
    match (listen, connect) {
        (Address::Stdio, Address::Stdio) => {
            Err(Failure::usage("only one side of a relay can be at stdio"))
        }
        (Address::Stdio, _) => {
            let near = Socket::connect(listen).await?;
            relay(&vat, near, connect).await
        }
        (_, Address::Stdio) => {
            let mut listener = Listener::bind(listen).await?;
            // The standard output belongs to the far side.
            table::say_aside(&format!("relaying {} to stdio", listener.address()))?;
            let near = listener.accept().await?;
            relay(&vat, near, connect).await
        }
        _ => {
            let open = |at: &Address| table::say(&format!("relaying {at} to {connect}"));
            door::keep(listen, open, |near| attend(&vat, near, connect.clone())).await
        }
    }
}

/// What goes wrong with one client costs a line; the others do not notice.
fn attend(vat: &Rc<Vat>, near: Socket, connect: Address) {
    let vat = Rc::clone(vat);
    spawn_local(async move {
        let peer = near.peer().to_string();
        if let Err(failure) = relay(&vat, near, &connect).await {
            failure.during(peer).tell();
        }
    });
}

/// Relays one client until it or the far side ends.
async fn relay(vat: &Vat, near: Socket, connect: &Address) -> Result<(), Failure> {
    let limits = FramedLimits::default();
    let far = match door::connect(connect).await {
        Ok(far) => far.framed(limits),
        Err(failure) => {
            let near = Link::connect(vat.here(), near.framed(limits), Config::default(), None);
            near.abort(Exception::disconnected(failure.to_string()));
            until(|| near.stats().is_none()).await;
            return Err(failure);
        }
    };
    let relay = Relay::between(vat.here(), near.framed(limits), far, &Config::default());
    let end = relay.over().await;
    // Until the last words are written.
    until(|| relay.near().stats().is_none() && relay.far().stats().is_none()).await;
    let (RelayEnd::Near(why) | RelayEnd::Far(why)) = &end;
    // Hanging up is how a connection ends that went well.
    if why.reason().ends_with("closed the connection") {
        return Ok(());
    }
    let side = if matches!(end, RelayEnd::Near(_)) { "the near side" } else { "the far side" };
    Err(Failure::failed(format!("{side} ended: {}", why.reason())))
}
