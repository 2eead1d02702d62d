//! The bare peer: bytes out as told, messages in as they come.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use crate::transport::ByteStream;
use crate::wire::{DecodeError, Deframer, FrameError, Limits, Message};

/// A peer that keeps no rule by itself: no table, no order, no answer unless told.
///
/// What it says is queued, and written while it listens or is flushed. It is polled as a transport is, or
/// awaited by any executor; there is no clock in it, so bound what you wait for.
pub struct Peer<S> {
    stream: S,
    limits: Limits,
    deframer: Deframer,
    /// Said and not written.
    out: Vec<u8>,
    written: usize,
    writing: Writing,
    reading: Reading,
}

/// Where our direction stands.
enum Writing {
    Open,
    Closed,
    /// The other side does not read any more. What it said before can still be heard.
    Failed,
}

/// Where the direction of the other side stands.
enum Reading {
    Open,
    Ended,
}

/// What the other side did.
#[derive(Debug)]
#[non_exhaustive]
pub enum Heard {
    /// It sent a message.
    Message(Message),
    /// It ended its direction behind a whole message. So it stays.
    End,
    /// Its bytes are no frames, or end within one. Nothing more can be heard.
    Unframed(FrameError),
    /// A frame of it is no message. What follows may be.
    Unreadable(DecodeError),
    /// The stream failed.
    Lost(io::Error),
}

impl<S: ByteStream> Peer<S> {
    /// A peer at one end of `stream`, that has said nothing.
    pub fn new(stream: S) -> Self {
        let limits = Limits::default();
        Self {
            stream,
            limits,
            deframer: Deframer::new(limits),
            out: Vec::new(),
            written: 0,
            writing: Writing::Open,
            reading: Reading::Open,
        }
    }

    /// Says a message, whatever it means.
    pub fn say(&mut self, message: Message) -> &mut Self {
        if let Some(large) = message.encode_into(&mut self.out) {
            large.append_to(&mut self.out);
        }
        self
    }

    /// Says a frame of these segments, whatever is in them. (C-F1)
    pub fn say_frame(&mut self, segments: &[&[u64]]) -> &mut Self {
        let sizes = segments.iter().map(|segment| segment.len());
        let count = segments.len().saturating_sub(1);
        for number in std::iter::once(count).chain(sizes) {
            // As far as a frame can say it.
            self.out.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        }
        if segments.len().is_multiple_of(2) {
            self.out.extend([0; 4]);
        }
        self.out.extend(segments.concat().into_iter().flat_map(u64::to_le_bytes));
        self
    }

    /// Says bytes.
    pub fn say_bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend(bytes);
        self
    }

    /// Writes what was said; ready when all of it is on its way.
    ///
    /// # Errors
    ///
    /// The other side does not read any more.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.out.len() {
            match self.writing {
                Writing::Open => {}
                Writing::Closed | Writing::Failed => {
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
            }
            let slices = [IoSlice::new(&self.out[self.written..])];
            match ready!(self.stream.poll_write_vectored(cx, &slices)) {
                Ok(0) => return self.fail(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => self.written += bytes,
                Err(error) => return self.fail(error),
            }
        }
        self.out.clear();
        self.written = 0;
        match ready!(self.stream.poll_flush(cx)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: io::Error) -> Poll<io::Result<()>> {
        self.writing = Writing::Failed;
        Poll::Ready(Err(error))
    }

    /// Writes what was said.
    ///
    /// # Errors
    ///
    /// As [`poll_flush`](Self::poll_flush).
    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Writes what was said and ends our direction; the other side can still be heard.
    ///
    /// # Errors
    ///
    /// As [`poll_flush`](Self::poll_flush).
    pub async fn hang_up(&mut self) -> io::Result<()> {
        self.flush().await?;
        poll_fn(|cx| self.stream.poll_close(cx)).await?;
        self.writing = Writing::Closed;
        Ok(())
    }

    /// Listens, and writes what was said meanwhile.
    pub fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<Heard> {
        // Who no longer reads may have said why.
        let _ = self.poll_flush(cx);
        loop {
            match self.deframer.next_frame() {
                Ok(Some(frame)) => {
                    let message = Message::decode(frame, &self.limits);
                    return Poll::Ready(message.map_or_else(Heard::Unreadable, Heard::Message));
                }
                Ok(None) => {}
                Err(error) => return Poll::Ready(Heard::Unframed(error)),
            }
            if matches!(self.reading, Reading::Ended) {
                return Poll::Ready(match self.deframer.finish() {
                    Ok(()) => Heard::End,
                    Err(error) => Heard::Unframed(error),
                });
            }
            match ready!(self.stream.poll_read(cx, self.deframer.space())) {
                Ok(0) => self.reading = Reading::Ended,
                Ok(bytes) => self.deframer.advance(bytes),
                Err(error) => return Poll::Ready(Heard::Lost(error)),
            }
        }
    }

    /// What the other side does next.
    ///
    /// Cancel safe: what is not heard now is heard later.
    pub async fn hear(&mut self) -> Heard {
        poll_fn(|cx| self.poll_hear(cx)).await
    }
}
