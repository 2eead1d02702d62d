//! A peer in another process, measured through clients of ours; and this process as such a peer.

use ::bowline::conn::Config;
use ::bowline::rpc::{Link as Connected, listen};
use ::bowline::runtime::Vat;
use ::bowline::transport::{Address, FramedLimits, Listener, Socket, TransportError};
use ::bowline::wire::Exception;
use capnp::capability::FromClientHook;

use crate::bowline::{Typed, target};
use crate::interop_capnp::peer;
use crate::measure::{Contender, Session};
use crate::row::{Row, Work};
use crate::sockets::Thread;
use crate::typed;

/// The peer's column.
pub(crate) struct Remote(pub(crate) Address);

impl Contender for Remote {
    fn name(&self) -> &'static str {
        "peer"
    }

    fn open(&self, row: Row) -> Option<Box<dyn Session>> {
        let opened = self.session(row.work);
        opened.inspect_err(|why| eprintln!("{} is left out: {why}", row.name)).ok()
    }
}

impl Remote {
    fn session(&self, work: Work) -> capnp::Result<Box<dyn Session>> {
        let thread = Thread::new();
        let vat = thread.block_on(async { driven() });
        let link = thread.block_on(connected(&vat, &self.0)).map_err(failed)?;
        let peer: peer::Client = FromClientHook::new(link.bootstrap().hook());
        if work == Work::Connect {
            return Ok(Box::new(Connecting { address: self.0.clone(), vat, thread }));
        }
        // A peer may have only some of the methods.
        thread.block_on(typed::run(&peer, work, 1))?;
        Ok(Box::new(Typed::open(peer, work, vec![vat], thread)?))
    }
}

fn failed(why: TransportError) -> capnp::Error {
    capnp::Error::failed(why.to_string())
}

/// A vat of this thread.
fn driven() -> Vat {
    let vat = Vat::local();
    tokio::task::spawn_local(vat.tokio_driver());
    vat
}

async fn connected(vat: &Vat, address: &Address) -> Result<Connected, TransportError> {
    let socket = Socket::connect(address).await?;
    let transport = socket.framed(FramedLimits::default());
    Ok(Connected::connect(vat.here(), transport, Config::default(), None))
}

/// A connection for each operation.
struct Connecting {
    address: Address,
    vat: Vat,
    thread: Thread,
}

impl Session for Connecting {
    fn run(&mut self, operations: u64) {
        let Self { address, vat, thread } = self;
        let done = thread.block_on(async {
            for _ in 0..operations {
                let link = connected(vat, address).await.map_err(failed)?;
                let peer: peer::Client = FromClientHook::new(link.bootstrap().hook());
                peer.null_request().send().promise.await?;
                link.hang_up(Exception::disconnected("done"));
            }
            capnp::Result::Ok(())
        });
        done.unwrap_or_else(|error| panic!("the peer failed: {error}"));
    }
}

/// Serves the schema until the process is ended.
pub(crate) fn serve(address: &Address) -> TransportError {
    Thread::new().block_on(async {
        let vat = driven();
        let mut listener = match Listener::bind(address).await {
            Ok(listener) => listener,
            Err(why) => return why,
        };
        println!("serving {}", listener.address());
        let own = target(vat.here());
        listen(vat.here(), &mut listener, Config::default(), |_| Some(own.clone())).await
    })
}
