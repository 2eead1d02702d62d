//! The host of a CONNECT names a vat behind a port that speaks HTTP.

use std::fmt;
use std::str::FromStr;

/// The longest host that is taken, so that it fits a head with room to spare.
const LENGTH_MAX: usize = 1 << 10;

/// What a CONNECT asks for: a name both sides agreed on. It is compared byte by byte, and is no
/// address: nobody looks it up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConnectHost(String);

impl ConnectHost {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text is no CONNECT host: it is empty, over 1 KiB long, or has another character than the visible ones
/// of ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadConnectHost;

impl fmt::Display for BadConnectHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CONNECT host is one word of visible ASCII, of at most 1 KiB")
    }
}

impl std::error::Error for BadConnectHost {}

impl FromStr for ConnectHost {
    type Err = BadConnectHost;

    fn from_str(text: &str) -> Result<Self, BadConnectHost> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        let is_host = !text.is_empty() && text.len() <= LENGTH_MAX && is_plain;
        if is_host { Ok(Self(text.to_owned())) } else { Err(BadConnectHost) }
    }
}

impl fmt::Display for ConnectHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
