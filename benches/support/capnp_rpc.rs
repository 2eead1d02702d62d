//! `capnp-rpc`, through generated clients.

use ::capnp_rpc::rpc_twoparty_capnp::Side;
use ::capnp_rpc::{RpcSystem, new_client, twoparty};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::held;
use crate::interop_capnp::{chain, peer, sink};
use crate::measure::{Contender, Session};
use crate::row::{Link, Row, Work};
use crate::sockets::{self, Stream, Thread};
use crate::target::{Depth, Host, Swallow, Target};
use crate::typed;

/// Its column.
pub(crate) struct CapnpRpc;

impl Contender for CapnpRpc {
    fn name(&self) -> &'static str {
        "capnp-rpc"
    }

    fn open(&self, row: Row) -> Option<Box<dyn Session>> {
        let other_threads = matches!(row.link, Link::Foreign | Link::ForeignTyped | Link::Remote);
        if other_threads || matches!(row.link, Link::Vats | Link::LocalDynamic) {
            return None;
        }
        let thread = Thread::new();
        if row.work == Work::Connect {
            return Some(Box::new(Connecting { link: row.link, thread }));
        }
        let peer = thread.block_on(open(row.link));
        if row.link == Link::MemHeld {
            return Some(Box::new(held::Theirs { peer, work: row.work, thread }));
        }
        let held = thread.block_on(typed::held(&peer, row.work));
        let held = held.unwrap_or_else(|error| panic!("capnp-rpc failed: {error}"));
        Some(Box::new(Open { held, peer, work: row.work, thread }))
    }
}

/// The client goes before the thread whose tasks carry its calls.
struct Open {
    #[expect(dead_code, reason = "kept alive")]
    held: Vec<chain::Client>,
    peer: peer::Client,
    work: Work,
    thread: Thread,
}

impl Session for Open {
    fn run(&mut self, operations: u64) {
        let done = self.thread.block_on(typed::run(&self.peer, self.work, operations));
        done.unwrap_or_else(|error| panic!("capnp-rpc failed: {error}"));
    }
}

/// A connection for each operation. It is closed by a dropped bootstrap and a dropped near end.
struct Connecting {
    link: Link,
    thread: Thread,
}

impl Session for Connecting {
    fn run(&mut self, operations: u64) {
        let Self { link, thread } = self;
        let offered = target();
        let done = thread.block_on(async {
            for _ in 0..operations {
                let (near, far) = sockets::pair(*link).await;
                let offered = Some(offered.clone());
                let far = tokio::task::spawn_local(system(far, Side::Server, offered));
                let mut system = system(near, Side::Client, None);
                let peer: peer::Client = system.bootstrap(Side::Server);
                let near = tokio::task::spawn_local(system);
                peer.null_request().send().promise.await?;
                near.abort();
                far.await.ok();
            }
            capnp::Result::Ok(())
        });
        done.unwrap_or_else(|error| panic!("capnp-rpc failed: {error}"));
    }
}

async fn open(link: Link) -> peer::Client {
    let (near, far) = match link {
        Link::LocalTyped => return target(),
        Link::Unix2 => {
            let near =
                sockets::unix_to_thread(|far| system(Box::new(far), Side::Server, Some(target())));
            return client(Box::new(near));
        }
        link => sockets::pair(link).await,
    };
    tokio::task::spawn_local(system(far, Side::Server, Some(target())));
    client(near)
}

#[derive(Clone, Copy)]
struct Hosted;

impl Host for Hosted {
    fn chain(&self, link: Depth<Self>) -> chain::Client {
        new_client(link)
    }

    fn sink(&self, sink: Swallow) -> sink::Client {
        new_client(sink)
    }
}

fn target() -> peer::Client {
    new_client(Target(Hosted))
}

fn client(near: Box<dyn Stream>) -> peer::Client {
    let mut system = system(near, Side::Client, None);
    let peer = system.bootstrap(Side::Server);
    tokio::task::spawn_local(system);
    peer
}

fn system(stream: Box<dyn Stream>, side: Side, bootstrap: Option<peer::Client>) -> RpcSystem<Side> {
    let (read, write) = tokio::io::split(stream);
    let mut options = capnp::message::ReaderOptions::new();
    options.traversal_limit_in_words(None);
    let network = twoparty::VatNetwork::new(read.compat(), write.compat_write(), side, options);
    RpcSystem::new(Box::new(network), bootstrap.map(|own| own.client))
}
