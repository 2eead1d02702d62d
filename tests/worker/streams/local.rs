//! Streams of one process: the ends of a pipe, tees, and Rust's own traits.

use std::future::{Future, poll_fn};
use std::io::Cursor;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bowline::worker::stream::{
    Encoding, ReadableStream, StreamError, WritableStream, fixed_length, identity,
};
use bowline::worker::value::{ErrorClass, Value, from_value, to_value};
use bytes::Bytes;
use futures::executor::block_on;
use futures::{AsyncReadExt, AsyncWriteExt, SinkExt, StreamExt};

use super::source::{End, chunks};

fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

#[test]
fn what_is_written_to_one_end_is_read_from_the_other() {
    let (mut to, mut from) = identity();
    assert_eq!(from.length(), None);
    assert!(now(from.next()).is_none(), "nothing was written");
    block_on(to.write("one ")).expect("there is room");
    block_on(to.write("two")).expect("there is room");
    block_on(to.close()).expect("it is open");
    assert_eq!(block_on(from.read_all(100)).expect("all of it"), "one two");
    assert!(block_on(from.next()).is_none());
    assert_eq!(from.length(), Some(0));
}

#[test]
fn a_writer_waits_while_a_window_is_not_read() {
    let (mut to, mut from) = identity();
    block_on(to.write(vec![1; 64 << 10])).expect("64 KiB is what fits");
    assert!(now(to.write(vec![2; 1])).is_none(), "a byte more was taken, but there is no room");
    assert!(now(poll_fn(|cx| futures::Sink::<Bytes>::poll_ready(Pin::new(&mut to), cx))).is_none());
    assert_eq!(block_on(from.next()).expect("bytes").expect("fine").len(), 64 << 10);
    block_on(to.write(vec![3; 1])).expect("there is room again");
}

#[test]
fn a_reader_that_goes_tells_the_writer_why() {
    let (mut to, from) = identity();
    from.cancel("enough");
    let why = block_on(to.write("x")).expect_err("nobody reads");
    assert!(matches!(&why, StreamError::Cancelled(reason) if *reason == Value::from("enough")));
    assert_eq!(why.to_string(), "The stream was cancelled by its reader: 'enough'");
    let again = block_on(to.close()).expect_err("still not");
    assert_eq!(again.to_string(), why.to_string(), "the first error is the error of all");
    let (mut to, from) = identity();
    drop(from);
    let why = block_on(to.write("x")).expect_err("nobody reads");
    assert_eq!(why.to_string(), "The stream was cancelled by its reader.");
}

#[test]
fn a_writer_that_goes_cuts_the_stream_off() {
    let (mut to, mut from) = identity();
    block_on(to.write("half")).expect("there is room");
    drop(to);
    assert_eq!(block_on(from.next()).expect("bytes").expect("they came"), "half");
    for _ in 0..2 {
        let why = block_on(from.next()).expect("not the end").expect_err("cut off");
        assert_eq!(why.to_string(), "ReadableStream received over RPC disconnected prematurely.");
    }
    let (to, mut from) = identity();
    to.abort("no more");
    let why = block_on(from.next()).expect("not the end").expect_err("aborted");
    assert!(matches!(why, StreamError::Aborted(reason) if reason == Value::from("no more")));
}

#[test]
fn nothing_is_written_behind_the_end() {
    let (mut to, from) = identity();
    block_on(to.close()).expect("it is open");
    for why in [block_on(to.write("x")), block_on(to.close())] {
        let why = why.expect_err("it is closed");
        assert_eq!(why.to_string(), "This WritableStream has been closed.");
        assert_eq!(why.class(), ErrorClass::TypeError);
    }
    drop(from);
}

#[test]
fn a_stream_of_fixed_length_takes_as_many_bytes_and_no_more() {
    let (mut to, mut from) = fixed_length(4);
    assert_eq!(from.length(), Some(4));
    block_on(to.write("ab")).expect("two fit");
    let why = block_on(to.write("cde")).expect_err("three do not");
    assert_eq!(why.to_string(), "Attempt to write too many bytes through a FixedLengthStream.");
    assert_eq!(block_on(from.next()).expect("bytes").expect("the first"), "ab");
    assert_eq!(from.length(), Some(2));
    let (mut to, _from) = fixed_length(4);
    block_on(to.write("abc")).expect("three fit");
    let why = block_on(to.close()).expect_err("one is missing");
    assert_eq!(why.to_string(), "FixedLengthStream did not see all expected bytes before close().");
    let (mut to, mut from) = fixed_length(3);
    block_on(to.write("abc")).expect("three fit");
    drop(to);
    assert_eq!(block_on(from.read_all(9)).expect("the length says where the end is"), "abc");
    let (_to, mut from) = fixed_length(0);
    assert!(block_on(from.next()).is_none(), "nothing can come");
}

