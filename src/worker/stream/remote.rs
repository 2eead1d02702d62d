//! Writing to a stream of somebody else: the calls of a ByteStream, as many on their way as its window holds.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use capnp::traits::HasTypeId;

use crate::rpc::{Client, Promise, Written};
use crate::schema::byte_stream_capnp::byte_stream;

use super::drain::Drain;
use super::error::StreamError;
use super::source::CHUNK;

/// The interface, and its methods.
pub(super) const BYTE_STREAM: u64 = byte_stream::Client::TYPE_ID;
pub(super) const WRITE: u16 = 0;
pub(super) const END: u16 = 1;
pub(super) const GET_SUBSTREAM: u16 = 2;

/// A ByteStream that is written to.
pub(super) struct Remote {
    stream: Client,
    state: State,
}

enum State {
    Writing {
        /// What was taken and has no room yet.
        rest: Bytes,
        /// The last call made, until there is room for the next.
        written: Option<Written>,
    },
    Ending(Option<Promise>),
}

impl Remote {
    pub(super) fn new(stream: Client) -> Self {
        Self { stream, state: State::Writing { rest: Bytes::new(), written: None } }
    }
}

/// The next call of a stream.
pub(super) fn write(stream: &Client, bytes: &[u8]) -> Written {
    // Fits: a call takes as many as a chunk, or as many as a message held.
    let words = (bytes.len() / 8) as u32 + 4;
    let request = stream.request(BYTE_STREAM, WRITE).reserve(words);
    let set = |root: capnp::any_pointer::Builder<'_>| {
        root.init_as::<byte_stream::write_params::Builder<'_>>().set_bytes(bytes);
    };
    request.with(set).stream()
}

/// The last call of a stream.
pub(super) fn end(stream: &Client) -> Promise {
    let set = |root: capnp::any_pointer::Builder<'_>| {
        root.init_as::<byte_stream::end_params::Builder<'_>>();
    };
    stream.request(BYTE_STREAM, END).reserve(2).with(set).send()
}

impl Drain for Remote {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let State::Writing { rest, written } = &mut self.state else { return Poll::Ready(Ok(())) };
        loop {
            if let Some(waiting) = written {
                ready!(Pin::new(waiting).poll(cx))?;
                *written = None;
            }
            if rest.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let next = rest.split_to(rest.len().min(CHUNK));
            *written = Some(write(&self.stream, &next));
        }
    }

    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        if let State::Writing { rest, written } = &mut self.state {
            *rest = bytes;
            if written.is_none() {
                let next = rest.split_to(rest.len().min(CHUNK));
                *written = Some(write(&self.stream, &next));
            }
        }
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        ready!(self.poll_ready(cx))?;
        let State::Writing { written, .. } = &mut self.state else { return Poll::Ready(Ok(())) };
        let all = written.insert(self.stream.acknowledged());
        let acknowledged = ready!(Pin::new(all).poll(cx));
        *written = None;
        Poll::Ready(acknowledged.map_err(StreamError::from))
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        if let State::Writing { .. } = self.state {
            ready!(self.poll_ready(cx))?;
            self.state = State::Ending(Some(end(&self.stream)));
        }
        let State::Ending(Some(promise)) = &mut self.state else { return Poll::Ready(Ok(())) };
        let ended = ready!(Pin::new(promise).poll(cx));
        self.state = State::Ending(None);
        Poll::Ready(ended.map(drop).map_err(StreamError::from))
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        match &mut self.state {
            State::Writing { .. } => self.stream.cut_stream(),
            State::Ending(None) => {}
            State::Ending(ended) => {
                // What was written is a courtesy as the end is that was said behind it.
                self.stream.cut_stream();
                // What was lost before it may not seem whole; else, that nobody waits for it does not take it back.
                if !self.stream.lost_writes() {
                    ended.take().into_iter().for_each(Promise::detach_as_courtesy);
                }
            }
        }
    }
}
