//! A memory pipe carries bytes between two ends in one process, as a socket would, without the
//! operating system.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice, Read};
use std::mem;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::bytes::ByteStream;
use super::share::Share;

/// Where one direction stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Open,
    /// The writer closed it or is gone.
    Ended,
    /// The reader is gone.
    Abandoned,
}

/// One direction: bytes between a writer and a reader.
struct Tube {
    flow: Flow,
    bytes: VecDeque<u8>,
    capacity: usize,
    /// Present while the reader waits for bytes.
    reader: Option<Waker>,
    /// Present while the writer waits for room.
    writer: Option<Waker>,
}

/// What a step leaves to be done once the tube is free again: a waker to wake.
type Step<T> = (Poll<io::Result<T>>, Option<Waker>);

impl Tube {
    const fn new(capacity: usize) -> Self {
        Self { flow: Flow::Open, bytes: VecDeque::new(), capacity, reader: None, writer: None }
    }

    fn read(&mut self, buffer: &mut [u8], waker: &mut Option<Waker>) -> Step<usize> {
        let mut read = 0;
        // Twice: the bytes may lie in two pieces.
        for _ in 0..2 {
            let rest = buffer.get_mut(read..).unwrap_or_default();
            read += self.bytes.read(rest).unwrap_or(0);
        }
        match (read, self.flow) {
            (0, Flow::Open) => {
                mem::swap(&mut self.reader, waker);
                (Poll::Pending, None)
            }
            _ => (Poll::Ready(Ok(read)), self.writer.take()),
        }
    }

    fn write(&mut self, slices: &[IoSlice<'_>], waker: &mut Option<Waker>) -> Step<usize> {
        if self.flow != Flow::Open {
            return (Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())), None);
        }
        let mut written = 0;
        for slice in slices {
            let room = self.capacity.saturating_sub(self.bytes.len());
            let taken = slice.split_at(room.min(slice.len())).0;
            self.bytes.extend(taken);
            written += taken.len();
        }
        if written == 0 {
            mem::swap(&mut self.writer, waker);
            return (Poll::Pending, None);
        }
        (Poll::Ready(Ok(written)), self.reader.take())
    }

    fn end(&mut self) -> Option<Waker> {
        if self.flow == Flow::Open {
            self.flow = Flow::Ended;
        }
        self.reader.take()
    }

    fn abandon(&mut self) -> (Option<Waker>, Option<Waker>) {
        if self.flow == Flow::Open {
            self.flow = Flow::Abandoned;
        }
        (self.writer.take(), self.reader.take())
    }
}

/// One end, however its tubes are shared.
struct End<T: Share<Tube>> {
    incoming: T,
    outgoing: T,
}

impl<T: Share<Tube>> End<T> {
    fn poll_read(&self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        // Most reads find something, and need no waker.
        let mut waker = None;
        let mut step = self.incoming.with(|tube| tube.read(buffer, &mut waker));
        if step.0.is_pending() {
            waker = Some(cx.waker().clone());
            step = self.incoming.with(|tube| tube.read(buffer, &mut waker));
        }
        wake(step.1);
        step.0
    }

    fn poll_write(&self, cx: &Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut waker = None;
        let mut step = self.outgoing.with(|tube| tube.write(slices, &mut waker));
        if step.0.is_pending() {
            waker = Some(cx.waker().clone());
            step = self.outgoing.with(|tube| tube.write(slices, &mut waker));
        }
        wake(step.1);
        step.0
    }

    fn close(&self) {
        wake(self.outgoing.with(Tube::end));
    }
}

impl<T: Share<Tube>> Drop for End<T> {
    fn drop(&mut self) {
        self.close();
        let (writer, own) = self.incoming.with(Tube::abandon);
        drop(own);
        wake(writer);
    }
}

fn wake(sleeper: Option<Waker>) {
    if let Some(waker) = sleeper {
        waker.wake();
    }
}

/// One end of a pipe between two vats of one thread. Made by [`memory_pipe`].
pub struct MemoryPipe(End<Rc<RefCell<Tube>>>);

/// One end of a pipe between two threads; it may be sent to its thread. Made by
/// [`memory_pipe_sync`].
pub struct MemoryPipeSync(End<Arc<Mutex<Tube>>>);

/// A pipe whose two ends stay on one thread. A direction that holds `capacity` bytes (at least 1)
/// is full, and its writer waits.
#[must_use]
pub fn memory_pipe(capacity: usize) -> (MemoryPipe, MemoryPipe) {
    let tube = || Rc::new(RefCell::new(Tube::new(capacity.max(1))));
    let (left, right) = (tube(), tube());
    (
        MemoryPipe(End { incoming: Rc::clone(&left), outgoing: Rc::clone(&right) }),
        MemoryPipe(End { incoming: right, outgoing: left }),
    )
}

/// A pipe whose two ends may be on different threads; otherwise as [`memory_pipe`].
#[must_use]
pub fn memory_pipe_sync(capacity: usize) -> (MemoryPipeSync, MemoryPipeSync) {
    let tube = || Arc::new(Mutex::new(Tube::new(capacity.max(1))));
    let (left, right) = (tube(), tube());
    (
        MemoryPipeSync(End { incoming: Arc::clone(&left), outgoing: Arc::clone(&right) }),
        MemoryPipeSync(End { incoming: right, outgoing: left }),
    )
}

macro_rules! byte_stream {
    ($end:ident) => {
        impl ByteStream for $end {
            fn poll_read(
                &mut self,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_read(cx, buffer)
            }

            fn poll_write_vectored(
                &mut self,
                cx: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write(cx, slices)
            }

            fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.close();
                Poll::Ready(Ok(()))
            }
        }
    };
}

byte_stream!(MemoryPipe);
byte_stream!(MemoryPipeSync);
