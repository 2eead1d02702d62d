//! Objects of the runtime that are nothing but data.

use bytes::Bytes;

/// What may be changed in [`Headers`], as the runtime tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the guards of the Fetch standard")]
pub enum Guard {
    Immutable,
    Request,
    Response,
    None,
}

impl Guard {
    pub(super) const fn number(self) -> u32 {
        self as u32
    }

    pub(super) const fn of_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Immutable,
            1 => Self::Request,
            2 => Self::Response,
            3 => Self::None,
            _ => return None,
        })
    }
}

/// HTTP headers: pairs in order. A name may come more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// Who may change them.
    pub guard: Guard,
    /// Name and value of each.
    pub entries: Vec<(String, String)>,
}

impl Headers {
    /// How many a message may hold. Each costs two strings; the runtime refuses more than this, too.
    pub const COUNT_MAX: u32 = 1024;
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    /// Headers that may be changed.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let pair = |(name, value): (N, V)| (name.into(), value.into());
        Self { guard: Guard::None, entries: entries.into_iter().map(pair).collect() }
    }
}

/// A Blob: bytes and their type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The media type, or empty.
    pub content_type: String,
    /// All of it.
    pub bytes: Bytes,
}

/// A DOMException.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomException {
    /// Such as `AbortError`.
    pub name: String,
    /// What went wrong.
    pub message: String,
    /// Where, as the thrower saw it; or empty.
    pub stack: String,
}

/// Names of headers that travel as numbers: the position, from 1.
const COMMON_NAMES: [&str; 47] = [
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Accept-Ranges",
    "Accept",
    "Access-Control-Allow-Origin",
    "Age",
    "Allow",
    "Authorization",
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "Cookie",
    "Date",
    "ETag",
    "Expect",
    "Expires",
    "From",
    "Host",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Last-Modified",
    "Link",
    "Location",
    "Max-Forwards",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Range",
    "Referer",
    "Refresh",
    "Retry-After",
    "Server",
    "Set-Cookie",
    "Strict-Transport-Security",
    "Transfer-Encoding",
    "User-Agent",
    "Vary",
    "Via",
    "WWW-Authenticate",
];

/// The number of a header's name; 0 if it has none.
pub(super) fn common_id(name: &str) -> u32 {
    let at = COMMON_NAMES.iter().position(|common| common.eq_ignore_ascii_case(name));
    // Fits: there are 47.
    at.map_or(0, |at| at as u32 + 1)
}

/// The name of a header by its number.
pub(super) fn common_name(id: u32) -> Option<&'static str> {
    COMMON_NAMES.get(usize::try_from(id).ok()?.checked_sub(1)?).copied()
}
