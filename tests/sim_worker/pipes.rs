//! Streams: what is written at one end is read at the other, wherever the two are by then.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures::{Sink, Stream};

use bowline::worker::stream::{ReadableStream, WritableStream, identity};

use crate::shadow::{Call, Fate, Item, Life, PipeNo};
use crate::world::World;
use crate::wrong;

/// Where an end of a stream is.
pub(crate) enum End<S> {
    /// In the hands of somebody in a vat.
    Held(usize, S),
    /// In a message.
    Away,
    /// Given up.
    Gone,
}

impl<S> End<S> {
    pub(crate) fn take_from(&mut self, vat: usize) -> Option<S> {
        match std::mem::replace(self, Self::Away) {
            Self::Held(at, stream) if at == vat => Some(stream),
            other => {
                *self = other;
                None
            }
        }
    }

    pub(crate) fn is_in(&self, vat: usize) -> bool {
        matches!(self, Self::Held(at, _) if *at == vat)
    }
}

/// How far a writer went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Open,
    /// It was asked to say that this is all.
    Closing,
    Closed,
    Failed,
}

/// A stream.
pub(crate) struct Pipe {
    pub(crate) writer: End<WritableStream>,
    pub(crate) reader: End<ReadableStream>,
    written: u64,
    read: u64,
    state: Written,
    /// Nobody did anything for which it might break off.
    pub(crate) whole: bool,
}

impl Pipe {
    /// The writer is in a vat, and takes more: it may be passed on.
    pub(crate) fn is_open_in(&self, vat: usize) -> bool {
        self.whole && self.writer.is_in(vat) && self.state == Written::Open
    }

    /// Both ends are in somebody's hands.
    pub(crate) fn is_at_home(&self) -> bool {
        matches!((&self.writer, &self.reader), (End::Held(..), End::Held(..)))
    }
}

/// The bytes of a stream, as they must come.
fn byte(pipe: PipeNo, at: u64) -> u8 {
    (at.wrapping_mul(31) + at / 251 + pipe.0 as u64 * 7) as u8
}

impl World {
    /// Whether nothing happened for which a stream may break off: no end was given up, nor was a message with one.
    pub(crate) fn is_whole(&self, no: PipeNo) -> bool {
        let carries = |item: &Item| *item == Item::Reader(no) || *item == Item::Writer(no);
        let arrives = |call: &Call| {
            let fate = || self.shadow.fate(call.target);
            call.life != Life::Made || matches!(fate(), Fate::Object(_) | Fate::Waits(_))
        };
        let carriers = || self.shadow.calls.iter().filter(|call| call.items.iter().any(carries));
        !self.torn && self.pipes[no.0].whole && carriers().all(arrives)
    }

    /// A new stream; both ends are in one vat.
    pub(crate) fn pipe(&mut self, vat: usize) -> PipeNo {
        let (writer, reader) = identity();
        self.pipes.push(Pipe {
            writer: End::Held(vat, writer),
            reader: End::Held(vat, reader),
            written: 0,
            read: 0,
            state: Written::Open,
            whole: true,
        });
        PipeNo(self.pipes.len() - 1)
    }

    pub(crate) fn write(&mut self, no: PipeNo, size: usize) -> Option<()> {
        let whole = self.is_whole(no);
        let pipe = &mut self.pipes[no.0];
        let End::Held(_, writer) = &mut pipe.writer else { return None };
        if pipe.state != Written::Open {
            return None;
        }
        let mut cx = Context::from_waker(Waker::noop());
        let bytes: Bytes = (0..size as u64).map(|at| byte(no, pipe.written + at)).collect();
        let outcome = match Pin::new(&mut *writer).poll_ready(&mut cx) {
            Poll::Pending => return None,
            Poll::Ready(Ok(())) => Pin::new(&mut *writer).start_send(bytes),
            Poll::Ready(Err(why)) => Err(why),
        };
        match outcome {
            Ok(()) => pipe.written += size as u64,
            Err(why) if whole => wrong!("stream", "p{} takes no more: {why}", no.0),
            Err(_) => pipe.state = Written::Failed,
        }
        let _ = Pin::new(writer).poll_flush(&mut cx);
        self.tell(|| format!("{size} bytes are written to p{}", no.0));
        Some(())
    }

