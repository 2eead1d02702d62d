use bowline::transport::http::{HeadLimits, HeadReader, RequestLine, StatusLine};

/// Reads bytes as the head of a stream, at once and in pieces: both find the same. Says whether there was a head
/// with a first line that means something.
pub(crate) fn run(bytes: &[u8]) -> bool {
    let Some((size, bytes)) = bytes.split_first() else { return false };
    let limits = HeadLimits { bytes_max: 1024, lines_max: 16, ..HeadLimits::default() };
    let mut whole = HeadReader::new(limits);
    let at_once = whole.take(bytes);
    let mut pieces = HeadReader::new(limits);
    let mut in_pieces = Ok(None);
    for piece in bytes.chunks(usize::from(*size).max(1)) {
        in_pieces = pieces.take(piece);
        if !matches!(in_pieces, Ok(None)) {
            break;
        }
    }
    assert_eq!(at_once, in_pieces);
    let Ok(Some(length)) = at_once else { return false };
    // An empty line at once is a head, too, of no line.
    assert!(bytes[..length].ends_with(b"\r\n\r\n") || length == 2);
    let line = whole.first_line().to_vec();
    assert!(bytes.starts_with(&line) && whole.into_bytes() == bytes);
    RequestLine::parse(&line).is_ok() || StatusLine::parse(&line).is_ok()
}
