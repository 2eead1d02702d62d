//! Sockets: TCP and unix, reached by address.

use std::cell::OnceCell;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::address::Address;
use super::bytes::ByteStream;
use super::error::TransportError;
use super::framed::{Framed, FramedLimits};
use super::peer::Peer;
use super::pipe::stdio;
use super::seats::{Seat, Seats};
use super::tokio::Tokio;
use super::unix::{UnixSocket, path_of};

/// A byte stream to an [`Address`]: a TCP or unix socket, or the standard streams.
pub struct Socket {
    stream: Stream,
    held: Held,
    /// Taken where they came to a listener.
    _seat: Option<Seat>,
}

enum Stream {
    Tcp(Tokio<TcpStream>, Peer),
    /// Who is there is asked once somebody wants to know.
    Unix(UnixSocket, OnceCell<Peer>),
    Other(Box<dyn ByteStream + Send>, Peer),
}

/// Who holds the descriptor of a socket. It is closed with the last who does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// We do, who made it.
    Alone,
    /// It came from elsewhere, where duplicates of it may be.
    WithOthers,
}

impl Socket {
    const fn new(stream: Stream, held: Held) -> Self {
        Self { stream, held, _seat: None }
    }

    /// Sends small messages at once (`TCP_NODELAY`): a turn is already one write.
    fn tcp(stream: TcpStream, peer: SocketAddr, held: Held) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self::new(Stream::Tcp(Tokio(stream), Peer::Tcp(peer)), held))
    }

    /// Two Unix sockets of this process, joined to each other. Needs a tokio runtime with I/O.
    ///
    /// # Errors
    ///
    /// The operating system has no socket to give.
    pub fn pair() -> Result<(Self, Self), TransportError> {
        let end = |stream| Self::unix(stream, Peer::Unix(None).into(), Held::Alone);
        let ends = UnixStream::pair().and_then(|(left, right)| Ok((end(left)?, end(right)?)));
        ends.map_err(|source| TransportError::io("making", &Peer::Unix(None), source))
    }

    fn unix(stream: UnixStream, peer: OnceCell<Peer>, held: Held) -> io::Result<Self> {
        Ok(Self::new(Stream::Unix(UnixSocket::new(stream)?, peer), held))
    }

    /// Connects to `address`. Needs a tokio runtime with I/O.
    ///
    /// # Errors
    ///
    /// Nobody listens there, or the host is not found or not reached.
    pub async fn connect(address: &Address) -> Result<Self, TransportError> {
        let outcome = match address {
            Address::Tcp { host, port } => {
                TcpStream::connect((host.as_str(), *port)).await.and_then(|stream| {
                    let peer = stream.peer_addr()?;
                    Self::tcp(stream, peer, Held::Alone)
                })
            }
            Address::Unix(path) => UnixStream::connect(path).await.and_then(|stream| {
                Self::unix(stream, Peer::Unix(Some(path.clone())).into(), Held::Alone)
            }),
            Address::Stdio => {
                return Ok(Self::new(Stream::Other(stdio()?, Peer::Stdio), Held::WithOthers));
            }
        };
        outcome.map_err(|source| TransportError::at("connecting to", address, source))
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        match &self.stream {
            Stream::Unix(stream, peer) => peer.get_or_init(|| Peer::Unix(stream.peer_path())),
            Stream::Tcp(_, peer) | Stream::Other(_, peer) => peer,
        }
    }

    /// Messages over this stream.
    #[must_use]
    pub fn framed(self, limits: FramedLimits) -> Framed<Self> {
        Framed::asking(self, Self::peer, limits)
    }
}

impl TryFrom<TcpStream> for Socket {
    type Error = io::Error;

    /// Sends small messages at once (`TCP_NODELAY`): a turn is already one write.
    fn try_from(stream: TcpStream) -> io::Result<Self> {
        // Asked now: of a connection that was reset the operating system does not say any more whose it was.
        let peer = stream.peer_addr()?;
        Self::tcp(stream, peer, Held::WithOthers)
    }
}

impl TryFrom<UnixStream> for Socket {
    type Error = io::Error;

    /// An error outside of a tokio runtime, which is the one that will watch it. It is watched for room
    /// to write only while there is none, or it would wake its thread for each message the peer reads.
    fn try_from(stream: UnixStream) -> io::Result<Self> {
        Self::unix(stream, OnceCell::new(), Held::WithOthers)
    }
}

impl ByteStream for Socket {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Tcp(stream, _) => stream.poll_read(cx, buffer),
            Stream::Unix(stream, _) => stream.poll_read(cx, buffer),
            Stream::Other(stream, _) => stream.poll_read(cx, buffer),
        }
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Tcp(stream, _) => stream.poll_write_vectored(cx, slices),
            Stream::Unix(stream, _) => stream.poll_write_vectored(cx, slices),
            Stream::Other(stream, _) => stream.poll_write_vectored(cx, slices),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            // The operating system keeps nothing back.
            Stream::Tcp(..) | Stream::Unix(..) => Poll::Ready(Ok(())),
            Stream::Other(stream, _) => stream.poll_flush(cx),
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = match &mut self.stream {
            Stream::Tcp(stream, _) => ready!(stream.poll_close(cx)),
            Stream::Unix(stream, _) => ready!(stream.poll_close(cx)),
            Stream::Other(stream, _) => ready!(stream.poll_close(cx)),
        };
        Poll::Ready(match closed {
            // The peer is gone already; there is no direction left to end.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            outcome => outcome,
        })
    }

    fn ends_when_dropped(&self) -> bool {
        match (&self.stream, self.held) {
            (Stream::Tcp(..) | Stream::Unix(..), held) => held == Held::Alone,
            (Stream::Other(stream, _), _) => stream.ends_when_dropped(),
        }
    }
}

