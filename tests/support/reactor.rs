//! The operating system's side of links that pass through it.

use std::net::TcpListener;
use std::time::Duration;

use bowline::transport::{FramedLimits, OsPipe, Socket, os_pipe};
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static REACTOR: Runtime =
        Builder::new_current_thread().enable_all().build().expect("an event queue");
}

fn within<T>(make: impl FnOnce() -> T) -> T {
    REACTOR.with(|reactor| {
        let _within = reactor.enter();
        make()
    })
}

/// Gives the operating system a moment to bring what was written to the other end.
pub(super) fn look() {
    let moment = async { tokio::time::sleep(Duration::from_millis(1)).await };
    REACTOR.with(|reactor| reactor.block_on(moment));
}

type Framed<S> = bowline::transport::Framed<S>;

pub(super) fn unix() -> (Framed<Socket>, Framed<Socket>) {
    let (left, right) = within(UnixStream::pair).expect("a pair of sockets");
    let framed = |stream| {
        let socket = within(|| Socket::try_from(stream)).expect("a socket");
        socket.framed(FramedLimits::default())
    };
    (framed(left), framed(right))
}

pub(super) fn tcp() -> (Framed<Socket>, Framed<Socket>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let left = std::net::TcpStream::connect(address).expect("it listens");
    let (right, _) = listener.accept().expect("it connected");
    let framed = |stream: std::net::TcpStream| {
        stream.set_nonblocking(true).expect("a socket");
        let stream = within(|| TcpStream::from_std(stream)).expect("a socket");
        Socket::try_from(stream).expect("a socket").framed(FramedLimits::default())
    };
    (framed(left), framed(right))
}

pub(super) fn os_pipes() -> (OsPipe, OsPipe) {
    within(os_pipe).expect("two pipes")
}
