//! Vats under tokio, and a clock that runs fast.

use std::future::Future;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::{Clock, TokioClock, Vat};
use bowline::transport::{FramedLimits, Socket};
use bowline::wire::{Exception, ExceptionKind};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// How many seconds pass in one.
const HASTE: u32 = 50;

/// Runs `main` where sockets, clocks and tasks are at hand.
pub(crate) fn on_tokio<T>(main: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let main = async { tokio::time::timeout(Duration::from_secs(60), main).await };
    let done = tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), main);
    done.expect("it is over in time")
}

/// Time flies.
#[derive(Debug)]
struct Fast {
    begin: Instant,
    clock: TokioClock,
}

impl Clock for Fast {
    fn now(&self) -> Instant {
        self.begin + (self.clock.now() - self.begin) * HASTE
    }

    fn poll_sleep(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let until = self.begin + until.saturating_duration_since(self.begin) / HASTE;
        self.clock.poll_sleep(until, cx)
    }
}

/// A vat that is driven from now on.
pub(crate) fn vat() -> Vat {
    let vat = Vat::local();
    let clock = Fast { begin: Instant::now(), clock: TokioClock::default() };
    tokio::task::spawn_local(vat.driver(clock));
    vat
}

/// What sockets are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Tcp,
    Unix,
}

/// The end of a socket in the hands of the test.
pub(crate) enum Raw {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

impl Raw {
    /// Ends one direction of it.
    pub(crate) fn shut(&self, how: std::net::Shutdown) {
        match self {
            Self::Tcp(stream) => stream.shutdown(how),
            Self::Unix(stream) => stream.shutdown(how),
        }
        .expect("it is open");
    }

    /// The same as a transport.
    pub(crate) fn socket(&self) -> Socket {
        match self {
            Self::Tcp(stream) => {
                let stream = stream.try_clone().expect("one more");
                TcpStream::from_std(stream).and_then(Socket::try_from)
            }
            Self::Unix(stream) => {
                let stream = stream.try_clone().expect("one more");
                UnixStream::from_std(stream).and_then(Socket::try_from)
            }
        }
        .expect("a socket")
    }
}

/// A pair of sockets: one of ours, and one that the test has besides.
pub(crate) async fn sockets(of: Of) -> (Socket, Raw) {
    match of {
        Of::Tcp => {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("it is bound");
            let raw = TcpStream::connect(address).await.expect("it listens");
            let (ours, _) = listener.accept().await.expect("it connected");
            let raw = raw.into_std().expect("a socket");
            (Socket::try_from(ours).expect("a socket"), Raw::Tcp(raw))
        }
        Of::Unix => {
            let (ours, raw) = UnixStream::pair().expect("two sockets");
            let raw = raw.into_std().expect("a socket");
            (Socket::try_from(ours).expect("a socket"), Raw::Unix(raw))
        }
    }
}

/// Connects a vat over a socket.
pub(crate) fn connect(vat: &Vat, socket: Socket, offered: Option<&Client>) -> Link {
    let transport = socket.framed(FramedLimits::default());
    Link::connect(vat.here(), transport, Config::default(), offered)
}

/// Looks again and again until it is so.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// What a caller is told whose connection is lost.
#[track_caller]
pub(crate) fn lost<T>(outcome: Result<T, Exception>) -> Exception {
    let why = outcome.map(drop).expect_err("it is lost");
    assert_eq!(why.kind(), ExceptionKind::Disconnected, "{why}");
    why
}
