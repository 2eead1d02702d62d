//! Two streams joined: what comes from one goes to the other, as it is.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use crate::transport::bytes::ByteStream;

/// How much of each direction is on its way through memory.
const BUFFER: usize = 16 << 10;

/// Passes on what comes from either stream to the other, and the end of each direction too, until
/// both have ended.
///
/// Who does not read is not read for: at most 16 KiB of each direction are held.
///
/// # Errors
///
/// Those of either stream; the other is dropped with it.
pub async fn splice(left: impl ByteStream, right: impl ByteStream) -> io::Result<()> {
    let (mut left, mut right) = (left, right);
    let (mut there, mut back) = (Way::new(), Way::new());
    poll_fn(|cx| {
        let there = there.poll(cx, &mut left, &mut right)?;
        let back = back.poll(cx, &mut right, &mut left)?;
        if there.is_ready() && back.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await
}

/// One direction.
struct Way {
    buffer: Vec<u8>,
    /// What was read and not yet written: `buffer[start..end]`.
    start: usize,
    end: usize,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// What was written is not yet handed on.
    Flushing,
    Ending,
    Ended,
}

impl Way {
    fn new() -> Self {
        Self { buffer: vec![0; BUFFER], start: 0, end: 0, stage: Stage::Open }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut impl ByteStream,
        to: &mut impl ByteStream,
    ) -> Poll<io::Result<()>> {
        loop {
            if let Some(left @ [_, ..]) = self.buffer.get(self.start..self.end) {
                match ready!(to.poll_write_vectored(cx, &[IoSlice::new(left)]))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    count => self.start += count,
                }
                self.stage = Stage::Flushing;
                continue;
            }
            match self.stage {
                Stage::Flushing => {
                    ready!(to.poll_flush(cx))?;
                    self.stage = Stage::Open;
                }
                Stage::Open => match ready!(from.poll_read(cx, &mut self.buffer))? {
                    0 => self.stage = Stage::Ending,
                    count => (self.start, self.end) = (0, count.min(BUFFER)),
                },
                Stage::Ending => {
                    ready!(to.poll_close(cx))?;
                    self.stage = Stage::Ended;
                }
                Stage::Ended => return Poll::Ready(Ok(())),
            }
        }
    }
}
