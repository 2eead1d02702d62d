//! Where services are found that are not in this process.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::transport::Address;
use crate::transport::http::ConnectHost;

/// Where a service is found: `tcp:host:port`, `unix:path`, `http://host:port`, or `debug://host:port`.
///
/// Behind `http://host:port/` the host of the CONNECT may stand, as in `http://127.0.0.1:8080/auth.internal`; else it is
/// [`ServiceAddress::CONNECT_HOST`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceAddress {
    /// A socket that offers one entrypoint to whoever connects. Its props are fixed there.
    Plain(Address),
    /// A port that speaks HTTP, with one entrypoint behind a CONNECT. Its props are fixed there.
    Http {
        /// The port.
        address: Address,
        /// What is asked for: the `capnpConnectHost` of workerd.
        host: ConnectHost,
    },
    /// A debug port: there every entrypoint is asked for by name, with props.
    Debug(Address),
}

impl ServiceAddress {
    /// The host of a CONNECT where none is chosen.
    pub const CONNECT_HOST: &str = "rpc.internal";

    /// Entrypoint and props are chosen by who calls.
    #[must_use]
    pub const fn chooses(&self) -> bool {
        matches!(self, Self::Debug(_))
    }

    /// The same kind of address with another port or path, such as the one that turned out to be free.
    #[must_use]
    pub fn at(&self, address: &Address) -> Self {
        let address = address.clone();
        match self {
            Self::Plain(_) => Self::Plain(address),
            Self::Http { host, .. } => Self::Http { address, host: host.clone() },
            Self::Debug(_) => Self::Debug(address),
        }
    }

    /// Where to connect.
    #[must_use]
    pub const fn address(&self) -> &Address {
        match self {
            Self::Plain(address) | Self::Http { address, .. } | Self::Debug(address) => address,
        }
    }
}

/// A text is no entry of an [`AddressBook`], or no [`ServiceAddress`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadAddress {
    text: String,
    why: String,
}

impl BadAddress {
    fn new(text: &str, why: impl Into<String>) -> Self {
        Self { text: text.to_owned(), why: why.into() }
    }
}

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bad address `{}`: {}", self.text.escape_debug(), self.why.escape_debug())
    }
}

impl std::error::Error for BadAddress {}

const FORMS: &str =
    "expected `tcp:host:port`, `unix:path`, `http://host:port` or `debug://host:port`";

impl FromStr for ServiceAddress {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let port = |rest: &str, scheme: &str| {
            let rest = rest.strip_suffix('/').unwrap_or(rest);
            let address = format!("tcp:{rest}").parse();
            address.map_err(|_| BadAddress::new(text, format!("expected `{scheme}://host:port`")))
        };
        if let Some(rest) = text.strip_prefix("http://") {
            let (rest, host) = rest.split_once('/').unwrap_or((rest, ""));
            let host = if host.is_empty() { Self::CONNECT_HOST } else { host };
            let host = host.parse().map_err(|why| BadAddress::new(text, format!("{why}")))?;
            return Ok(Self::Http { address: port(rest, "http")?, host });
        }
        if let Some(rest) = text.strip_prefix("debug://") {
            return port(rest, "debug").map(Self::Debug);
        }
        match text.parse() {
            Ok(Address::Stdio) => Err(BadAddress::new(text, "a service is not found there")),
            Ok(address) => Ok(Self::Plain(address)),
            Err(crate::transport::TransportError::BadAddress { why, .. })
                if text.starts_with("tcp:") || text.starts_with("unix:") =>
            {
                Err(BadAddress::new(text, why))
            }
            Err(_) => Err(BadAddress::new(text, FORMS)),
        }
    }
}

impl fmt::Display for ServiceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address().to_string();
        let port = address.strip_prefix("tcp:").unwrap_or(&address);
        match self {
            Self::Plain(_) => f.write_str(&address),
            Self::Debug(_) => write!(f, "debug://{port}"),
            Self::Http { host, .. } if host.as_str() == Self::CONNECT_HOST => {
                write!(f, "http://{port}")
            }
            Self::Http { host, .. } => write!(f, "http://{port}/{host}"),
        }
    }
}

/// Where each service, or a single entrypoint of it, is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressBook {
    /// By service and entrypoint.
    entries: BTreeMap<(String, Option<String>), ServiceAddress>,
}

impl AddressBook {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds where `target` is found: a service, or an entrypoint as `service#Entrypoint`.
    ///
    /// # Errors
    ///
    /// [`BadAddress`]: the address is none, `target` is empty, or it is there already.
    pub fn with(mut self, target: &str, address: &str) -> Result<Self, BadAddress> {
        let key = match target.split_once('#') {
            Some((service, entrypoint)) => (service, Some(entrypoint)),
            None => (target, None),
        };
        if key.0.is_empty() || key.1 == Some("") {
            let what = "the name of a service stands before it, as in `auth` or `auth#Admin`";
            return Err(BadAddress::new(address, what));
        }
        let entrypoint = key.1.filter(|name| *name != "default").map(str::to_owned);
        let before = self.entries.insert((key.0.to_owned(), entrypoint), address.parse()?);
        match before {
            None => Ok(self),
            Some(before) => {
                let what = format!("`{target}` is at {before} already");
                Err(BadAddress::new(address, what))
            }
        }
    }

    /// Adds an entry in one word: `service=ADDRESS` or `service#Entrypoint=ADDRESS`.
    ///
    /// # Errors
    ///
    /// [`BadAddress`], as [`with`](Self::with) has it.
    pub fn with_entry(self, entry: &str) -> Result<Self, BadAddress> {
        match entry.split_once('=') {
            Some((target, address)) => self.with(target, address),
            None => Err(BadAddress::new(entry, "expected `service=ADDRESS`")),
        }
    }

    /// The address of an entrypoint alone; not that of its service.
    pub(super) fn of_entrypoint(&self, service: &str, entrypoint: &str) -> Option<&ServiceAddress> {
        self.entries.get(&(service.to_owned(), Some(entrypoint.to_owned())))
    }

    /// The address of a service.
    pub(super) fn of_service(&self, service: &str) -> Option<&ServiceAddress> {
        self.entries.get(&(service.to_owned(), None))
    }

    /// The services that have an address, one for each of theirs.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(|(service, _)| service.as_str())
    }

    /// The entrypoints of a service that have an address of their own.
    pub(super) fn entrypoints(&self, service: &str) -> impl Iterator<Item = &str> {
        let of = move |key: &&(String, Option<String>)| key.0 == service;
        self.entries.keys().filter(of).filter_map(|(_, entrypoint)| entrypoint.as_deref())
    }
}
