//! Streams in the hands of the tools Rust has for readers and writers; what a dropped future loses.

use std::io::Cursor;
use std::pin::pin;
use std::task::{Context, Waker};

use bowline::worker::stream::{ReadableStream, StreamError, identity};
use bytes::Bytes;
use futures::executor::block_on;
use futures::{SinkExt, StreamExt, TryStreamExt};

use super::source::{End, chunks};

/// Polls a future once, and drops it.
fn begin(future: impl Future) {
    let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "it has to wait");
}

#[test]
fn a_stream_is_forwarded_into_a_sink() {
    let (to, mut read) = identity();
    let (from, _) = chunks(7, 1000, End::Clean);
    block_on(from.forward(to)).expect("both are fine");
    assert_eq!(block_on(read.read_all(9000)).expect("all of it").len(), 7000);
    let (from, _) = chunks(7, 1000, End::Clean);
    let lengths: Vec<_> =
        block_on(from.map_ok(|bytes| bytes.len()).try_collect()).expect("all of it");
    assert_eq!(lengths, [1000; 7]);
}

#[test]
fn futures_copies_from_the_one_to_the_other() {
    let (mut to, mut read) = identity();
    let (from, _) = chunks(7, 1000, End::Clean);
    assert_eq!(block_on(futures::io::copy(from, &mut to)).expect("both are fine"), 7000);
    block_on(to.close()).expect("it is open");
    assert_eq!(block_on(read.read_all(9000)).expect("all of it").len(), 7000);
}

#[test]
fn a_read_that_is_dropped_loses_nothing() {
    use futures::AsyncReadExt;
    let (mut to, mut from) = identity();
    begin(from.next());
    begin(AsyncReadExt::read(&mut from, &mut [0; 4]));
    block_on(to.write("all of it")).expect("there is room");
    let mut four = [0; 4];
    block_on(AsyncReadExt::read_exact(&mut from, &mut four)).expect("four bytes");
    begin(AsyncReadExt::read_exact(&mut from, &mut [0; 6]));
    // What a read was given is its own; what it was not given is still there.
    block_on(to.write("more")).expect("there is room");
    assert_eq!(
        (&four, block_on(from.next()).expect("bytes").expect("fine")),
        (b"all ", "more".into())
    );
}

#[test]
fn a_close_or_a_flush_that_is_dropped_is_taken_up_again() {
    let (mut to, mut from) = identity();
    let room = vec![1; 70_000];
    begin(to.write(room));
    begin(to.flush());
    assert_eq!(block_on(from.next()).expect("bytes").expect("fine").len(), 70_000);
    block_on(to.flush()).expect("it was read");
    block_on(to.close()).expect("it is open");
    let why = block_on(to.write("late")).expect_err("it is closed");
    assert!(matches!(why, StreamError::Closed), "{why}");
    assert!(block_on(from.next()).is_none());
}

#[test]
fn a_send_that_is_dropped_while_it_waits_for_room_sends_nothing() {
    let (mut to, mut from) = identity();
    begin(to.write(vec![1; 70_000]));
    begin(to.feed(Bytes::from_static(b"never sent")));
    assert_eq!(block_on(from.next()).expect("bytes").expect("fine").len(), 70_000);
    block_on(to.send(Bytes::from_static(b"sent"))).expect("there is room");
    assert_eq!(block_on(from.next()).expect("bytes").expect("fine"), "sent");
}

#[cfg(feature = "tokio")]
#[test]
fn tokio_copies_from_the_one_to_the_other() {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let (mut to, mut read) = identity();
    let (mut from, _) = chunks(7, 1000, End::Clean);
    assert_eq!(block_on(tokio::io::copy(&mut from, &mut to)).expect("both are fine"), 7000);
    block_on(AsyncWriteExt::shutdown(&mut to)).expect("it is open");
    assert_eq!(block_on(read.read_all(9000)).expect("all of it").len(), 7000);
    let mut lines = BufReader::new(ReadableStream::from("one\ntwo\n")).lines();
    assert_eq!(block_on(lines.next_line()).expect("fine").as_deref(), Some("one"));
    assert_eq!(block_on(lines.next_line()).expect("fine").as_deref(), Some("two"));
}

#[cfg(feature = "tokio")]
#[test]
fn tokio_utils_adapters_take_streams() {
    use tokio::io::AsyncReadExt;
    use tokio_util::compat::{FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt};
    use tokio_util::io::{ReaderStream, StreamReader};
    // A stream of bytes as a reader, and a reader as a stream of bytes.
    let mut text = String::new();
    let mut reader = StreamReader::new(ReadableStream::from("as a reader"));
    block_on(reader.read_to_string(&mut text)).expect("all of it");
    assert_eq!(text, "as a reader");
    let mut stream = ReadableStream::from_stream(ReaderStream::new(Cursor::new("as a stream")));
    assert_eq!(block_on(stream.read_all(99)).expect("all of it"), "as a stream");
    // From the one family of traits to the other.
    let mut there = ReadableStream::from_read(Cursor::new(vec![5; 100]).compat());
    assert_eq!(block_on(there.read_all(100)).expect("all of it").len(), 100);
    let back = futures::io::Cursor::new(vec![5; 100]);
    let mut back = ReadableStream::from_tokio_read(FuturesAsyncReadCompatExt::compat(back));
    assert_eq!(block_on(back.read_all(100)).expect("all of it").len(), 100);
}
