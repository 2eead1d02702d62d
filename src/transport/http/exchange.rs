//! Reading and writing heads on a byte stream.

use std::future::poll_fn;
use std::io::{self, IoSlice};

use super::error::HeadError;
use super::head::{HeadLimits, HeadReader};
use crate::transport::bytes::ByteStream;
use crate::transport::error::TransportError;
use crate::transport::peer::Peer;

/// How much is read at a time: what a head usually has, and little to copy of what follows it.
const READ: usize = 2 << 10;

/// A head that has come.
pub(super) struct Head {
    reader: HeadReader,
    bytes: usize,
}

impl Head {
    pub(super) fn first_line(&self) -> &[u8] {
        self.reader.first_line()
    }

    /// What came: the head, and what came behind it.
    pub(super) fn into_parts(self) -> (Vec<u8>, Vec<u8>) {
        let mut head = self.reader.into_bytes();
        let behind = head.split_off(self.bytes.min(head.len()));
        (head, behind)
    }
}

/// Reads a head. `None` if the stream ends before its first byte.
pub(super) async fn read(
    stream: &mut impl ByteStream,
    peer: &Peer,
    limits: &HeadLimits,
) -> Result<Option<Head>, TransportError> {
    let mut reader = HeadReader::new(*limits);
    let mut buffer = [0; READ];
    let mut is_first = true;
    let broken = |error| TransportError::Head { peer: peer.clone(), error };
    loop {
        let count = poll_fn(|cx| stream.poll_read(cx, &mut buffer))
            .await
            .map_err(|source| TransportError::io("reading from", peer, source))?;
        match buffer.get(..count).unwrap_or(&buffer) {
            [] if is_first => return Ok(None),
            [] => return Err(broken(HeadError::Truncated)),
            more => {
                if let Some(bytes) = reader.take(more).map_err(broken)? {
                    return Ok(Some(Head { reader, bytes }));
                }
            }
        }
        is_first = false;
    }
}

/// Writes all of `bytes`.
pub(super) async fn write(
    stream: &mut impl ByteStream,
    peer: &Peer,
    mut bytes: &[u8],
) -> Result<(), TransportError> {
    let failed = |source| TransportError::io("writing to", peer, source);
    while !bytes.is_empty() {
        let slices = [IoSlice::new(bytes)];
        let count = poll_fn(|cx| stream.poll_write_vectored(cx, &slices)).await.map_err(failed)?;
        if count == 0 {
            return Err(failed(io::ErrorKind::WriteZero.into()));
        }
        bytes = bytes.get(count..).unwrap_or_default();
    }
    poll_fn(|cx| stream.poll_flush(cx)).await.map_err(failed)
}