#[test]
fn a_stream_that_was_given_away_is_gone() {
    let stream = ReadableStream::from("once").with_encoding(Encoding::Gzip);
    let given = stream.give().expect("the first time");
    assert_eq!(given.encoding(), Encoding::Gzip);
    let why = stream.give().expect_err("the second time");
    assert_eq!(why.to_string(), "This ReadableStream is currently locked to a reader.");
    let (to, _from) = identity();
    let given = to.give().expect("the first time");
    let why = to.give().expect_err("the second time");
    assert_eq!(why.to_string(), "This WritableStream is currently locked to a writer.");
    drop(given);
}

#[test]
fn both_branches_of_a_tee_read_everything() {
    let (stream, seen) = chunks(10, 30_000, End::Clean);
    let (mut left, mut right) = stream.tee().expect("it is whole");
    let mut counts = [0, 0];
    let mut round = || {
        let mut moved = false;
        while let Some(Some(Ok(bytes))) = now(left.next()) {
            counts[0] += bytes.len();
            moved = true;
        }
        let ahead = seen.taken() as usize - counts[1];
        assert!(ahead <= (64 << 10) + 30_000, "{ahead} bytes are held for the slower branch");
        while let Some(Some(Ok(bytes))) = now(right.next()) {
            counts[1] += bytes.len();
            moved = true;
        }
        moved
    };
    while round() {}
    assert_eq!(counts, [300_000, 300_000]);
}

#[test]
fn a_tee_goes_on_without_the_branch_that_is_dropped() {
    let (stream, seen) = chunks(100, 10_000, End::Clean);
    let (mut left, right) = stream.tee().expect("it is whole");
    assert_eq!(block_on(left.next()).expect("bytes").expect("fine").len(), 10_000);
    drop(right);
    assert_eq!(block_on(left.read_all(1 << 20)).expect("the rest").len(), 990_000);
    assert!(seen.is_dropped());
    let (stream, seen) = chunks(100, 10_000, End::Never);
    let (left, right) = stream.tee().expect("it is whole");
    drop(left);
    assert!(!seen.is_dropped());
    drop(right);
    assert!(seen.is_dropped());
}

#[test]
fn an_error_reaches_both_branches_of_a_tee() {
    let (stream, _) = chunks(1, 10, End::Broken);
    let (left, right) = stream.tee().expect("it is whole");
    for mut branch in [left, right] {
        let why = block_on(branch.read_all(100)).expect_err("it breaks");
        assert_eq!(why.to_string(), "the disk is gone");
    }
}

#[test]
fn a_branch_wakes_the_other_though_it_asked_last() {
    let (mut to, from) = identity();
    let (mut left, mut right) = from.tee().expect("it is whole");
    let reader = std::thread::spawn(move || block_on(left.next()));
    std::thread::sleep(std::time::Duration::from_millis(20));
    assert!(now(right.next()).is_none(), "it asks last, and never again");
    block_on(to.write("x")).expect("there is room");
    let read = reader.join().expect("it ends");
    assert_eq!(read.expect("bytes").expect("fine"), "x");
}

#[test]
fn rusts_own_readers_and_writers_are_streams() {
    let mut from = ReadableStream::from_read(futures::io::Cursor::new(vec![5; 200_000]));
    let mut first = [0; 100];
    block_on(from.read_exact(&mut first)).expect("a hundred");
    let mut rest = Vec::new();
    block_on(AsyncReadExt::read_to_end(&mut from, &mut rest)).expect("the rest");
    assert_eq!((first, rest.len()), ([5; 100], 199_900));

    let (to, mut from) = identity();
    let mut through = WritableStream::to_write(to);
    block_on(AsyncWriteExt::write_all(&mut through, b"through two")).expect("there is room");
    block_on(AsyncWriteExt::close(&mut through)).expect("it is open");
    assert_eq!(block_on(from.read_all(99)).expect("all"), "through two");

    let (to, from) = identity();
    let mut through = WritableStream::to_sink(to);
    block_on(through.send(Bytes::from("a"))).expect("there is room");
    block_on(SinkExt::close(&mut through)).expect("it is open");
    let all: Vec<_> = block_on(from.map(|bytes| bytes.expect("fine")).collect());
    assert_eq!(all, [Bytes::from("a")]);
}

