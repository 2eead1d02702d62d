//! Framing puts messages on a byte stream, and takes them off again wherever the stream was cut.

use std::io::{self, IoSlice};
use std::task::{Context, Poll, Waker, ready};

use super::bytes::ByteStream;
use super::contract::Transport;
use super::error::TransportError;
use super::outgoing::Outgoing;
use super::peer::Peer;
use crate::wire::{ArrivalError, Deframer, Encoded, Limits, Message};

/// How large messages on a byte stream may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramedLimits {
    /// What the peer may send us.
    pub incoming: Limits,
    /// Words in the segments of a frame we send. A message over it would cost us the connection,
    /// for the peer hangs up on it. Default: 8 Mi words (64 MiB), what other engines read by default.
    pub outgoing_words_max: u32,
}

impl Default for FramedLimits {
    fn default() -> Self {
        Self { incoming: Limits::default(), outgoing_words_max: 8 << 20 }
    }
}

/// Messages over a byte stream.
///
/// A read takes in as many messages as have arrived. Small messages leave copied together, large
/// contents from where they lie, all that a turn sends in one vectored write if the stream takes it.
pub struct Framed<S> {
    stream: S,
    peer: Name<S>,
    limits: FramedLimits,
    deframer: Deframer,
    reading: Reading,
    /// The stream keeps the waker in `reader` though its last read brought something.
    dry: bool,
    reader: Option<Waker>,
    outgoing: Outgoing<Encoded>,
    writing: Writing,
}

/// Who is at the other end.
enum Name<S> {
    Told(Peer),
    /// The stream knows, or finds out: that is a call of the operating system, which most connections need not make.
    #[cfg_attr(
        not(all(feature = "tokio", unix)),
        expect(dead_code, reason = "only sockets are asked")
    )]
    Asked(fn(&S) -> &Peer),
}

/// Where the peer's direction stands.
enum Reading {
    Open,
    Ended,
    Failed(TransportError),
}

/// Where our direction stands.
enum Writing {
    Open,
    /// No more is taken; what is queued is still written.
    Closing,
    Closed,
    Failed(TransportError),
}

impl<S: ByteStream> Framed<S> {
    /// Messages to and from `peer` over `stream`.
    pub fn new(stream: S, peer: Peer, limits: FramedLimits) -> Self {
        Self::named(stream, Name::Told(peer), limits)
    }

    /// Messages over a stream that can say who is at its other end.
    #[cfg(all(feature = "tokio", unix))]
    pub(super) fn asking(stream: S, peer: fn(&S) -> &Peer, limits: FramedLimits) -> Self {
        Self::named(stream, Name::Asked(peer), limits)
    }

    fn named(stream: S, peer: Name<S>, limits: FramedLimits) -> Self {
        Self {
            stream,
            peer,
            limits,
            deframer: Deframer::new(limits.incoming),
            reading: Reading::Open,
            dry: false,
            reader: None,
            outgoing: Outgoing::new(),
            writing: Writing::Open,
        }
    }

    /// The stream below. Whoever reads from it or writes to it breaks the framing.
    pub const fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The next message among what has arrived.
    fn arrived(&mut self) -> Result<Option<Message>, TransportError> {
        Message::arrived(&mut self.deframer, &self.limits.incoming).map_err(|error| {
            let peer = self.peer.of(&self.stream).clone();
            match error {
                ArrivalError::Frame(error) => TransportError::Frame { peer, error },
                ArrivalError::Message(error) => TransportError::Message { peer, error },
            }
        })
    }

