//! Unix sockets, watched for input alone as long as there is room to write.
//!
//! The kernel tells whoever watches a unix socket for room each time the peer has read something. Under
//! calls that are answered one by one that wakes a thread once for every message it sends, for nothing. A socket that is
//! new is watched as tokio does it all the same: to change that takes two calls of the operating system, which most of a
//! connection of a few calls would be spent on.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;
use tokio::net::unix::SocketAddr;
use tokio::runtime::Handle;

use super::bytes::ByteStream;
use super::tokio::{Tokio, alone};

/// A unix socket.
pub(super) enum UnixSocket {
    /// Watched as it came.
    New(New),
    Known(Known),
    /// It could not be watched otherwise.
    Lost,
}

/// A socket as tokio watches it.
pub(super) struct New {
    stream: Tokio<UnixStream>,
    /// How often it was read.
    reads: u32,
    /// Somebody waits for room, and is told by tokio.
    waits: bool,
    runtime: Handle,
}

/// After so many reads a socket is not new any more.
const READS_MAX: u32 = 16;

/// A socket that is watched for input alone.
pub(super) struct Known {
    input: AsyncFd<StdUnixStream>,
    /// Where room to write is waited for, since there was none.
    room: Option<Room>,
    /// Who watches: whoever polls need not be within it.
    runtime: Handle,
}

/// A second descriptor of the socket, watched for room to write.
struct Room {
    output: AsyncFd<StdUnixStream>,
    /// How many writes in a row found all the room they needed.
    ample: u32,
}

/// After so many writes that found room, it is not watched for any more: to begin and to end watching
/// takes three calls of the operating system.
const AMPLE_MAX: u32 = 64;

impl UnixSocket {
    /// The same socket. Needs a tokio runtime with I/O.
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        Ok(Self::New(New { stream: Tokio(stream), reads: 0, waits: false, runtime }))
    }

    /// Where the other end is bound, if it is, and if that can be told.
    pub(super) fn peer_path(&self) -> Option<PathBuf> {
        match self {
            Self::New(new) => path_of(&new.stream.0.peer_addr().ok()?),
            Self::Known(known) => {
                known.input.get_ref().peer_addr().ok()?.as_pathname().map(Path::to_owned)
            }
            Self::Lost => None,
        }
    }

    /// A socket that is new no more is watched otherwise. Nobody waits for room then, and who waits for input is just about
    /// to be kept anew.
    fn grow(&mut self) -> io::Result<()> {
        if let Self::New(New { reads: READS_MAX.., waits: false, .. }) = self
            && let Self::New(New { stream, runtime, .. }) = std::mem::replace(self, Self::Lost)
        {
            *self = Self::Known(Known::new(stream.0, runtime)?);
        }
        Ok(())
    }
}

/// The path of an address that has one.
pub(super) fn path_of(address: &SocketAddr) -> Option<PathBuf> {
    address.as_pathname().map(Path::to_owned)
}

impl Known {
    fn new(stream: UnixStream, runtime: Handle) -> io::Result<Self> {
        let within = runtime.enter();
        let input = watched(stream.into_std()?, Interest::READABLE)?;
        drop(within);
        Ok(Self { input, room: None, runtime })
    }

    /// Watches for room from here on.
    fn wait_for_room(&mut self) -> io::Result<()> {
        let _within = self.runtime.enter();
        let output = self.input.get_ref().try_clone()?;
        self.room = Some(Room { output: watched(output, Interest::WRITABLE)?, ample: 0 });
        Ok(())
    }
}

impl Room {
    /// Writes when there is room. Whether it was ample for long enough.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<(usize, bool)>> {
        loop {
            let mut room = ready!(self.output.poll_write_ready(cx))?;
            match write(self.output.get_ref(), slices) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => room.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(bytes) => {
                    if alone(slices).is_some_and(|first| bytes < first.len()) {
                        // That was all the room; more of it is told anew.
                        room.clear_ready();
                    }
                    let all = slices.iter().map(|slice| slice.len()).sum::<usize>();
                    self.ample = if bytes < all { 0 } else { self.ample + 1 };
                    return Poll::Ready(Ok((bytes, self.ample >= AMPLE_MAX)));
                }
            }
        }
    }
}

#[expect(
    deprecated,
    reason = "its successor is unsafe, for types that close their descriptor early: a stream of the standard library does not"
)]
fn watched(socket: StdUnixStream, interest: Interest) -> io::Result<AsyncFd<StdUnixStream>> {
    AsyncFd::with_interest(socket, interest)
}

fn write(mut socket: &StdUnixStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    match alone(slices) {
        Some(first) => socket.write(first),
        None => socket.write_vectored(slices),
    }
}

