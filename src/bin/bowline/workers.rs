//! `bowline serve` for a Worker: sockets, ports that speak HTTP, and debug ports.

use std::rc::Rc;

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::Vat;
use bowline::transport::http::{Arrival, ConnectHost, HeadLimits, admit, refuse};
use bowline::transport::{Address, FramedLimits, Socket, Transport};
use bowline::worker::config::ServiceAddress;
use bowline::worker::debug_port::{self, NotFound};
use bowline::worker::{JsError, Worker};
use tokio::task::spawn_local;

use crate::desk::{self, ADMIN};
use crate::failure::Failure;
use crate::{door, table};

/// Serves the built-in Worker to all who come to `address`, until interrupted.
pub(crate) async fn run(address: &str, host: ConnectHost) -> Result<(), Failure> {
    let at: ServiceAddress = address.parse().map_err(|why| Failure::usage(format!("{why}")))?;
    let vat = Vat::local();
    spawn_local(vat.tokio_driver());
    let worker = desk::worker();
    let offered = offers(&at, &vat, &worker).map_err(|why| Failure::failed(why.to_string()))?;
    let house = Rc::new(House { vat, offered, host });
    let open = |bound: &Address| table::say(&format!("serving {}", at.at(bound)));
    door::keep(at.address(), open, |socket| attend(&house, socket)).await
}

/// What there is to be had, and at which host of a CONNECT.
struct House {
    vat: Vat,
    offered: Offered,
    host: ConnectHost,
}

enum Offered {
    /// To whoever connects.
    Bare(Client),
    /// Behind a CONNECT to the host, or to the name of the entrypoint within it.
    Http { default: Client, admin: Client },
}

fn offers(at: &ServiceAddress, vat: &Vat, worker: &Worker) -> Result<Offered, JsError> {
    let here = vat.here();
    let entrypoint = |name| Ok::<_, JsError>(worker.service(name)?.bootstrap(here));
    Ok(match at {
        ServiceAddress::Http { .. } => {
            Offered::Http { default: entrypoint("default")?, admin: entrypoint(ADMIN)? }
        }
        ServiceAddress::Debug(_) => {
            let (worker, local) = (worker.clone(), here.clone());
            Offered::Bare(debug_port::serve(here, move |asked| {
                if asked.service != worker.name() {
                    return Err(NotFound::Service);
                }
                let name = asked.entrypoint.as_deref().unwrap_or("default");
                let service = worker.service_with(name, asked.props.clone());
                Ok(service.map_err(|_| NotFound::Entrypoint)?.bootstrap(&local))
            }))
        }
        _ => Offered::Bare(entrypoint("default")?),
    })
}

/// What goes wrong with one peer costs a line; the others do not notice.
fn attend(house: &Rc<House>, socket: Socket) {
    let house = Rc::clone(house);
    spawn_local(async move {
        let peer = socket.peer().to_string();
        if let Err(failure) = house.serve(socket).await {
            failure.during(peer).tell();
        }
    });
}

impl House {
    async fn serve(&self, socket: Socket) -> Result<(), Failure> {
        let limits = FramedLimits::default();
        let (default, admin) = match &self.offered {
            Offered::Bare(client) => return self.link(socket.framed(limits), client).await,
            Offered::Http { default, admin } => (default, admin),
        };
        let peer = socket.peer().clone();
        let of_admin = format!("{ADMIN}.{}", self.host);
        let known = |asked: &str| asked == self.host.as_str() || asked == of_admin;
        match admit(socket, &HeadLimits::default(), known).await? {
            Arrival::Vat { host, stream } => {
                let offered = if host == of_admin { admin } else { default };
                self.link(stream.framed(peer, limits), offered).await
            }
            Arrival::Http { stream, .. } => {
                let why = format!("this port serves Workers RPC behind CONNECT {}", self.host);
                refuse(stream, &peer, "404 Not Found", &why).await?;
                Ok(())
            }
            Arrival::Nobody => Ok(()),
        }
    }

    async fn link(
        &self,
        transport: impl Transport + 'static,
        offered: &Client,
    ) -> Result<(), Failure> {
        let link = Link::connect(self.vat.here(), transport, Config::default(), Some(offered));
        link.closed().await;
        Ok(())
    }
}
