//! Bodies as byte streams: what is written to a capability comes out of a body, and the other way round.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use bytes::Bytes;

use super::body::Body;
use super::error::BodyError;
use super::pipe::BodyWriter;
use crate::rpc::{Call, Client, Response, Target};
use crate::runtime::Local;
use crate::schema::byte_stream_capnp::byte_stream::{end_params, write_params};
use crate::wire::Exception;

/// `ByteStream`.
const BYTE_STREAM: u64 = 0xd2e7_d8a0_dc0a_9766;
const WRITE: u16 = 0;
const END: u16 = 1;

/// The most that is sent in one write, so that a window holds several.
const WRITE_MAX: usize = 16 << 10;

/// The `ByteStream` whose bytes come out of the body that `writer` writes. It is cut off if it is let go of before
/// its end.
pub(super) fn sink(here: &Local, writer: BodyWriter) -> Client {
    Client::new(here, Sink(Cell::new(Some(writer))))
}

struct Sink(Cell<Option<BodyWriter>>);

impl Target for Sink {
    fn call(
        self: Rc<Self>,
        call: Call,
    ) -> impl Future<Output = Result<Response, Exception>> + 'static {
        // One write at a time: until it is done, the writer is with it.
        call.streaming();
        async move {
            let ended = || Exception::failed("jsg.TypeError: the stream has ended");
            match (call.interface(), call.method()) {
                (BYTE_STREAM, WRITE) => {
                    let bytes = call.params().read(|root| {
                        let params: write_params::Reader<'_> = root.get_as()?;
                        Ok(Bytes::copy_from_slice(params.get_bytes()?))
                    })?;
                    let mut writer = self.0.take().ok_or_else(ended)?;
                    let gone = |_| Exception::disconnected("abortRead() has been called");
                    writer.write(bytes).await.map_err(gone)?;
                    self.0.set(Some(writer));
                }
                (BYTE_STREAM, END) => self.0.take().ok_or_else(ended)?.end(),
                _ => return Err(call.unimplemented()),
            }
            Ok(call.reply())
        }
    }
}

/// Writes `body` to the `ByteStream` `to`, as fast as that takes it, and ends it.
///
/// # Errors
///
/// The body failed, and `to` is not ended; or `to` takes no more.
pub(super) async fn pump(mut body: Body, to: &Client) -> Result<(), BodyError> {
    while let Some(chunk) = body.chunk().await {
        let mut chunk = chunk?;
        while !chunk.is_empty() {
            let now = chunk.split_to(chunk.len().min(WRITE_MAX));
            let words = u32::try_from(now.len() / 8).unwrap_or(u32::MAX).saturating_add(4);
            let request = to.request(BYTE_STREAM, WRITE).reserve(words).with(|root| {
                let mut params: write_params::Builder<'_> = root.init_as();
                params.set_bytes(&now);
            });
            request.stream().await.map_err(BodyError::Call)?;
        }
    }
    let end = to.request(BYTE_STREAM, END).with(|root| {
        let _nothing: end_params::Builder<'_> = root.init_as();
    });
    end.send().await.map(drop).map_err(BodyError::Call)
}