impl ByteStream for UnixSocket {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.grow()?;
        match self {
            Self::New(new) => {
                let read = ready!(new.stream.poll_read(cx, buffer));
                new.reads += 1;
                Poll::Ready(read)
            }
            Self::Known(known) => known.poll_read(cx, buffer),
            Self::Lost => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::New(new) => {
                let written = new.stream.poll_write_vectored(cx, slices);
                new.waits = written.is_pending();
                written
            }
            Self::Known(known) => known.poll_write_vectored(cx, slices),
            Self::Lost => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::New(new) => new.stream.poll_close(cx),
            Self::Known(known) => Poll::Ready(known.input.get_ref().shutdown(Shutdown::Write)),
            Self::Lost => Poll::Ready(Ok(())),
        }
    }
}

impl Known {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = ready!(self.input.poll_read_ready(cx))?;
            let mut socket = self.input.get_ref();
            match socket.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(bytes) => {
                    if (1..buffer.len()).contains(&bytes) {
                        // That was all; what comes from here on is told anew.
                        ready.clear_ready();
                    }
                    return Poll::Ready(Ok(bytes));
                }
            }
        }
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        while self.room.is_none() {
            match write(self.input.get_ref(), slices) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait_for_room()?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                written => return Poll::Ready(written),
            }
        }
        let Some(room) = &mut self.room else { return Poll::Pending };
        let (bytes, is_ample) = ready!(room.poll_write(cx, slices))?;
        if is_ample {
            self.room = None;
        }
        Poll::Ready(Ok(bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Waker;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn write(socket: &mut UnixSocket, bytes: &[u8]) -> usize {
        poll_fn(|cx| socket.poll_write_vectored(cx, &[IoSlice::new(bytes)]))
            .await
            .expect("it is open")
    }

    async fn read(socket: &mut UnixSocket, buffer: &mut [u8]) -> usize {
        poll_fn(|cx| socket.poll_read(cx, buffer)).await.expect("it is open")
    }

    /// A socket that was read so often that it is not new any more.
    async fn known(left: UnixStream, right: &mut UnixStream) -> Known {
        let mut left = UnixSocket::new(left).expect("a runtime is here");
        for _ in 0..READS_MAX {
            right.write_all(b"x").await.expect("it is open");
            assert!(matches!(left, UnixSocket::New(_)));
            assert_eq!(read(&mut left, &mut [0]).await, 1);
        }
        let mut cx = Context::from_waker(Waker::noop());
        assert!(left.poll_read(&mut cx, &mut [0]).is_pending());
        match left {
            UnixSocket::Known(known) => known,
            _ => panic!("it is still new"),
        }
    }

    #[tokio::test]
    async fn a_new_socket_that_waits_for_room_stays_as_it_is_watched() {
        let (left, mut right) = UnixStream::pair().expect("a socket pair");
        let mut left = UnixSocket::new(left).expect("a runtime is here");
        let mut cx = Context::from_waker(Waker::noop());
        let bytes = vec![0; 1 << 16];
        let mut written = 0;
        while let Poll::Ready(wrote) = left.poll_write_vectored(&mut cx, &[IoSlice::new(&bytes)]) {
            written += wrote.expect("it is open");
        }
        for _ in 0..2 * READS_MAX {
            right.write_all(b"x").await.expect("it is open");
            assert_eq!(read(&mut left, &mut [0]).await, 1);
        }
        assert!(matches!(left, UnixSocket::New(New { waits: true, .. })));
        let mut rest = vec![0; written];
        right.read_exact(&mut rest).await.expect("all of it was written");
        assert_eq!(write(&mut left, b"there is room").await, 13);
        assert!(left.poll_read(&mut cx, &mut [0]).is_pending());
        assert!(matches!(left, UnixSocket::Known(_)));
    }

    #[tokio::test]
    async fn a_full_socket_is_watched_for_room_until_room_is_ample() {
        let (left, mut right) = UnixStream::pair().expect("a socket pair");
        let mut left = known(left, &mut right).await;
        let mut right = UnixSocket::new(right).expect("a runtime is here");
        let mut buffer = vec![0; 1 << 20];

        let mut written = 0;
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(bytes) =
            left.poll_write_vectored(&mut cx, &[IoSlice::new(&buffer[..4096])])
        {
            written += bytes.expect("it is open");
            assert!(left.room.is_none(), "there is room");
        }
        assert!(left.room.is_some());

        while written > 0 {
            written -= read(&mut right, &mut buffer).await;
        }
        for _ in 0..AMPLE_MAX {
            assert!(left.room.is_some());
            let ample = [IoSlice::new(b"ample")];
            let wrote = poll_fn(|cx| left.poll_write_vectored(cx, &ample)).await;
            assert_eq!(wrote.expect("it is open"), 5);
            assert_eq!(read(&mut right, &mut buffer).await, 5);
        }
        assert!(left.room.is_none(), "room was ample for long");

        let mut left = UnixSocket::Known(left);
        poll_fn(|cx| left.poll_close(cx)).await.expect("it is open");
        assert_eq!(read(&mut right, &mut buffer).await, 0);
    }
}
