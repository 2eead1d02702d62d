//! Byte streams that go beside values, as the bodies of HTTP do.

use crate::rpc::Client;
use crate::runtime::Local;

use super::encoding::Encoding;
use super::error::StreamError;
use super::push::host_writable;
use super::remote::Remote;
use super::writable::WritableStream;

/// The ByteStream that writes to `stream`, which is taken.
///
/// # Errors
///
/// It was given away before, is closed, or failed.
pub(in crate::worker) fn byte_stream(
    here: &Local,
    stream: &WritableStream,
) -> Result<Client, StreamError> {
    host_writable(here, stream)
}

/// What writes to a ByteStream.
pub(in crate::worker) fn writing_to(stream: Client) -> WritableStream {
    WritableStream::of(Box::new(Remote::new(stream)), Encoding::Identity)
}
