//! What framing promises beyond the contract: few reads and writes, limits, and whose fault it is.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bowline::transport::{
    ByteStream, Fault, Framed, FramedLimits, Peer, Transport, TransportError, Trickle, memory_pipe,
    memory_pipe_sync,
};
use bowline::wire::{FrameError, Limits, Message};

use crate::support::{
    assert_large, block_on, carry, close, flush, framed, is_clean_end, large, message, number,
    ping, receive,
};

/// What a scripted stream was asked to do.
#[derive(Default)]
struct Log {
    reads: usize,
    /// How many slices each write had.
    writes: Vec<usize>,
    written: Vec<u8>,
}

/// A stream that plays what it was told to, then has nothing to read.
#[derive(Default)]
struct Script {
    reads: VecDeque<io::Result<Vec<u8>>>,
    write_errors: VecDeque<io::Result<usize>>,
    log: Rc<RefCell<Log>>,
}

impl Script {
    fn reading(reads: impl IntoIterator<Item = io::Result<Vec<u8>>>) -> Self {
        Self { reads: reads.into_iter().collect(), ..Self::default() }
    }
}

impl ByteStream for Script {
    fn poll_read(&mut self, _cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.log.borrow_mut().reads += 1;
        match self.reads.pop_front() {
            None => Poll::Pending,
            Some(Err(error)) => Poll::Ready(Err(error)),
            Some(Ok(bytes)) => {
                let (now, later) = bytes.split_at(bytes.len().min(buffer.len()));
                buffer.split_at_mut(now.len()).0.copy_from_slice(now);
                if !later.is_empty() {
                    self.reads.push_front(Ok(later.to_vec()));
                }
                Poll::Ready(Ok(now.len()))
            }
        }
    }