    /// Says that this was all, or asks again whether it arrived. Says whether there is more to be asked.
    pub(crate) fn close(&mut self, no: PipeNo) -> bool {
        let whole = self.is_whole(no);
        let pipe = &mut self.pipes[no.0];
        let End::Held(_, writer) = &mut pipe.writer else { return false };
        if !matches!(pipe.state, Written::Open | Written::Closing) {
            return false;
        }
        pipe.state = Written::Closing;
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(writer).poll_close(&mut cx) {
            Poll::Pending => return true,
            Poll::Ready(Ok(())) => pipe.state = Written::Closed,
            Poll::Ready(Err(why)) if whole => {
                wrong!("stream", "p{} cannot be closed: {why}", no.0)
            }
            Poll::Ready(Err(_)) => pipe.state = Written::Failed,
        }
        self.tell(|| format!("p{} is closed", no.0));
        false
    }

    /// The writer gives up.
    pub(crate) fn abort(&mut self, no: PipeNo) {
        let pipe = &mut self.pipes[no.0];
        if let End::Held(_, writer) = std::mem::replace(&mut pipe.writer, End::Gone) {
            if pipe.state != Written::Closed {
                pipe.whole = false;
                pipe.state = match pipe.state {
                    Written::Closing => Written::Closing,
                    _ => Written::Failed,
                };
            }
            writer.abort("enough");
            self.tell(|| format!("the writer of p{} gives up", no.0));
        }
    }

    /// Reads what is there. Says whether something was, or may yet be.
    pub(crate) fn read(&mut self, no: PipeNo) -> bool {
        let whole = self.is_whole(no);
        let pipe = &mut self.pipes[no.0];
        let End::Held(_, reader) = &mut pipe.reader else { return false };
        let mut cx = Context::from_waker(Waker::noop());
        let came = match Pin::new(reader).poll_next(&mut cx) {
            Poll::Pending => return true,
            Poll::Ready(came) => came,
        };
        match came {
            Some(Ok(bytes)) => {
                for (at, came) in (pipe.read..).zip(&bytes) {
                    if *came != byte(no, at) {
                        wrong!("stream", "byte {at} of p{} is another than was written", no.0);
                    }
                }
                pipe.read += bytes.len() as u64;
                if pipe.read > pipe.written {
                    wrong!("stream", "more is read from p{} than was written", no.0);
                }
                self.tell(|| format!("{} bytes are read from p{}", bytes.len(), no.0));
                true
            }
            Some(Err(why)) => {
                if whole {
                    wrong!("stream", "p{} breaks off: {why}", no.0);
                }
                pipe.reader = End::Gone;
                false
            }
            None => {
                let ended = matches!(pipe.state, Written::Closing | Written::Closed);
                if !ended || pipe.read != pipe.written {
                    let (read, written) = (pipe.read, pipe.written);
                    wrong!("stream", "p{} ends at {read} of {written}, {:?}", no.0, pipe.state);
                }
                pipe.reader = End::Gone;
                false
            }
        }
    }

    /// The reader wants no more.
    pub(crate) fn cancel(&mut self, no: PipeNo) {
        let pipe = &mut self.pipes[no.0];
        if let End::Held(_, reader) = std::mem::replace(&mut pipe.reader, End::Gone) {
            pipe.whole = false;
            reader.cancel("enough");
            self.tell(|| format!("the reader of p{} gives up", no.0));
        }
    }

    /// All writers say that this was all, and all readers read to the end.
    pub(crate) fn end_pipes(&mut self) {
        for no in (0..self.pipes.len()).map(PipeNo) {
            for _ in 0..1000 {
                let writes = self.close(no);
                let reads = self.read(no);
                self.quiet();
                if !writes && !reads {
                    break;
                }
            }
            if self.is_whole(no) && self.pipes[no.0].is_at_home() {
                wrong!("stream", "p{} never ends, {:?}", no.0, self.pipes[no.0].state);
            }
        }
    }

    pub(crate) fn drop_pipes(&mut self) {
        for pipe in &mut self.pipes {
            pipe.whole = false;
            pipe.writer = End::Gone;
            pipe.reader = End::Gone;
        }
    }
}
