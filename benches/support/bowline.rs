//! Us: typed rows through generated clients, as `capnp-rpc` is measured; the others through the
//! object API.

use ::bowline::conn::Config;
use ::bowline::rpc::{Call, Client, Handle, Link as Connected, serve};
use ::bowline::runtime::{self, Local, Vat};
use ::bowline::transport::{
    Framed, FramedLimits, Listener, Peer, Socket, Transport, memory_pipe, same_thread,
};
use ::bowline::wire::Exception;
use capnp::capability::FromClientHook;
use tokio::net::UnixStream;

use crate::held;
use crate::interop_capnp::{chain, peer, sink};
use crate::measure::{Contender, Session};
use crate::raw;
use crate::row::{Link, Row, Work};
use crate::sockets::{self, PIPE, Thread};
use crate::target::{Depth, Host, Swallow, Target};
use crate::typed;

/// Our column.
pub(crate) struct Bowline;

impl Contender for Bowline {
    fn name(&self) -> &'static str {
        "bowline"
    }

    fn open(&self, row: Row) -> Option<Box<dyn Session>> {
        let thread = Thread::new();
        if row.link == Link::Foreign {
            return Some(Box::new(raw::Foreign::open(row.work, thread)));
        }
        if row.link == Link::ForeignTyped {
            return Some(Box::new(Handled::open(thread)));
        }
        let mut vats = Vec::new();
        let client = match row.work {
            Work::Number => thread.block_on(async { counting(&mut vats) }),
            _ => thread.block_on(open(row.link, &mut vats)),
        };
        Some(match row.link {
            Link::LocalDynamic | Link::Vats | Link::MemDynamic => {
                Box::new(raw::Here::new(client, vats, row.work, thread))
            }
            _ if row.work == Work::Connect => Box::new(Connecting { link: row.link, vats, thread }),
            Link::MemHeld => Box::new(held::Ours { client, vats, work: row.work, thread }),
            _ => {
                let peer = FromClientHook::new(client.hook());
                let typed = Typed::open(peer, row.work, vats, thread);
                Box::new(typed.unwrap_or_else(|error| panic!("bowline failed: {error}")))
            }
        })
    }
}

/// The client goes before the vats, and they before the thread that drives them.
pub(crate) struct Typed {
    #[expect(dead_code, reason = "kept alive")]
    held: Vec<chain::Client>,
    peer: peer::Client,
    work: Work,
    #[expect(dead_code, reason = "kept alive")]
    vats: Vec<Vat>,
    thread: Thread,
}

impl Typed {
    pub(crate) fn open(
        peer: peer::Client,
        work: Work,
        vats: Vec<Vat>,
        thread: Thread,
    ) -> capnp::Result<Self> {
        let held = thread.block_on(typed::held(&peer, work))?;
        Ok(Self { held, peer, work, vats, thread })
    }
}

impl Session for Typed {
    fn run(&mut self, operations: u64) {
        let done = self.thread.block_on(typed::run(&self.peer, self.work, operations));
        done.unwrap_or_else(|error| panic!("bowline failed: {error}"));
    }
}

/// A connection for each operation, between vats and to an object that stay. The near end hangs up, the far one sees that it
/// has.
struct Connecting {
    link: Link,
    vats: Vec<Vat>,
    thread: Thread,
}

impl Session for Connecting {
    fn run(&mut self, operations: u64) {
        let Self { link, vats, thread } = self;
        let ends =
            Ends { near: vats[0].here(), far: vats[1].here(), offered: &target(vats[1].here()) };
        thread.block_on(async {
            for _ in 0..operations {
                match link {
                    Link::Mem => {
                        let (left, right) = memory_pipe(PIPE);
                        let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
                        ends.call_once(framed(left), framed(right)).await;
                    }
                    Link::Unix1 => {
                        let (left, right) = Socket::pair().expect("a socket pair");
                        ends.call_once(socket(left), socket(right)).await;
                    }
                    _ => {
                        let (left, right) = tcp().await;
                        ends.call_once(socket(left), socket(right)).await;
                    }
                }
            }
        });
    }
}

/// Who connects, and who offers what to whoever does.
struct Ends<'a> {
    near: &'a Local,
    far: &'a Local,
    offered: &'a Client,
}

impl Ends<'_> {
    /// One call over a connection of its own.
    async fn call_once<T: Transport + 'static>(&self, left: T, right: T) {
        let served = Connected::connect(self.far, right, Config::default(), Some(self.offered));
        let connected = Connected::connect(self.near, left, Config::default(), None);
        let peer: peer::Client = FromClientHook::new(connected.bootstrap().hook());
        peer.null_request().send().promise.await.expect("it returns");
        connected.hang_up(Exception::disconnected("done"));
        served.closed().await;
    }
}