/// Waits for peers at an [`Address`]. Dropping it stops listening, and removes the socket file it
/// made.
pub struct Listener {
    socket: Listening,
    address: Address,
    peers_max: usize,
    seats: Seats,
}

/// How many peers a listener has at once, if it is not told otherwise: half of the 1024 descriptors a process has as a
/// rule, so that it can still open files and connect to others.
const PEERS_MAX: usize = 512;

enum Listening {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

impl Listener {
    /// Listens at `address`. Needs a tokio runtime with I/O.
    ///
    /// # Errors
    ///
    /// The address is in use or not ours, or may not be listened on (as `stdio`). Of a file that is in
    /// the way of a unix socket it says what it is: a server that ended without removing it leaves one.
    pub async fn bind(address: &Address) -> Result<Self, TransportError> {
        let outcome = match address {
            Address::Tcp { host, port } => Self::bind_tcp(host, *port).await,
            Address::Unix(path) => Self::bind_unix(path).await,
            Address::Stdio => Err(io::ErrorKind::Unsupported.into()),
        };
        outcome.map_err(|source| TransportError::at("listening on", address, source))
    }

    async fn bind_tcp(host: &str, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((host, port)).await?;
        let bound = listener.local_addr()?;
        let address = Address::Tcp { host: bound.ip().to_string(), port: bound.port() };
        Ok(Self::new(Listening::Tcp(listener), address))
    }

    async fn bind_unix(path: &Path) -> io::Result<Self> {
        let listener = match UnixListener::bind(path) {
            Err(why) if why.kind() == io::ErrorKind::AddrInUse => {
                return Err(io::Error::new(why.kind(), in_the_way(path).await));
            }
            bound => bound?,
        };
        let file = SocketFile::made_at(path);
        Ok(Self::new(Listening::Unix(listener, file), Address::Unix(path.into())))
    }

    fn new(socket: Listening, address: Address) -> Self {
        Self { socket, address, peers_max: PEERS_MAX, seats: Seats::new() }
    }

    /// Has so many peers at once, and no more: 512 if this is not said. Whoever comes beside them is not accepted until
    /// one of them is gone, its [`Socket`] dropped; they wait where the system has those wait who connect, which costs
    /// this process nothing, and are served as soon as there is room. Hung up on, they would come again at once. (C-M12)
    ///
    /// A stranger who opens one connection after the other would otherwise take all descriptors of the process, and as
    /// much memory as each connection may.
    #[must_use]
    pub fn peers_max(mut self, most: usize) -> Self {
        self.peers_max = most;
        self
    }

    /// How many of those who came are there.
    #[must_use]
    pub fn peers(&self) -> usize {
        self.seats.taken()
    }

    /// Where it listens, with the port that was free if 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Takes the next peer that connects, once there is [room](Self::peers_max) for one.
    ///
    /// # Errors
    ///
    /// This process has no more file descriptors or memory for a peer: the listener still listens,
    /// and the peer waits; whoever asks again at once will be told the same.
    pub fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Result<Socket, TransportError>> {
        ready!(self.seats.poll_free(self.peers_max, cx));
        loop {
            let accepted = match &self.socket {
                Listening::Tcp(listener) => ready!(listener.poll_accept(cx))
                    .and_then(|(stream, peer)| Socket::tcp(stream, peer, Held::Alone)),
                Listening::Unix(listener, _file) => {
                    ready!(listener.poll_accept(cx)).and_then(|(stream, peer)| {
                        Socket::unix(stream, Peer::Unix(path_of(&peer)).into(), Held::Alone)
                    })
                }
            };
            return Poll::Ready(match accepted {
                Ok(socket) => Ok(Socket { _seat: Some(self.seats.take()), ..socket }),
                Err(error) if is_about_one_peer(&error) => continue,
                Err(source) => Err(TransportError::at("accepting at", &self.address, source)),
            });
        }
    }

    /// Takes the next peer that connects, once there is room for one; cancel safe.
    ///
    /// # Errors
    ///
    /// As [`poll_accept`](Self::poll_accept).
    pub async fn accept(&mut self) -> Result<Socket, TransportError> {
        std::future::poll_fn(|cx| self.poll_accept(cx)).await
    }
}

/// The peer left between connecting and being accepted: nothing is wrong with the listener.
fn is_about_one_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, InvalidInput, NotConnected};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | InvalidInput | NotConnected)
}

/// What is at a path at which a unix socket cannot be made, and what is to be done.
async fn in_the_way(path: &Path) -> &'static str {
    let socket = std::fs::metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if !socket {
        return "the path is in use: there is a file, and no socket";
    }
    match UnixStream::connect(path).await.map_err(|why| why.kind()) {
        Err(io::ErrorKind::ConnectionRefused) => {
            "the path is in use: a socket was left there at which nobody listens; remove it"
        }
        _ => "the path is in use: somebody listens there",
    }
}

/// The file a unix listener made, removed with it, unless something else stands there by then.
struct SocketFile {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl SocketFile {
    fn made_at(path: &Path) -> Self {
        Self { path: path.into(), identity: identity(path) }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && self.identity == identity(&self.path) {
            // If it cannot be removed there is nobody to tell; the next to bind will be told.
            let _left_behind = std::fs::remove_file(&self.path);
        }
    }
}

/// Device and inode of what stands at `path`.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
