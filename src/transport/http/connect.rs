//! Asking a port that speaks HTTP for the vat behind it.

use super::ahead::Ahead;
use super::error::HeadError;
use super::exchange::{read, write};
use super::head::HeadLimits;
use super::host::ConnectHost;
use super::line::StatusLine;
use crate::transport::bytes::ByteStream;
use crate::transport::error::TransportError;
use crate::transport::peer::Peer;

/// Asks whoever is behind `stream` for the vat at `host`, and waits until that is granted. What
/// is written to the stream from there on, and read from it, is the vat's. (C-K1)
///
/// There is no clock here; [`dial`](super::dial) has one.
///
/// # Errors
///
/// - [`TransportError::Refused`]: the answer is no.
/// - [`TransportError::Head`]: the answer is no HTTP, or breaks a limit.
/// - [`TransportError::Io`]: the stream failed.
pub async fn request_connect<S: ByteStream>(
    mut stream: S,
    peer: &Peer,
    host: &ConnectHost,
    limits: &HeadLimits,
) -> Result<Ahead<S>, TransportError> {
    let asked = format!("CONNECT {host} HTTP/1.1\r\n\r\n");
    write(&mut stream, peer, asked.as_bytes()).await?;
    let broken = |error| TransportError::Head { peer: peer.clone(), error };
    let answer = read(&mut stream, peer, limits).await?;
    let answer = answer.ok_or_else(|| broken(HeadError::Truncated))?;
    let line = StatusLine::parse(answer.first_line()).map_err(broken)?;
    if !line.is_success() {
        let StatusLine { status, reason } = line;
        return Err(TransportError::Refused {
            peer: peer.clone(),
            host: host.clone(),
            status,
            reason,
        });
    }
    let (_head, behind) = answer.into_parts();
    Ok(Ahead::new(behind, stream))
}
