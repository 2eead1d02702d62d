//! A connection that goes on as something else than HTTP.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Extensions;
use hyper::rt::{Read, ReadBuf as HyperBuf, Write};
use hyper::upgrade::OnUpgrade;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::error::BodyError;

/// The connection of a request or response (`request.extensions_mut()`) once HTTP is over on it: behind a
/// `101 Switching Protocols`, or a CONNECT that was granted. A handler takes it before it answers, and runs what follows
/// beside its answer.
///
/// # Errors
///
/// It came over no such connection, or the other side did not agree, or it is lost.
pub fn upgrade(
    extensions: &mut Extensions,
) -> impl Future<Output = Result<Upgraded, BodyError>> + Send + use<> {
    let coming = extensions.remove::<OnUpgrade>();
    async move {
        let coming = coming.ok_or(BodyError::CutOff)?;
        Ok(Upgraded(coming.await.map_err(BodyError::of)?))
    }
}

/// A connection on which HTTP is over, for tokio.
#[derive(Debug)]
pub struct Upgraded(hyper::upgrade::Upgraded);

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut read = HyperBuf::new(into.initialize_unfilled());
        ready!(Pin::new(&mut self.0).poll_read(cx, read.unfilled()))?;
        let count = read.filled().len();
        into.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}
