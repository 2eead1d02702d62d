//! Reading what whoever comes to a port wants: a vat, or plain HTTP.

use std::future::poll_fn;

use super::ahead::Ahead;
use super::exchange::{read, write};
use super::head::HeadLimits;
use super::line::RequestLine;
use crate::transport::bytes::ByteStream;
use crate::transport::error::TransportError;
use crate::transport::peer::Peer;

const GRANTED: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

/// What whoever came wants.
pub enum Arrival<S> {
    /// The vat at a host that is known here. It was granted: what follows is the vat's.
    Vat {
        /// The host.
        host: String,
        /// The stream behind the head.
        stream: Ahead<S>,
    },
    /// Something else of HTTP. Nothing was answered. (C-K3)
    Http {
        /// The first line of the request.
        line: RequestLine,
        /// The stream with its head, byte for byte.
        stream: Ahead<S>,
    },
    /// Nothing: they left before the first byte.
    Nobody,
}

/// Reads the head of whoever is behind `stream`, and grants a CONNECT to a host that `is_known`. (C-K2)
///
/// A head that breaks the rules is answered with its status (`400 Bad Request` for bytes that are no HTTP)
/// and the end of the stream. (C-K4) There is no clock here; [`admit`](super::admit) has one.
///
/// # Errors
///
/// - [`TransportError::Head`]: the head breaks a rule or a limit; that was told to the peer.
/// - [`TransportError::Io`]: the stream failed.
pub async fn arrive<S: ByteStream>(
    mut stream: S,
    peer: &Peer,
    limits: &HeadLimits,
    is_known: impl Fn(&str) -> bool,
) -> Result<Arrival<S>, TransportError> {
    let head = match read(&mut stream, peer, limits).await {
        Ok(Some(head)) => head,
        Ok(None) => return Ok(Arrival::Nobody),
        Err(error) => return Err(told(stream, peer, error).await),
    };
    let line = match RequestLine::parse(head.first_line()) {
        Ok(line) => line,
        Err(error) => {
            let error = TransportError::Head { peer: peer.clone(), error };
            return Err(told(stream, peer, error).await);
        }
    };
    let (mut ahead, behind) = head.into_parts();
    if line.method == "CONNECT" && is_known(&line.target) {
        write(&mut stream, peer, GRANTED).await?;
        return Ok(Arrival::Vat { host: line.target, stream: Ahead::new(behind, stream) });
    }
    ahead.extend_from_slice(&behind);
    Ok(Arrival::Http { line, stream: Ahead::new(ahead, stream) })
}

/// Tells the peer of a head it sent what is wrong with it, if that is what failed.
async fn told<S: ByteStream>(stream: S, peer: &Peer, error: TransportError) -> TransportError {
    if let TransportError::Head { error: rule, .. } = &error {
        // It may be gone; the error says enough.
        let _unheard = refuse(stream, peer, rule.status(), &rule.to_string()).await;
    }
    error
}

/// Answers a request on `stream` with `status`, as in `404 Not Found`, and one line of text, and ends
/// our direction.
///
/// # Errors
///
/// Those of the stream.
pub async fn refuse(
    mut stream: impl ByteStream,
    peer: &Peer,
    status: &str,
    why: &str,
) -> Result<(), TransportError> {
    let length = why.len() + 1;
    let answer = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain;charset=utf-8\r\n\
         Content-Length: {length}\r\n\r\n{why}\n"
    );
    write(&mut stream, peer, answer.as_bytes()).await?;
    let closed = poll_fn(|cx| stream.poll_close(cx)).await;
    closed.map_err(|source| TransportError::io("writing to", peer, source))
}