    /// Reads once; what follows shows in `reading` and in the deframer.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let space = self.deframer.space();
        let most = space.len();
        match ready!(self.stream.poll_read(cx, space)) {
            Ok(0) => {
                self.reading = Reading::Ended;
                let whole = self.deframer.finish();
                let peer = || self.peer.of(&self.stream).clone();
                whole.map_err(|error| TransportError::Frame { peer: peer(), error })?;
            }
            Ok(bytes) => {
                self.deframer.advance(bytes.min(most));
                self.dry = self.stream.is_dry();
                if self.dry && !self.is_read_by(cx) {
                    self.reader = Some(cx.waker().clone());
                }
            }
            Err(source) => {
                let peer = self.peer.of(&self.stream);
                Err(TransportError::io("reading from", peer, source))?;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn is_read_by(&self, cx: &Context<'_>) -> bool {
        // What is kept is a clone, from which a waker need not be told; clones of one waker are.
        let is_kept =
            |waker: &Waker| self.reader.as_ref().is_some_and(|kept| kept.will_wake(waker));
        is_kept(cx.waker()) || is_kept(&cx.waker().clone())
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Message>, TransportError>> {
        loop {
            if let Some(message) = self.arrived()? {
                return Poll::Ready(Ok(Some(message)));
            }
            if matches!(self.reading, Reading::Ended) {
                return Poll::Ready(Ok(None));
            }
            // Asked again: a reader that took its time over what came may have been woken meanwhile, and come for
            // something else.
            if std::mem::take(&mut self.dry) && self.stream.is_dry() && self.is_read_by(cx) {
                return Poll::Pending;
            }
            ready!(self.poll_read(cx))?;
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.outgoing.queued() > 0 {
            let written = match self.outgoing.copies_alone() {
                Some(copies) => self.stream.poll_write_vectored(cx, &[IoSlice::new(copies)]),
                None => self.stream.poll_write_vectored(cx, &self.outgoing.slices()),
            };
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => self.outgoing.advance(bytes),
            }
        }
        self.stream.poll_flush(cx)
    }

    /// Keeps why writing failed, and drops what can no longer be written.
    fn written(&mut self, outcome: io::Result<()>) -> Result<(), TransportError> {
        outcome.map_err(|source| {
            let peer = self.peer.of(&self.stream);
            let error = TransportError::io("writing to", peer, source);
            self.writing = Writing::Failed(error.clone());
            self.outgoing.clear();
            error
        })
    }
}

impl<S: ByteStream> Transport for Framed<S> {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>> {
        if let Reading::Failed(error) = &self.reading {
            return Poll::Ready(Err(error.clone()));
        }
        let error = match (ready!(self.poll_next(cx)), &self.writing) {
            (Ok(Some(message)), _) => return Poll::Ready(Ok(Some(message))),
            (_, Writing::Failed(error)) => error.clone(),
            (Err(error), _) => error,
            (Ok(None), _) => return Poll::Ready(Ok(None)),
        };
        self.reading = Reading::Failed(error.clone());
        Poll::Ready(Err(error))
    }

    fn send(&mut self, message: Message) -> Result<(), TransportError> {
        match &self.writing {
            Writing::Open => {}
            Writing::Closing | Writing::Closed => return Err(TransportError::Closed),
            Writing::Failed(error) => return Err(error.clone()),
        }
        let copies = self.outgoing.copies();
        let from = copies.len();
        let lying = message.encode_into(copies);
        let words = match &lying {
            Some(frame) => words(frame.slices(0).next().unwrap_or_default(), frame.len()),
            None => words(copies.split_at(from).1, copies.len() - from),
        };
        let limit = self.limits.outgoing_words_max as usize;
        if words > limit {
            copies.truncate(from);
            return Err(TransportError::Oversized { words, limit });
        }
        self.outgoing.commit(from, lying);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        match &self.writing {
            Writing::Failed(error) => return Poll::Ready(Err(error.clone())),
            Writing::Closed => return Poll::Ready(Ok(())),
            Writing::Open | Writing::Closing => {}
        }
        let outcome = ready!(self.poll_write(cx));
        Poll::Ready(self.written(outcome))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if matches!(self.writing, Writing::Open) {
            self.writing = Writing::Closing;
        }
        ready!(self.poll_flush(cx))?;
        if matches!(self.writing, Writing::Closing) {
            let outcome = ready!(self.stream.poll_close(cx));
            self.written(outcome)?;
            self.writing = Writing::Closed;
        }
        Poll::Ready(Ok(()))
    }

    fn ends_when_dropped(&self) -> bool {
        self.stream.ends_when_dropped()
    }

    fn queued_bytes(&self) -> usize {
        self.outgoing.queued()
    }

    fn peer(&self) -> &Peer {
        self.peer.of(&self.stream)
    }
}

impl<S> Name<S> {
    fn of<'a>(&'a self, stream: &'a S) -> &'a Peer {
        match self {
            Self::Told(peer) => peer,
            Self::Asked(ask) => ask(stream),
        }
    }
}

/// Words in the segments of a frame of so many `bytes`, which begins with `table`. Limits count
/// without the segment table, on both sides.
fn words(table: &[u8], bytes: usize) -> usize {
    let segments = table.first_chunk().map_or(0, |count| u32::from_le_bytes(*count) as usize + 1);
    (bytes / 8).saturating_sub(segments / 2 + 1)
}
