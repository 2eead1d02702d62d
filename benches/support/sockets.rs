//! The links every contender runs over.

use std::os::unix::net::UnixStream as StdUnixStream;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use crate::row::Link;

/// Bytes in the in-memory pipe, each way.
pub(crate) const PIPE: usize = 256 << 10;

/// A byte stream of any kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One thread's executor.
pub(crate) struct Thread {
    tasks: LocalSet,
    runtime: Runtime,
}

impl Thread {
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        Self { tasks: LocalSet::new(), runtime: runtime.expect("a runtime") }
    }

    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.tasks.block_on(&self.runtime, work)
    }
}

/// A pipe in memory.
fn pipe() -> (Box<dyn Stream>, Box<dyn Stream>) {
    let (left, right) = tokio::io::duplex(PIPE);
    (Box::new(left), Box::new(right))
}

/// A Unix socket pair, both ends on this thread.
pub(crate) fn unix() -> (UnixStream, UnixStream) {
    UnixStream::pair().expect("a socket pair")
}

/// Two ends, of no matter which kind.
fn boxed<S: Stream + 'static>((left, right): (S, S)) -> (Box<dyn Stream>, Box<dyn Stream>) {
    (Box::new(left), Box::new(right))
}

/// A TCP connection over loopback, both ends on this thread.
async fn tcp() -> (Box<dyn Stream>, Box<dyn Stream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (left, right) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (left, (right, _)) = (left.expect("it listens"), right.expect("one connects"));
    for end in [&left, &right] {
        end.set_nodelay(true).expect("a TCP option");
    }
    (Box::new(left), Box::new(right))
}

/// The two ends of a link on this thread; of a pipe in memory where the link is no socket.
pub(crate) async fn pair(link: Link) -> (Box<dyn Stream>, Box<dyn Stream>) {
    match link {
        Link::Unix1 => boxed(unix()),
        Link::Tcp1 => tcp().await,
        _ => pipe(),
    }
}

/// A Unix socket pair whose right end is driven by a thread of its own, which ends when `serve` does.
/// To be called on a runtime.
pub(crate) fn unix_to_thread<F: Future>(
    serve: impl FnOnce(UnixStream) -> F + Send + 'static,
) -> UnixStream {
    let (left, right) = StdUnixStream::pair().expect("a socket pair");
    let end = |end: StdUnixStream| {
        end.set_nonblocking(true).expect("a socket option");
        UnixStream::from_std(end).expect("a runtime is here")
    };
    std::thread::spawn(move || {
        Thread::new().block_on(async move { serve(end(right)).await });
    });
    end(left)
}
