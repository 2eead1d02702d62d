//! Pipes of the operating system: between two ends of one process, and the standard streams.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream as StdUnixStream;

use tokio::net::UnixStream;
use tokio::net::unix::pipe::{Receiver, Sender};

use super::bytes::ByteStream;
use super::error::TransportError;
use super::peer::Peer;
use super::tokio::Joined;

/// One end of two pipes of the operating system, one for each direction. Made by [`os_pipe`].
pub type OsPipe = Joined<Receiver, Sender>;

/// A pair of pipes of the operating system: the two ends of one stream.
///
/// # Errors
///
/// The operating system has no pipe to give.
///
/// # Panics
///
/// Outside of a tokio runtime with I/O.
pub fn os_pipe() -> Result<(OsPipe, OsPipe), TransportError> {
    let make = || {
        let (from_right, to_left) = io::pipe()?;
        let (from_left, to_right) = io::pipe()?;
        Ok((joined(from_right, to_right)?, joined(from_left, to_left)?))
    };
    make().map_err(|source| TransportError::io("making", &Peer::Pipe, source))
}

fn joined(reader: PipeReader, writer: PipeWriter) -> io::Result<OsPipe> {
    let reader = Receiver::from_owned_fd(reader.into())?;
    Ok(Joined::new(reader, Sender::from_owned_fd(writer.into())?))
}

/// The standard input and output of this process, as one stream: what a child process talks to its
/// parent over.
///
/// Pipes and sockets only. A terminal or a file is refused, for making it non-blocking would make
/// it so for every process that shares it. Where `/proc` allows it a pipe is opened anew, for the
/// same reason. The peer sees the end when this process exits: closing keeps file descriptor 1.
///
/// # Errors
///
/// One of the two is neither a pipe nor a socket.
///
/// # Panics
///
/// Outside of a tokio runtime with I/O.
pub fn stdio() -> Result<Box<dyn ByteStream + Send>, TransportError> {
    let fail = |source| TransportError::io("opening", &Peer::Stdio, source);
    let (input, output) = (io::stdin(), io::stdout());
    let input_kind = kind(input.as_fd(), "standard input").map_err(fail)?;
    let output_kind = kind(output.as_fd(), "standard output").map_err(fail)?;
    open(input_kind, output_kind).map_err(fail)
}

/// What a standard stream is, as its own descriptor.
enum Kind {
    Pipe(OwnedFd),
    Socket(OwnedFd),
}

fn kind(fd: BorrowedFd<'_>, name: &str) -> io::Result<Kind> {
    let file = File::from(fd.try_clone_to_owned()?);
    let file_type = file.metadata()?.file_type();
    if file_type.is_fifo() {
        Ok(Kind::Pipe(file.into()))
    } else if file_type.is_socket() {
        Ok(Kind::Socket(file.into()))
    } else {
        let why = format!("{name} is neither a pipe nor a socket");
        Err(io::Error::new(io::ErrorKind::InvalidInput, why))
    }
}

fn open(input: Kind, output: Kind) -> io::Result<Box<dyn ByteStream + Send>> {
    Ok(match (input, output) {
        (Kind::Pipe(input), Kind::Pipe(output)) => {
            Box::new(Joined::new(receiver(input)?, sender(output)?))
        }
        (Kind::Pipe(input), Kind::Socket(output)) => {
            Box::new(Joined::new(receiver(input)?, socket(output)?))
        }
        (Kind::Socket(input), Kind::Pipe(output)) => {
            Box::new(Joined::new(socket(input)?, sender(output)?))
        }
        (Kind::Socket(input), Kind::Socket(output)) => {
            Box::new(Joined::new(socket(input)?, socket(output)?))
        }
    })
}

fn receiver(pipe: OwnedFd) -> io::Result<Receiver> {
    let anew = tokio::net::unix::pipe::OpenOptions::new().open_receiver("/proc/self/fd/0");
    anew.or_else(|_| Receiver::from_owned_fd(pipe))
}

fn sender(pipe: OwnedFd) -> io::Result<Sender> {
    let anew = tokio::net::unix::pipe::OpenOptions::new().open_sender("/proc/self/fd/1");
    anew.or_else(|_| Sender::from_owned_fd(pipe))
}

fn socket(fd: OwnedFd) -> io::Result<UnixStream> {
    let socket = StdUnixStream::from(fd);
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}
