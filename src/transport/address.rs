//! An address says where a peer is found, in one word of text.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::error::TransportError;

/// Where a peer is found: `tcp:host:port`, `unix:path` or `stdio`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// A TCP port; IPv6 addresses in brackets, as in `tcp:[::1]:4000`.
    Tcp {
        /// A name or an IP address, without brackets.
        host: String,
        /// The port; 0 to listen on one that is free.
        port: u16,
    },
    /// A unix socket.
    Unix(PathBuf),
    /// The standard input and output of this process.
    Stdio,
}

impl Address {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text.split_once(':') {
            None if text == "stdio" => Ok(Self::Stdio),
            Some(("unix", "")) => Err("a path must follow `unix:`"),
            Some(("unix", path)) if path.contains('\0') => Err("the path contains a NUL"),
            Some(("unix", path)) => Ok(Self::Unix(path.into())),
            Some(("tcp", rest)) => Self::parse_tcp(rest),
            _ => Err("expected `tcp:host:port`, `unix:path` or `stdio`"),
        }
    }

    fn parse_tcp(text: &str) -> Result<Self, &'static str> {
        let (host, port) = text.rsplit_once(':').ok_or("a port must follow the host")?;
        let port = port.parse().map_err(|_| "the port is not a number from 0 to 65535")?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(bare) => bare,
            None if host.contains([':', '[', ']']) => {
                return Err("an IPv6 address must stand in brackets");
            }
            None => host,
        };
        let is_wrong = |c: char| matches!(c, '[' | ']') || c.is_whitespace() || c.is_control();
        if host.is_empty() || host.contains(is_wrong) {
            return Err("the host is missing or malformed");
        }
        Ok(Self::Tcp { host: host.to_owned(), port })
    }
}

impl FromStr for Address {
    type Err = TransportError;

    /// # Errors
    ///
    /// [`TransportError::BadAddress`], saying what is expected.
    fn from_str(text: &str) -> Result<Self, TransportError> {
        Self::parse(text)
            .map_err(|why| TransportError::BadAddress { address: text.to_owned(), why })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp:[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Stdio => f.write_str("stdio"),
        }
    }
}
