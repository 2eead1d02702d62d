//! A peer's name says where it is, for the person who reads an error.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Who is at the other end of a transport.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peer {
    /// The other end of a same-thread link.
    SameThread,
    /// The other end of a two-thread link.
    TwoThread,
    /// The other end of a pipe in this process's memory.
    Memory,
    /// The other end of a pipe of the operating system.
    Pipe,
    /// Whoever is at the standard input and output of this process.
    Stdio,
    /// A process this one started.
    Child {
        /// What was run.
        program: String,
        /// Its process id; 0 once it is gone.
        pid: u32,
    },
    /// A TCP peer.
    Tcp(SocketAddr),
    /// A unix socket, with its path where it has one.
    Unix(Option<PathBuf>),
    /// Some other byte stream, named by whoever made it.
    Named(String),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameThread => f.write_str("the other end of a same-thread link"),
            Self::TwoThread => f.write_str("the other end of a two-thread link"),
            Self::Memory => f.write_str("the other end of a memory pipe"),
            Self::Pipe => f.write_str("the other end of a pipe"),
            Self::Stdio => f.write_str("stdio"),
            Self::Child { program, pid } => write!(f, "child {program} (pid {pid})"),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Unix(Some(path)) => write!(f, "unix:{}", path.display()),
            Self::Unix(None) => f.write_str("an unnamed unix socket"),
            Self::Named(name) => f.write_str(name),
        }
    }
}
