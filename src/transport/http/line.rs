//! The first line of a head says what is asked for, or how the answer begins.

use super::error::HeadError;

/// The first line of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestLine {
    /// The method, as in `CONNECT`; case counts.
    pub method: String,
    /// What it is about: a path, a URL, or with `CONNECT` a host.
    pub target: String,
}

impl RequestLine {
    /// Reads `line`, without its end.
    ///
    /// # Errors
    ///
    /// It is no request line, or of another version of HTTP.
    pub fn parse(line: &[u8]) -> Result<Self, HeadError> {
        let mut words = words(line).ok_or(HeadError::NotARequest)?;
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(HeadError::NotARequest);
        };
        if method.is_empty() || !method.bytes().all(is_token) || target.is_empty() {
            return Err(HeadError::NotARequest);
        }
        version_is_ours(version, HeadError::NotARequest)?;
        Ok(Self { method: method.to_owned(), target: target.to_owned() })
    }
}

/// The first line of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusLine {
    /// The status, from 100 to 999.
    pub status: u16,
    /// What is said of it, for a person.
    pub reason: String,
}

impl StatusLine {
    /// Reads `line`, without its end.
    ///
    /// # Errors
    ///
    /// It is no status line, or of another version of HTTP.
    pub fn parse(line: &[u8]) -> Result<Self, HeadError> {
        let line = str::from_utf8(line).map_err(|_| HeadError::NotAResponse)?;
        let (version, rest) = line.split_once(' ').ok_or(HeadError::NotAResponse)?;
        version_is_ours(version, HeadError::NotAResponse)?;
        let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        let digits = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
        let status = status.parse().ok().filter(|status| digits && *status >= 100);
        let status = status.ok_or(HeadError::NotAResponse)?;
        Ok(Self { status, reason: reason.trim().to_owned() })
    }

    /// The request was granted.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

/// The words of a line of visible ASCII with single spaces between.
fn words(line: &[u8]) -> Option<impl Iterator<Item = &str>> {
    let plain = line.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    Some(str::from_utf8(line).ok().filter(|_| plain)?.split(' '))
}

fn version_is_ours(version: &str, otherwise: HeadError) -> Result<(), HeadError> {
    match version {
        "HTTP/1.0" | "HTTP/1.1" => Ok(()),
        _ if version.starts_with("HTTP/") => Err(HeadError::WrongVersion),
        _ => Err(otherwise),
    }
}

const fn is_token(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
        || byte.is_ascii_alphanumeric()
}
