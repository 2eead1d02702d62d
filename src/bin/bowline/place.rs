//! A place is an address, and whether a vat is reached there behind HTTP.

use std::fmt;

use bowline::transport::http::ConnectHost;
use bowline::transport::{Address, TransportError};

use crate::failure::Failure;

/// Where a vat is served or called.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Messages from the first byte.
    Bare(Address),
    /// HTTP, and a vat behind a CONNECT.
    Http {
        /// The port; a TCP address.
        address: Address,
        /// What is asked for.
        host: ConnectHost,
    },
}

impl Place {
    /// Reads an address, or `http://HOST:PORT`, for which `host` must be known.
    pub(crate) fn read(text: &str, host: Option<&ConnectHost>) -> Result<Self, Failure> {
        let Some(port) = text.strip_prefix(HTTP) else {
            return address(text).map(Self::Bare);
        };
        let address =
            address(&format!("tcp:{}", port.strip_suffix('/').unwrap_or(port))).map_err(|_| {
                Failure::usage(format!("bad address `{text}`: expected `http://host:port`"))
            })?;
        let host = host.cloned().ok_or_else(|| {
            Failure::usage(format!("{text} serves vats by name: --connect-host NAME says which"))
        })?;
        Ok(Self::Http { address, host })
    }

    pub(crate) const fn address(&self) -> &Address {
        match self {
            Self::Bare(address) | Self::Http { address, .. } => address,
        }
    }

    /// The same kind of place at another address.
    pub(crate) fn at(&self, address: &Address) -> Self {
        match self {
            Self::Bare(_) => Self::Bare(address.clone()),
            Self::Http { host, .. } => Self::Http { address: address.clone(), host: host.clone() },
        }
    }
}

const HTTP: &str = "http://";

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bare(address) => write!(f, "{address}"),
            Self::Http { address, .. } => {
                let address = address.to_string();
                write!(f, "{HTTP}{}", address.strip_prefix("tcp:").unwrap_or(&address))
            }
        }
    }
}

/// Whether only Workers are served and called at such an address.
pub(crate) fn is_of_workers(text: &str) -> bool {
    [HTTP, "debug://"].iter().any(|scheme| text.starts_with(scheme))
}

/// An address, or one line that says what is wrong with it.
pub(crate) fn address(text: &str) -> Result<Address, Failure> {
    text.parse().map_err(|error: TransportError| Failure::usage(error.to_string()))
}