#[cfg(feature = "tokio")]
#[test]
fn tokios_readers_and_writers_are_streams() {
    let mut from = ReadableStream::from_tokio_read(Cursor::new(vec![6; 100_000]));
    let mut all = Vec::new();
    block_on(tokio::io::AsyncReadExt::read_to_end(&mut from, &mut all)).expect("all of it");
    assert_eq!(all, vec![6; 100_000]);
    let (to, mut from) = identity();
    let mut through = WritableStream::to_tokio_write(to);
    block_on(tokio::io::AsyncWriteExt::write_all(&mut through, b"tokio")).expect("there is room");
    block_on(tokio::io::AsyncWriteExt::shutdown(&mut through)).expect("it is open");
    let mut text = String::new();
    block_on(tokio::io::AsyncReadExt::read_to_string(&mut from, &mut text)).expect("all of it");
    assert_eq!(text, "tokio");
}

#[test]
fn a_reader_that_fails_fails_the_stream_with_its_own_error() {
    let (mut from, _) = chunks(1, 3, End::Broken);
    assert_eq!(block_on(from.next()).expect("bytes").expect("fine").len(), 3);
    let why = block_on(from.next()).expect("not the end").expect_err("broken");
    assert_eq!(why.to_string(), "the disk is gone");
    let why = std::io::Error::from(why);
    assert_eq!(why.to_string(), "the disk is gone");
}

#[test]
fn piping_ends_what_it_pipes_to_or_cuts_it_off() {
    let (from, seen) = chunks(9, 50_000, End::Clean);
    let (to, mut read) = identity();
    let reading = async {
        let mut count = 0;
        while let Some(bytes) = read.next().await {
            count += bytes.expect("fine").len();
            assert!(seen.taken() as usize - count <= (64 << 10) + 50_000);
        }
        count
    };
    let (piped, count) = block_on(futures::future::join(from.pipe_to(to), reading));
    piped.expect("both are fine");
    assert_eq!(count, 450_000);

    let (from, _) = chunks(1, 10, End::Broken);
    let (to, mut read) = identity();
    assert_eq!(block_on(from.pipe_to(to)).expect_err("it breaks").to_string(), "the disk is gone");
    let why = block_on(read.read_all(99)).expect_err("cut off");
    assert!(matches!(why, StreamError::Aborted(_)), "{why}");

    let (from, seen) = chunks(9, 50_000, End::Clean);
    let (to, read) = identity();
    drop(read);
    assert!(matches!(block_on(from.pipe_to(to)), Err(StreamError::Cancelled(_))));
    assert!(seen.is_dropped());
}

#[test]
fn a_stream_inside_a_struct_goes_along_with_it() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Upload {
        name: String,
        body: ReadableStream,
    }
    let upload = Upload { name: "a".into(), body: "body".into() };
    let value = to_value(&upload).expect("it is there");
    assert!(to_value(&upload).is_err(), "it was taken");
    let mut received: Upload = from_value(&value).expect("it is there");
    assert_eq!(received.name, "a");
    assert_eq!(block_on(received.body.read_all(9)).expect("all of it"), "body");
    assert!(from_value::<Upload>(&value).is_err(), "it was taken");
}

#[test]
fn more_than_was_asked_for_is_not_read() {
    let (mut from, seen) = chunks(100, 1000, End::Clean);
    let why = block_on(from.read_all(5500)).expect_err("it is longer");
    assert_eq!(why.to_string(), "The stream is longer than 5500 bytes.");
    assert_eq!(seen.taken(), 6000);
    let (mut from, _) = chunks(5, 1000, End::Clean);
    assert_eq!(block_on(from.read_all(5000)).expect("just as long").len(), 5000);
}
