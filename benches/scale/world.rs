//! Vats of this thread, connected through memory.

use std::future::pending;
use std::thread::spawn;

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link, Promise};
use bowline::runtime::Vat;
use bowline::transport::{Framed, FramedLimits, Peer, memory_pipe, memory_pipe_sync};
use bowline::wire::Path;

use crate::sockets::Thread;

/// Bytes in each pipe, each way: a thousand of them have to fit.
const PIPE: usize = 64 << 10;

/// A vat that makes calls, and one that is called.
pub(crate) struct World {
    /// The bootstrap object, once for each connection. The clients go before the vats.
    pub(crate) clients: Vec<Client>,
    /// What is held meanwhile.
    pub(crate) held: Vec<Client>,
    pub(crate) unanswered: Vec<Promise>,
    #[expect(dead_code, reason = "kept alive")]
    vats: Vec<Vat>,
    pub(crate) thread: Thread,
}

/// Answers method 0 with nothing, method 1 never, and method 2 with an object of its own.
fn object(vat: &Vat) -> Client {
    Client::new(vat.here(), |mut call: Call| async move {
        match call.method() {
            0 => {}
            1 => pending().await,
            _ => {
                let made = Client::new(call.here(), |call: Call| async { Ok(call.reply()) });
                call.build(|mut root| root.set_as_capability(made.hook()));
            }
        }
        Ok(call.reply())
    })
}

/// A vat that tokio drives.
pub(crate) fn driven() -> Vat {
    let vat = Vat::local();
    tokio::task::spawn_local(vat.tokio_driver());
    vat
}

pub(crate) fn call(client: &Client, method: u16) -> Promise {
    client.request(0x1234, method).send()
}

impl World {
    /// With so many connections between the two vats.
    pub(crate) fn connected(connections: usize) -> Self {
        let thread = Thread::new();
        let (clients, vats) = thread.block_on(async {
            let (near, far) = (driven(), driven());
            let offered = object(&far);
            let mut clients = Vec::new();
            for _ in 0..connections {
                let (left, right) = memory_pipe(PIPE);
                let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
                Link::connect(far.here(), framed(right), Config::default(), Some(&offered));
                let link = Link::connect(near.here(), framed(left), Config::default(), None);
                clients.push(link.bootstrap());
                call(&clients[clients.len() - 1], 0).await.expect("it returns");
            }
            (clients, vec![near, far])
        });
        Self { clients, held: Vec::new(), unanswered: Vec::new(), vats, thread }
    }

    /// No connection: the object is in the caller's vat.
    pub(crate) fn alone() -> Self {
        let thread = Thread::new();
        let (clients, vats) = thread.block_on(async {
            let here = driven();
            (vec![object(&here)], vec![here])
        });
        Self { clients, held: Vec::new(), unanswered: Vec::new(), vats, thread }
    }

    /// The vat that is called has a thread of its own, which ends with the connection.
    pub(crate) fn apart() -> Self {
        let (left, right) = memory_pipe_sync(PIPE);
        spawn(move || {
            Thread::new().block_on(async {
                let far = driven();
                let framed = Framed::new(right, Peer::Memory, FramedLimits::default());
                let offered = object(&far);
                let link = Link::connect(far.here(), framed, Config::default(), Some(&offered));
                link.closed().await;
            });
        });
        let thread = Thread::new();
        let (clients, vats) = thread.block_on(async {
            let near = driven();
            let framed = Framed::new(left, Peer::Memory, FramedLimits::default());
            let link = Link::connect(near.here(), framed, Config::default(), None);
            (vec![link.bootstrap()], vec![near])
        });
        Self { clients, held: Vec::new(), unanswered: Vec::new(), vats, thread }
    }

    /// Refers to so many objects the other end has made.
    pub(crate) fn hold(&mut self, objects: usize) {
        let Self { clients, held, thread, .. } = self;
        thread.block_on(async {
            for _ in 0..objects {
                let reply = call(&clients[0], 2).await.expect("it returns");
                held.push(reply.cap(&Path::root()).expect("it makes an object"));
            }
        });
    }

    /// Leaves so many calls unanswered, and one that is answered behind them.
    pub(crate) fn leave(&mut self, calls: usize) {
        let Self { clients, unanswered, thread, .. } = self;
        thread.block_on(async {
            unanswered.extend((0..calls).map(|_| call(&clients[0], 1)));
            call(&clients[0], 0).await.expect("it returns");
        });
    }

    /// Awaited calls of nothing, over one connection after the other.
    pub(crate) fn call_each(&mut self, times: u64) {
        let Self { clients, thread, .. } = self;
        thread.block_on(async {
            for client in clients.iter().cycle().take(usize::try_from(times).unwrap_or(usize::MAX))
            {
                call(client, 0).await.expect("it returns");
            }
        });
    }

    /// Awaited calls of nothing, over the first connection.
    pub(crate) fn call_first(&mut self, times: u64) {
        let Self { clients, thread, .. } = self;
        thread.block_on(async {
            for _ in 0..times {
                call(&clients[0], 0).await.expect("it returns");
            }
        });
    }
}