    fn poll_write_vectored(
        &mut self,
        _cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(outcome) = self.write_errors.pop_front() {
            return Poll::Ready(outcome);
        }
        let mut log = self.log.borrow_mut();
        let before = log.written.len();
        log.writes.push(slices.len());
        slices.iter().for_each(|slice| log.written.extend_from_slice(slice));
        Poll::Ready(Ok(log.written.len() - before))
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The bytes of one message on a stream.
fn frame(message: Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode().append_to(&mut bytes);
    bytes
}

/// Words in the segments of a frame: all but its table.
fn words(frame: &[u8]) -> u32 {
    let count = u32::from_le_bytes(*frame.first_chunk().expect("a table"));
    (frame.len() / 8) as u32 - (count.div_ceil(2) + 1)
}

fn outgoing(words: u32) -> FramedLimits {
    FramedLimits { outgoing_words_max: words, ..FramedLimits::default() }
}

fn incoming(words: u32) -> FramedLimits {
    let incoming = Limits { frame_words_max: words, ..Limits::default() };
    FramedLimits { incoming, outgoing_words_max: u32::MAX }
}

#[test]
fn a_turn_of_small_messages_is_one_write_of_one_piece() {
    let script = Script::default();
    let log = Rc::clone(&script.log);
    let mut end = framed(script);
    for n in 0..500 {
        end.send(message(n)).expect("the way is open");
    }
    let queued = end.queued_bytes();
    block_on(flush(&mut end)).expect("the way is open");
    assert_eq!(log.borrow().writes, [1]);
    assert_eq!(log.borrow().written.len(), queued);
    assert_eq!(end.queued_bytes(), 0);
}

#[test]
fn large_contents_leave_from_where_they_lie_in_the_same_write() {
    let script = Script::default();
    let log = Rc::clone(&script.log);
    let mut end = framed(script);
    let mut expected = Vec::new();
    for bytes in [8, 100_000, 16, 200_000] {
        end.send(large(bytes)).expect("the way is open");
        expected.extend(frame(large(bytes)));
    }
    block_on(flush(&mut end)).expect("the way is open");
    // Each large one is its table and envelope, and its content.
    assert_eq!(log.borrow().writes, [1 + 2 + 1 + 2]);
    assert!(log.borrow().written == expected);
}

#[test]
fn one_read_takes_in_as_many_messages_as_have_arrived() {
    let bytes: Vec<u8> = (0..100).flat_map(|n| frame(message(n))).collect();
    let script = Script::reading([Ok(bytes.clone()), Ok(bytes)]);
    let log = Rc::clone(&script.log);
    let mut end = framed(script);
    // A buffer that was small at first is large once it was full.
    for reads in [2, 3] {
        for n in 0..100 {
            assert_eq!(number(block_on(receive(&mut end))), n);
        }
        assert_eq!(log.borrow().reads, reads);
    }
}

#[test]
fn a_slow_reader_behind_a_narrow_pipe_gets_everything() {
    let (left, right) = memory_pipe(61);
    let (mut left, mut right) = (framed(Trickle::new(left, 17)), framed(right));
    for n in 0..50 {
        left.send(message(n)).expect("the way is open");
        left.send(large(n * 1000)).expect("the way is open");
    }
    let mut queued = left.queued_bytes();
    block_on(async {
        for n in 0..50 {
            assert_eq!(number(carry(&mut left, &mut right).await), n);
            assert_large(carry(&mut left, &mut right).await, n * 1000);
            assert!(left.queued_bytes() < queued, "what is written is no longer queued");
            queued = left.queued_bytes();
        }
    });
    assert_eq!(queued, 0);
}

#[test]
fn while_the_peer_does_not_read_the_queue_is_seen_to_grow() {
    let (left, _right) = memory_pipe(100);
    let mut left = framed(left);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..100 {
        left.send(large(1000)).expect("the way is open");
        assert!(left.poll_flush(&mut cx).is_pending());
    }
    assert_eq!(left.queued_bytes(), 100 * frame(large(1000)).len() - 100);
}

// C-M7
#[test]
fn a_message_over_our_limit_fails_alone_and_the_connection_goes_on() {
    for bytes in [100, 100_000] {
        let exact = words(&frame(large(bytes)));
        let (left, right) = memory_pipe(1 << 20);
        let mut left = Framed::new(left, Peer::Memory, outgoing(exact));
        let mut right = framed(right);
        block_on(async {
            left.send(message(1)).expect("small enough");
            left.send(large(bytes)).expect("as large as may be");
            let queued = left.queued_bytes();
            let error = left.send(large(bytes + 8)).expect_err("a word too large");
            let TransportError::Oversized { words, limit } = error else { panic!("{error:?}") };
            assert_eq!((words, limit), (exact as usize + 1, exact as usize));
            assert_eq!(error.fault(), Fault::Us);
            assert!(error.is_message_alone());
            let most = exact * 8;
            let line = format!("a message of {} bytes is over the limit of {most} bytes", most + 8);
            assert_eq!(error.to_string(), line);
            assert_eq!(left.queued_bytes(), queued, "nothing of it is queued");
            left.send(message(2)).expect("the way is open");
            assert_eq!(number(carry(&mut left, &mut right).await), 1);
            assert_large(carry(&mut left, &mut right).await, bytes);
            assert_eq!(number(carry(&mut left, &mut right).await), 2);
            ping(&mut right, &mut left, 3).await;
        });
    }
}

#[test]
fn a_frame_over_their_limit_fails_after_what_came_before_and_an_abort_may_be_sent() {
    let exact = words(&frame(large(100_000)));
    for (limit, taken) in [(exact, true), (exact - 1, false)] {
        let (left, right) = memory_pipe(1 << 20);
        let mut left = framed(left);
        let mut right = Framed::new(right, Peer::Memory, incoming(limit));
        block_on(async {
            left.send(message(1)).expect("the way is open");
            left.send(large(100_000)).expect("the way is open");
            assert_eq!(number(carry(&mut left, &mut right).await), 1);
            let received = carry(&mut left, &mut right).await;
            if taken {
                assert_large(received, 100_000);
                return;
            }
            let error = received.expect_err("a word too large");
            assert!(matches!(
                error,
                TransportError::Frame { error: FrameError::TooLarge { .. }, .. }
            ));
            assert_eq!(error.fault(), Fault::Peer);
            let again = receive(&mut right).await.expect_err("the error stays");
            assert_eq!(again.to_string(), error.to_string());
            ping(&mut right, &mut left, 2).await;
        });
    }
}

#[test]
fn by_default_64_mib_pass_and_a_word_more_does_not() {
    let around = words(&frame(large(16 << 20))) - (16 << 20) / 8;
    let bytes = (64 << 20) - around * 8;
    let (left, right) = memory_pipe(1 << 20);
    let (mut left, mut right) = (framed(left), framed(right));
    let refused = left.send(large(bytes + 8));
    assert!(matches!(refused, Err(TransportError::Oversized { .. })));
    left.send(large(bytes)).expect("as large as may be");
    let Ok(Some(Message::Call(call))) = block_on(carry(&mut left, &mut right)) else {
        panic!("as large as may be");
    };
    assert!(call.params.content.words() >= bytes as usize / 8);
    drop(call);
    // A peer that allows itself more is told off at the door.
    let (left, right) = memory_pipe(1 << 20);
    let mut left = Framed::new(left, Peer::Memory, outgoing(u32::MAX));
    let mut right = framed(right);
    left.send(large(bytes + 8)).expect("allowed on this side");
    let error = block_on(carry(&mut left, &mut right)).expect_err("too large on that one");
    assert_eq!(error.fault(), Fault::Peer);
}

// C-F3
#[test]
fn a_stream_cut_inside_a_frame_is_the_peers_fault_wherever_it_is_cut() {
    let first = frame(message(1));
    for cut in 1..first.len() {
        let piece = first.split_at(cut).0;
        let bytes = [first.as_slice(), piece].concat();
        let mut end = framed(Script::reading([Ok(bytes), Ok(Vec::new())]));
        assert_eq!(number(block_on(receive(&mut end))), 1);
        for _ in 0..2 {
            let error = block_on(receive(&mut end)).expect_err("it was cut");
            assert!(matches!(error, TransportError::Frame { error: FrameError::Truncated, .. }));
        }
        end.send(message(2)).expect("an abort may be sent");
        block_on(flush(&mut end)).expect("an abort may be sent");
    }
}

#[test]
fn a_stream_cut_inside_a_large_frame_is_not_a_clean_end() {
    let whole = frame(large(1 << 20));
    for cut in [20, 1000, 70_000, whole.len() - 1] {
        let bytes = whole.split_at(cut).0.to_vec();
        let mut end = framed(Script::reading([Ok(bytes), Ok(Vec::new())]));
        assert!(block_on(receive(&mut end)).is_err());
    }
    let mut end = framed(Script::reading([Ok(whole), Ok(Vec::new())]));
    assert_large(block_on(receive(&mut end)), 1 << 20);
    assert!(is_clean_end(&block_on(receive(&mut end))));
}

#[test]
fn a_failed_read_comes_after_what_arrived_and_stays() {
    let reset = io::Error::from(ErrorKind::ConnectionReset);
    let script = Script::reading([Ok(frame(message(1))), Err(reset), Ok(frame(message(2)))]);
    let mut end = framed(script);
    assert_eq!(number(block_on(receive(&mut end))), 1);
    for _ in 0..2 {
        let error = block_on(receive(&mut end)).expect_err("the read failed");
        assert_eq!(error.fault(), Fault::Way);
        let line = "reading from the other end of a memory pipe failed: connection reset";
        assert_eq!(error.to_string(), line);
    }
}

#[test]
fn bytes_that_are_no_frames_are_the_peers_fault() {
    let mut end = framed(Script::reading([Ok(b"GET / HTTP/1.1\r\n\r\n".to_vec())]));
    let error = block_on(receive(&mut end)).expect_err("it is no frame");
    assert!(matches!(
        error,
        TransportError::Frame { error: FrameError::TooManySegments { .. }, .. }
    ));
    assert_eq!(error.fault(), Fault::Peer);
}

#[test]
fn a_frame_that_is_no_message_is_the_peers_fault() {
    // One segment of no words.
    let mut end = framed(Script::reading([Ok(vec![0; 8]), Ok(frame(message(1)))]));
    for _ in 0..2 {
        let error = block_on(receive(&mut end)).expect_err("it is no message");
        assert!(matches!(error, TransportError::Message { .. }), "{error:?}");
        assert_eq!(error.fault(), Fault::Peer);
    }
}

#[test]
fn a_failed_write_drops_the_queue_and_a_last_message_is_still_received() {
    let mut script = Script::reading([Ok(frame(message(1))), Ok(Vec::new())]);
    script.write_errors.push_back(Err(ErrorKind::BrokenPipe.into()));
    let mut end = framed(script);
    end.send(message(7)).expect("not yet known");
    let failure = block_on(flush(&mut end)).expect_err("the write fails").to_string();
    assert_eq!(failure, "writing to the other end of a memory pipe failed: broken pipe");
    assert_eq!(end.queued_bytes(), 0);
    assert_eq!(number(block_on(receive(&mut end))), 1);
    for _ in 0..2 {
        let ending = block_on(receive(&mut end)).expect_err("the end is the failure");
        assert_eq!(ending.to_string(), failure);
    }
    assert_eq!(block_on(close(&mut end)).expect_err("it stays").to_string(), failure);
}

#[test]
fn a_stream_that_takes_nothing_is_a_failed_write() {
    let mut script = Script::default();
    script.write_errors.push_back(Ok(0));
    let mut end = framed(script);
    end.send(message(1)).expect("not yet known");
    let error = block_on(flush(&mut end)).expect_err("nothing was taken");
    let TransportError::Io { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.kind(), ErrorKind::WriteZero);
}

#[test]
fn two_threads_exchange_messages_over_bytes() {
    let (left, right) = memory_pipe_sync(1000);
    let (mut left, mut right) = (framed(left), framed(right));
    let echo = std::thread::spawn(move || {
        block_on(async {
            while let Some(received) = receive(&mut right).await.expect("the way is open") {
                right.send(received).expect("the way is open");
                flush(&mut right).await.expect("the way is open");
            }
        });
    });
    block_on(async {
        for batch in 0..200 {
            for n in 0..20 {
                left.send(message(batch * 20 + n)).expect("the way is open");
            }
            flush(&mut left).await.expect("the way is open");
            for n in 0..20 {
                assert_eq!(number(receive(&mut left).await), batch * 20 + n);
            }
        }
        close(&mut left).await.expect("the way is open");
        assert!(is_clean_end(&receive(&mut left).await));
    });
    echo.join().expect("the echo ends");
}

#[test]
fn what_may_move_to_another_thread_is_known() {
    const fn sendable<T: Send>() {}
    sendable::<Framed<bowline::transport::MemoryPipeSync>>();
    #[cfg(feature = "tokio")]
    sendable::<Framed<bowline::transport::Socket>>();
    #[cfg(feature = "tokio")]
    sendable::<Framed<bowline::transport::Child>>();
}
