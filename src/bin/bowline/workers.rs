//! `bowline serve` for a Worker: sockets, ports that speak HTTP, and debug ports.

use std::rc::Rc;
use std::time::Duration;

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::Vat;
use bowline::transport::http::ConnectHost;
use bowline::transport::{Address, FramedLimits, Socket};
use bowline::worker::config::ServiceAddress;
use bowline::worker::debug_port::{self, NotFound};
use bowline::worker::http::Port;
use bowline::worker::{JsError, Worker};
use tokio::task::spawn_local;

use crate::desk::{self, ADMIN};
use crate::failure::Failure;
use crate::{door, table};

/// Serves the built-in Worker to all who come to `address`, until interrupted; what runs then has `drain` to come to
/// its end.
pub(crate) async fn run(address: &str, host: ConnectHost, drain: Duration) -> Result<(), Failure> {
    let at: ServiceAddress = address.parse().map_err(|why| Failure::usage(format!("{why}")))?;
    let vat = Vat::local();
    spawn_local(vat.tokio_driver());
    let worker = desk::worker();
    let offered = offers(&at, &vat, &worker, host);
    let offered = offered.map_err(|why| Failure::failed(why.to_string()))?;
    let house = Rc::new(House { vat, offered });
    let open = |bound: &Address| table::say(&format!("serving {}", at.at(bound)));
    door::keep(at.address(), open, |socket| attend(&house, socket)).await?;
    door::leave(house.vat.here(), drain).await
}

/// What there is to be had.
struct House {
    vat: Vat,
    offered: Offered,
}

enum Offered {
    /// To whoever connects.
    Bare(Client),
    /// Behind a CONNECT to the host, or to the name of the entrypoint within it; requests are answered.
    Http(Port),
}

fn offers(
    at: &ServiceAddress,
    vat: &Vat,
    worker: &Worker,
    host: ConnectHost,
) -> Result<Offered, Box<dyn std::error::Error>> {
    let here = vat.here();
    let entrypoint = |name| Ok::<_, JsError>(worker.service(name)?.bootstrap(here));
    Ok(match at {
        ServiceAddress::Http { .. } => {
            let of_admin = format!("{ADMIN}.{host}").parse()?;
            let port = Port::new().vat(host, entrypoint("default")?);
            let answering = worker.service("default")?.handler(here);
            Offered::Http(port.vat(of_admin, entrypoint(ADMIN)?).fetch(answering))
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
        let here = self.vat.here();
        let offered = match &self.offered {
            Offered::Bare(client) => client,
            Offered::Http(port) => {
                let attended = port.attend(here, socket).await;
                return attended.map_err(|why| Failure::failed(why.to_string()));
            }
        };
        let transport = socket.framed(FramedLimits::default());
        Link::accept(here, transport, Config::default(), Some(offered)).closed().await;
        Ok(())
    }
}
