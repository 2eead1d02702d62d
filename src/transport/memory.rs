//! A memory pipe carries bytes between two ends in one process, as a socket would, without the
//! operating system.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::mem;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::bytes::ByteStream;
use super::reader::Reader;
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
    /// What was written and not read is `bytes[start..]`. Most reads take all of it, and the next
    /// write begins at the front again: no wrapping around.
    bytes: Vec<u8>,
    start: usize,
    capacity: usize,
    reader: Reader,
    /// Present while the writer waits for room.
    writer: Option<Waker>,
}

/// What a step leaves to be done once the tube is free again: a waker to wake.
type Step<T> = (Poll<io::Result<T>>, Option<Waker>);

/// What has been read moves out of the way once it is so much, and most of all there is.
const READ_KEPT: usize = 64 << 10;

impl Tube {
    const fn new(capacity: usize) -> Self {
        let bytes = Vec::new();
        let (reader, writer) = (Reader::Unknown, None);
        Self { flow: Flow::Open, bytes, start: 0, capacity, reader, writer }
    }

    fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// How much was read, and the writer to wake.
    fn read(&mut self, buffer: &mut [u8]) -> (usize, Option<Waker>) {
        let read = self.len().min(buffer.len());
        if read == 0 {
            return (0, None);
        }
        let end = self.start + read;
        // In bounds: no more is read than there is, or than the buffer holds.
        buffer[..read].copy_from_slice(&self.bytes[self.start..end]);
        self.start = end;
        if end == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        } else if end >= READ_KEPT && end > self.bytes.len() / 2 {
            self.bytes.drain(..end);
            self.start = 0;
        }
        (read, self.writer.take())
    }

    /// Has the reader wait: that which is kept if `waker` is its, else `new`, which is exchanged for it.
    fn wait(&mut self, waker: &Waker, new: &mut Option<Waker>) -> Waiting {
        match (self.len(), self.flow) {
            (0, Flow::Open) => {}
            (0, _) => return Waiting::Ended,
            _ => return Waiting::Arrived,
        }
        match self.reader.sleep(waker, new) {
            true => Waiting::Waits,
            false => Waiting::Unknown,
        }
    }

    fn write(&mut self, slices: &[IoSlice<'_>], waker: &mut Option<Waker>) -> Step<usize> {
        if self.flow != Flow::Open {
            return (Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())), None);
        }
        let mut written = 0;
        for slice in slices {
            let room = self.capacity.saturating_sub(self.len());
            let taken = slice.split_at(room.min(slice.len())).0;
            self.bytes.extend_from_slice(taken);
            written += taken.len();
        }
        if written == 0 {
            mem::swap(&mut self.writer, waker);
            return (Poll::Pending, None);
        }
        (Poll::Ready(Ok(written)), self.reader.lend())
    }

    fn end(&mut self) -> Option<Waker> {
        if self.flow == Flow::Open {
            self.flow = Flow::Ended;
        }
        self.reader.lend()
    }

    fn abandon(&mut self) -> (Option<Waker>, Option<Waker>) {
        if self.flow == Flow::Open {
            self.flow = Flow::Abandoned;
        }
        (self.writer.take(), self.reader.leave())
    }
}

/// What came of waiting for bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Waits,
    /// Whom to wake is not known.
    Unknown,
    /// There is something to read.
    Arrived,
    /// There is nothing, nor will there be.
    Ended,
}

/// One end, however its tubes are shared.
struct End<T: Share<Tube>> {
    incoming: T,
    outgoing: T,
    /// The last read took all there was, and its waker is kept.
    dry: bool,
}

impl<T: Share<Tube>> End<T> {
    const fn new(incoming: T, outgoing: T) -> Self {
        Self { incoming, outgoing, dry: false }
    }

    fn poll_read(&mut self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.dry = false;
        loop {
            let (read, writer) = self.incoming.with(|tube| tube.read(buffer));
            wake(writer);
            if read == buffer.len() {
                return Poll::Ready(Ok(read));
            }
            let (waker, mut new) = (cx.waker(), None);
            let mut waiting = self.incoming.with(|tube| tube.wait(waker, &mut new));
            if waiting == Waiting::Unknown {
                // A waker is foreign code: it is cloned, and the one before it dropped, outside.
                new = Some(waker.clone());
                waiting = self.incoming.with(|tube| tube.wait(waker, &mut new));
            }
            match (read, waiting) {
                (0, Waiting::Waits) => return Poll::Pending,
                (0, Waiting::Arrived) => {}
                _ => {
                    self.dry = waiting == Waiting::Waits;
                    return Poll::Ready(Ok(read));
                }
            }
        }
    }

    fn poll_write(&self, cx: &Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut waker = None;
        let mut step = self.outgoing.with(|tube| tube.write(slices, &mut waker));
        if step.0.is_pending() {
            waker = Some(cx.waker().clone());
            step = self.outgoing.with(|tube| tube.write(slices, &mut waker));
        }
        self.wake_reader(step.1);
        step.0
    }

    fn close(&self) {
        self.wake_reader(self.outgoing.with(Tube::end));
    }

    /// Wakes the reader of what is written here.
    fn wake_reader(&self, waiting: Option<Waker>) {
        if let Some(reader) = waiting {
            reader.wake_by_ref();
            drop(self.outgoing.with(|tube| tube.reader.keep(reader)));
        }
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
    (MemoryPipe(End::new(Rc::clone(&left), Rc::clone(&right))), MemoryPipe(End::new(right, left)))
}

/// A pipe whose two ends may be on different threads; otherwise as [`memory_pipe`].
#[must_use]
pub fn memory_pipe_sync(capacity: usize) -> (MemoryPipeSync, MemoryPipeSync) {
    let tube = || Arc::new(Mutex::new(Tube::new(capacity.max(1))));
    let (left, right) = (tube(), tube());
    (
        MemoryPipeSync(End::new(Arc::clone(&left), Arc::clone(&right))),
        MemoryPipeSync(End::new(right, left)),
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

            fn is_dry(&self) -> bool {
                // What was written since has woken the reader.
                self.0.dry && self.0.incoming.with(|tube| tube.reader.is_asleep())
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

            fn ends_when_dropped(&self) -> bool {
                true
            }
        }
    };
}

byte_stream!(MemoryPipe);
byte_stream!(MemoryPipeSync);