/// Calls through a generated client's handle, from a thread that hosts nothing.
struct Handled {
    peer: Handle<peer::Client>,
    #[expect(dead_code, reason = "kept alive")]
    vat: runtime::Handle,
    thread: Thread,
}

impl Handled {
    fn open(thread: Thread) -> Self {
        let vat = Vat::spawn().expect("a thread");
        let made = vat.run(|here| Handle::from(target(here)));
        let peer = thread.block_on(made).expect("the vat lives");
        Self { peer, vat, thread }
    }
}

impl Session for Handled {
    fn run(&mut self, operations: u64) {
        self.thread.block_on(async {
            for _ in 0..operations {
                self.peer.call(|peer| peer.null_request()).await.expect("it returns");
            }
        });
    }
}

/// A client of an object in a vat of its own, which takes and gives a number.
fn counting(vats: &mut Vec<Vat>) -> Client {
    let vat = Vat::local();
    tokio::task::spawn_local(vat.tokio_driver());
    let client = raw::counting(vat.here());
    vats.push(vat);
    client
}

/// A client of the row's object; the vats of this thread are added to `vats`, and driven.
async fn open(link: Link, vats: &mut Vec<Vat>) -> Client {
    let mut vat = || {
        let vat = Vat::local();
        tokio::task::spawn_local(vat.tokio_driver());
        let here = vat.here().clone();
        vats.push(vat);
        here
    };
    let near = vat();
    match link {
        Link::LocalDynamic => Client::new(&near, |call: Call| async { Ok(call.reply()) }),
        Link::LocalTyped => target(&near),
        Link::Vats => {
            let far = vat();
            let nothing = Client::new(&far, |call: Call| async { Ok(call.reply()) });
            let (left, right) = same_thread();
            Connected::connect(&far, right, Config::default(), Some(&nothing));
            client(&near, left)
        }
        Link::Mem => {
            let (left, right) = memory_pipe(PIPE);
            let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
            host(&vat(), framed(right));
            client(&near, framed(left))
        }
        Link::MemDynamic => {
            let far = vat();
            let nothing = Client::new(&far, |call: Call| async { Ok(call.reply()) });
            let (left, right) = memory_pipe(PIPE);
            let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
            Connected::connect(&far, framed(right), Config::default(), Some(&nothing));
            client(&near, framed(left))
        }
        Link::MemHeld => {
            let far = vat();
            let (left, right) = memory_pipe(PIPE);
            let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
            Connected::connect(&far, framed(right), Config::default(), Some(&held::maker(&far)));
            client(&near, framed(left))
        }
        Link::Unix1 => {
            let (left, right) = Socket::pair().expect("a socket pair");
            host(&vat(), socket(right));
            client(&near, socket(left))
        }
        Link::Tcp1 => {
            let (left, right) = tcp().await;
            host(&vat(), socket(right));
            client(&near, socket(left))
        }
        Link::Unix2 => client(&near, unix(sockets::unix_to_thread(serve_alone))),
        Link::Foreign | Link::ForeignTyped | Link::Remote => {
            unreachable!("it has a session of its own")
        }
    }
}

/// What `sockets::pair` makes of tokio's sockets, made of ours: they do without Nagle's algorithm too.
async fn tcp() -> (Socket, Socket) {
    let any = "tcp:127.0.0.1:0".parse().expect("an address");
    let mut listener = Listener::bind(&any).await.expect("a free port");
    let address = listener.address().clone();
    let (left, right) = tokio::join!(Socket::connect(&address), listener.accept());
    (left.expect("it listens"), right.expect("one connects"))
}

fn socket(socket: Socket) -> impl Transport {
    socket.framed(FramedLimits::default())
}

/// A Unix socket made elsewhere.
fn unix(stream: UnixStream) -> impl Transport {
    let socket = Socket::try_from(stream).expect("a socket option");
    socket.framed(FramedLimits::default())
}

fn client(near: &Local, transport: impl Transport + 'static) -> Client {
    Connected::connect(near, transport, Config::default(), None).bootstrap()
}

fn host(far: &Local, transport: impl Transport + 'static) -> Connected {
    Connected::connect(far, transport, Config::default(), Some(&target(far)))
}

/// A vat of this thread that serves until the peer is gone.
async fn serve_alone(stream: UnixStream) {
    let vat = Vat::local();
    let link = host(vat.here(), unix(stream));
    tokio::select! {
        () = vat.tokio_driver() => {}
        _ = link.closed() => {}
    }
}

#[derive(Clone)]
struct Hosted(Local);

impl Host for Hosted {
    fn chain(&self, link: Depth<Self>) -> chain::Client {
        serve(&self.0, link)
    }

    fn sink(&self, sink: Swallow) -> sink::Client {
        serve(&self.0, sink)
    }
}

/// The object that is called.
pub(crate) fn target(here: &Local) -> Client {
    let peer: peer::Client = serve(here, Target(Hosted(here.clone())));
    Client::from_hook(peer.client.hook.as_ref())
}
