//! Byte streams that go beside values, as the bodies of HTTP do.

use std::rc::Rc;

use crate::rpc::{Client, host};
use crate::runtime::Local;

use super::encoding::Encoding;
use super::error::StreamError;
use super::remote::Remote;
use super::served::Served;
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
    let drain = stream.give()?.into_drain()?;
    Ok(host(here, Rc::new(Served::new(here, drain))))
}

/// What writes to a ByteStream.
pub(in crate::worker) fn writing_to(stream: Client) -> WritableStream {
    WritableStream::of(Box::new(Remote::new(stream)), Encoding::Identity)
}
