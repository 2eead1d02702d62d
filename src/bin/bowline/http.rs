//! The head of an HTTP message in front of a stream: some transports open a connection with one.

/// So many bytes tell a head from a message: the second half of the word that says how many segments
/// a message has is 0, and no letter.
pub(crate) const TELLING: usize = 4;

/// The longest head that is looked for its end.
const HEAD_MAX: usize = 64 << 10;

/// What bytes are the beginning of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// Of something else.
    None,
    /// Of a head, or of too little to tell.
    GoesOn,
    /// Of a head of so many bytes.
    Ends(usize),
    /// Of a head longer than any.
    TooLong,
}

/// The head `bytes` begin with.
pub(crate) fn head(bytes: &[u8]) -> Head {
    if !bytes.iter().take(TELLING).all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return Head::None;
    }
    const END: &[u8] = b"\r\n\r\n";
    match bytes.windows(END.len()).position(|window| window == END) {
        Some(at) => Head::Ends(at + END.len()),
        None if bytes.len() > HEAD_MAX => Head::TooLong,
        None => Head::GoesOn,
    }
}

/// What is said of bytes that are letters, and no head.
pub(crate) const TEXT: &str = "this is text: neither messages of Cap'n Proto nor the head of HTTP";

/// Whether the first line of a head, or so much of it as there is, says that it is HTTP.
pub(crate) fn names_http(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.windows(5).any(|window| window == b"HTTP/")
}

/// Whether what comes behind a head can be Cap'n Proto, or one line that says why not.
pub(crate) fn may_be_followed(head: &str) -> Result<(), String> {
    let mut words = head.split_ascii_whitespace();
    match (words.next().unwrap_or_default(), words.next().unwrap_or_default()) {
        ("CONNECT", _) => Ok(()),
        (version, status) if version.starts_with("HTTP/") => {
            let lower = head.to_ascii_lowercase();
            if !status.starts_with('2') {
                Err(format!("no Cap'n Proto follows an HTTP status of {status}"))
            } else if lower.contains("\ncontent-length:") || lower.contains("\ntransfer-encoding:")
            {
                Err("the body of an HTTP response follows, no Cap'n Proto".to_owned())
            } else {
                Ok(())
            }
        }
        (method, _) => Err(format!("no Cap'n Proto follows the HTTP method {method}")),
    }
}
