//! Frames moved by hand: messages of the `capnp` crate, to and from a byte stream.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use capnp::any_pointer;
use capnp::capability::Promise;
use capnp::message::{Builder, HeapAllocator, Reader, ReaderOptions};
use futures_channel::oneshot;

use crate::transport::ByteStream;
use crate::wire::{Deframer, Frame, Limits};

use super::network;
use super::outgoing::OutgoingMessage;

/// A byte stream, and what is read from it and to be written to it.
pub(super) struct Frames<S> {
    stream: S,
    deframer: Deframer,
    out: VecDeque<u8>,
    /// Bytes ever queued, and ever written.
    queued: u64,
    written: u64,
    /// Who is to be told when so many bytes are written.
    sent: VecDeque<(u64, oneshot::Sender<()>)>,
    /// Nothing more is queued; what is then told as the outcome.
    ended: Option<capnp::Result<()>>,
    outcome: Option<capnp::Result<()>>,
}

impl<S: ByteStream> Frames<S> {
    pub(super) fn new(stream: S, limits: Limits) -> Self {
        Self {
            stream,
            deframer: Deframer::new(limits),
            out: VecDeque::new(),
            queued: 0,
            written: 0,
            sent: VecDeque::new(),
            ended: None,
            outcome: None,
        }
    }

    /// How writing came to its end, if it has.
    pub(super) fn outcome(&self) -> Option<capnp::Result<()>> {
        self.outcome.clone()
    }

    /// Queues a message behind the others; the promise is ready when it was written.
    pub(super) fn queue(&mut self, message: &Builder<HeapAllocator>) -> Promise<(), capnp::Error> {
        if self.ended.is_some() {
            return Promise::err(capnp::Error::disconnected("the connection was shut down".into()));
        }
        let before = self.out.len();
        self.out.extend(capnp::serialize::write_message_to_words(message));
        self.queued += (self.out.len() - before) as u64;
        let (tell, hear) = oneshot::channel();
        self.sent.push_back((self.queued, tell));
        Promise::from_future(async move {
            hear.await.map_err(|_| capnp::Error::disconnected("the connection is over".into()))
        })
    }

    /// Has the stream closed behind what is queued.
    pub(super) fn end(&mut self, result: capnp::Result<()>) {
        self.ended.get_or_insert(result);
    }

    /// Writes what can be written.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) {
        if self.outcome.is_none()
            && let Poll::Ready(outcome) = self.poll_end(cx)
        {
            self.outcome = Some(outcome);
            self.sent.clear();
        }
    }

    /// Ready once the stream is closed, or failed.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<capnp::Result<()>> {
        while !self.out.is_empty() {
            let (front, back) = self.out.as_slices();
            let slices = [IoSlice::new(front), IoSlice::new(back)];
            let bytes = ready!(self.stream.poll_write_vectored(cx, &slices))?;
            if bytes == 0 {
                return Poll::Ready(
                    Err(std::io::Error::from(std::io::ErrorKind::WriteZero).into()),
                );
            }
            self.out.drain(..bytes.min(self.out.len()));
            self.written += bytes as u64;
        }
        ready!(self.stream.poll_flush(cx))?;
        while let Some((_, tell)) = self.sent.pop_front_if(|(mark, _)| *mark <= self.written) {
            // Nobody may be left to be told.
            let _ = tell.send(());
        }
        let Some(ended) = self.ended.clone() else { return Poll::Pending };
        ready!(self.stream.poll_close(cx))?;
        Poll::Ready(ended)
    }

    /// The next message, or the end.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        options: ReaderOptions,
    ) -> Poll<capnp::Result<Option<Box<dyn network::IncomingMessage>>>> {
        loop {
            if let Some(frame) = self.deframer.next_frame().map_err(failed)? {
                let message = Incoming(Reader::new(frame, options));
                return Poll::Ready(Ok(Some(Box::new(message))));
            }
            let space = self.deframer.space();
            let most = space.len();
            match ready!(self.stream.poll_read(cx, space))? {
                0 => return Poll::Ready(self.deframer.finish().map(|()| None).map_err(failed)),
                bytes => self.deframer.advance(bytes.min(most)),
            }
        }
    }
}

fn failed(why: crate::wire::FrameError) -> capnp::Error {
    capnp::Error::failed(why.to_string())
}

struct Incoming(Reader<Frame>);

impl network::IncomingMessage for Incoming {
    fn get_body(&self) -> capnp::Result<any_pointer::Reader<'_>> {
        self.0.get_root()
    }
}

type Send = Box<dyn FnOnce(&Builder<HeapAllocator>) -> Promise<(), capnp::Error>>;

/// A message that goes to wherever `send` puts it.
pub(super) struct Outgoing {
    message: Builder<HeapAllocator>,
    send: Send,
}

impl Outgoing {
    /// How many words a message starts with where nobody says.
    const FIRST_WORDS: u32 = 1024;

    pub(super) fn new(first_words: u32, send: Send) -> Self {
        let words = if first_words == 0 { Self::FIRST_WORDS } else { first_words };
        Self { message: Builder::new(HeapAllocator::new().first_segment_words(words)), send }
    }
}

impl OutgoingMessage for Outgoing {
    fn get_body(&mut self) -> capnp::Result<any_pointer::Builder<'_>> {
        self.message.get_root()
    }

    fn get_body_as_reader(&self) -> capnp::Result<any_pointer::Reader<'_>> {
        self.message.get_root_as_reader()
    }

    fn send(self: Box<Self>) -> (Promise<(), capnp::Error>, Rc<Builder<HeapAllocator>>) {
        let Self { message, send } = *self;
        let promise = send(&message);
        (promise, Rc::new(message))
    }

    fn take(self: Box<Self>) -> Builder<HeapAllocator> {
        self.message
    }

    fn size_in_words(&self) -> usize {
        self.message.size_in_words()
    }
}
