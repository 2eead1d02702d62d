//! A child process is a peer this process starts, and talks to over its standard input and output.

use std::io::{self, IoSlice};
use std::pin::pin;
use std::process::{Command, ExitStatus, Stdio};
use std::task::{Context, Poll};

use tokio::process::{Child as Process, ChildStdin, ChildStdout};

use super::bytes::ByteStream;
use super::error::TransportError;
use super::peer::Peer;
use super::tokio::Joined;

/// A child process and the stream to it. Dropping kills the process, and the tokio runtime reaps it.
///
/// Closing closes its standard input, which well-behaved programs take as the wish that they leave.
pub struct Child {
    stream: Joined<ChildStdout, ChildStdin>,
    process: Process,
    peer: Peer,
}

impl Child {
    /// Starts `command`, with its standard input and output tied to us; standard error stays as
    /// `command` says, by default ours. Needs a tokio runtime with I/O.
    ///
    /// # Errors
    ///
    /// The program is not there or may not be run, or no process or pipe is to be had.
    pub fn spawn(command: Command) -> Result<Self, TransportError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let starting = Peer::Child { program: program.clone(), pid: 0 };
        let fail = |source| TransportError::io("starting", &starting, source);
        let mut process = tokio::process::Command::from(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(fail)?;
        let pid = process.id().unwrap_or(0);
        let (Some(writer), Some(reader)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(fail(io::ErrorKind::BrokenPipe.into()));
        };
        let peer = Peer::Child { program, pid };
        Ok(Self { stream: Joined::new(reader, writer), process, peer })
    }

    /// What runs, and its process id.
    #[must_use]
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Its process id, while it has not been seen to exit.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    /// How the process ended, once it has; it is then reaped. Does not make it end.
    ///
    /// # Errors
    ///
    /// The operating system will not say.
    pub fn poll_exit(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        // The standard input was taken at the start, so waiting does not close it.
        pin!(self.process.wait()).poll(cx)
    }

    /// Asks the operating system to kill the process; [`poll_exit`](Self::poll_exit) tells when it
    /// is gone.
    ///
    /// # Errors
    ///
    /// It has already been reaped.
    pub fn start_kill(&mut self) -> io::Result<()> {
        self.process.start_kill()
    }
}

impl ByteStream for Child {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.stream.poll_read(cx, buffer)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.poll_write_vectored(cx, slices)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_close(cx)
    }
}
