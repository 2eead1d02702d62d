//! `bowline relay`: a vat between those who connect and somebody who listens.

use std::rc::Rc;

use bowline::conn::Config;
use bowline::rpc::{Link, Relay, RelayEnd};
use bowline::runtime::Vat;
use bowline::transport::http::{Arrival, HeadLimits, admit};
use bowline::transport::{Address, FramedLimits, Listener, Socket, Transport};
use bowline::wire::Exception;
use tokio::task::spawn_local;

use crate::failure::Failure;
use crate::pass::pass;
use crate::place::Place;
use crate::session::until;
use crate::{door, table};

/// Relays whoever comes to `listen` to `connect`, each over a connection of their own.
pub(crate) async fn run(listen: &Place, connect: &Place) -> Result<(), Failure> {
    let vat = Rc::new(Vat::local());
    spawn_local(vat.tokio_driver());
    match (listen.address(), connect.address()) {
        (Address::Stdio, Address::Stdio) => {
            Err(Failure::usage("only one side of a relay can be at stdio"))
        }
        (Address::Stdio, _) => {
            let near = Socket::connect(listen.address()).await?;
            serve(&vat, near, listen, connect).await
        }
        (_, Address::Stdio) => {
            let mut listener = Listener::bind(listen.address()).await?;
            // The standard output belongs to the far side.
            let at = listen.at(listener.address());
            table::say_aside(&format!("relaying {at} to stdio"))?;
            let near = listener.accept().await?;
            serve(&vat, near, listen, connect).await
        }
        (to, from) if to == from => {
            Err(Failure::usage(format!("a relay from {listen} to {connect} finds only itself")))
        }
        _ => {
            let open =
                |at: &Address| table::say(&format!("relaying {} to {connect}", listen.at(at)));
            let attend = |near| attend(&vat, near, (listen.clone(), connect.clone()));
            door::keep(listen.address(), open, attend).await
        }
    }
}

/// What goes wrong with one client costs a line; the others do not notice.
fn attend(vat: &Rc<Vat>, near: Socket, (listen, connect): (Place, Place)) {
    let vat = Rc::clone(vat);
    spawn_local(async move {
        let peer = near.peer().to_string();
        if let Err(failure) = serve(&vat, near, &listen, &connect).await {
            failure.during(peer).tell();
        }
    });
}

/// Gives one client, who came to `listen`, what they want of `connect`.
async fn serve(vat: &Vat, near: Socket, listen: &Place, connect: &Place) -> Result<(), Failure> {
    let limits = FramedLimits::default();
    let Place::Http { host, .. } = listen else {
        return relay(vat, near.framed(limits), connect).await;
    };
    let peer = near.peer().clone();
    match admit(near, &HeadLimits::default(), |asked| asked == host.as_str()).await? {
        Arrival::Vat { stream, .. } => relay(vat, stream.framed(peer, limits), connect).await,
        Arrival::Http { stream, .. } => pass(stream, connect).await,
        Arrival::Nobody => Ok(()),
    }
}

/// Relays one client until it or the far side ends.
async fn relay(vat: &Vat, near: impl Transport + 'static, connect: &Place) -> Result<(), Failure> {
    let far = match door::reach(connect).await {
        Ok(far) => far,
        Err(failure) => {
            let near = Link::connect(vat.here(), near, Config::default(), None);
            near.abort(Exception::disconnected(failure.to_string()));
            until(|| near.stats().is_none()).await;
            return Err(failure);
        }
    };
    let peer = far.stream().peer().clone();
    let far = far.framed(peer, FramedLimits::default());
    let relay = Relay::between(vat.here(), near, far, &Config::default());
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
