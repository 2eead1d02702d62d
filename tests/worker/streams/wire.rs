//! Streams between vats, over every kind of link.

use bowline::rpc::Client;
use bowline::wire::Exception;
use bowline::worker::stream::{Encoding, ReadableStream, StreamError, fixed_length, identity};
use bowline::worker::value::{External, Value};

use super::scene::{Depot, depot, get, put};
use super::source::{End, chunks};
use crate::support::{World, scenarios};

scenarios! {
    a_readable_stream_arrives_whole,
    a_readable_stream_in_a_result_arrives_whole,
    nobody_reads_ahead_of_a_reader_that_waits,
    a_stream_through_a_middle_vat_waits_for_its_reader,
    a_stream_that_is_passed_on_waits_for_its_last_reader,
    a_source_that_fails_cuts_the_stream_off,
    a_writer_that_goes_cuts_the_stream_off,
    a_reader_that_cancels_tells_the_source_why,
    a_reader_that_goes_tells_the_source,
    a_reader_that_goes_tells_a_source_that_waits,
    a_stream_says_its_length_and_its_encoding,
    a_stream_of_fixed_length_ends_by_itself,
    a_writable_stream_is_written_from_afar,
    a_writable_stream_that_is_dropped_is_cut_off,
    what_a_writer_does_wrong_surfaces_on_later_writes,
    a_write_larger_than_a_window_arrives,
    a_stream_that_was_sent_cannot_be_sent_again,
    a_stream_that_nobody_takes_is_read_no_further,
    a_stream_ends_with_its_connection,
    a_session_that_ends_stops_what_feeds_its_streams,
    streams_and_calls_keep_their_order,
    a_stream_waits_until_its_pusher_is_known,
    a_stream_given_up_before_its_pusher_is_known_is_let_go,
}

/// The way from `left` to a depot in `right`.
fn reach(world: &World) -> (crate::support::Pair, Client, std::rc::Rc<Depot>) {
    let (boot, depot) = depot(world.right.here());
    let (pair, client) = world.reach(&boot);
    (pair, client, depot)
}

fn send(world: &World, client: &Client, stream: impl bowline::worker::value::Resource) {
    let (sent, _) = put(client, &External::new(stream)).expect("it is there");
    world.run(sent).expect("it is taken");
}

fn next(world: &World, stream: &mut ReadableStream) -> Option<Result<bytes::Bytes, StreamError>> {
    world.run(stream.next())
}

fn read_to_end(world: &World, stream: &mut ReadableStream) -> Result<usize, StreamError> {
    let mut count = 0;
    while let Some(bytes) = next(world, stream) {
        count += bytes?.len();
    }
    Ok(count)
}

/// How many chunks of 8 KiB are more than may be under way anywhere; or just more than one window, where every
/// byte takes its turn.
fn many(world: &World) -> u64 {
    if world.is_trickle() { 9 } else { 64 }
}

/// How large a chunk is of which there are 20.
fn large(world: &World) -> usize {
    if world.is_trickle() { 300 } else { 10_000 }
}

const PREMATURE: &str = "ReadableStream received over RPC disconnected prematurely.";

fn a_readable_stream_arrives_whole(world: &World) {
    let (pair, client, depot) = reach(world);
    let (stream, seen) = chunks(20, large(world), End::Clean);
    send(world, &client, stream);
    let mut stream = depot.readable();
    assert_eq!(read_to_end(world, &mut stream).expect("all of it"), 20 * large(world));
    assert!(seen.is_dropped());
    assert!(next(world, &mut stream).is_none());
    world.quiet();
    drop(pair);
}

fn a_readable_stream_in_a_result_arrives_whole(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (stream, _) = chunks(20, large(world), End::Clean);
    depot.held.borrow_mut().push_back(External::new(stream));
    let got = get(world, world.left.here(), &client);
    let mut stream = got.get::<ReadableStream>().expect("a stream").give().expect("it is there");
    assert_eq!(read_to_end(world, &mut stream).expect("all of it"), 20 * large(world));
}

/// What may be under way on one connection and not be read: the window, which is twice what it began with where the pipe
/// takes so much at once, and the largest call, the pipe, and what the pump holds.
const UNDER_WAY_MAX: u64 = 2 * (128 << 10) + (64 << 10) + (64 << 10) + 4 * 8_192;

fn nobody_reads_ahead_of_a_reader_that_waits(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (stream, seen) = chunks(many(world), 8_192, End::Clean);
    send(world, &client, stream);
    world.quiet();
    let ahead = seen.taken();
    assert!(ahead <= UNDER_WAY_MAX, "{ahead} bytes were taken");
    let mut stream = depot.readable();
    let mut count = 0;
    while count < many(world) << 13 {
        count += next(world, &mut stream).expect("more").expect("fine").len() as u64;
        let ahead = seen.taken() - count;
        assert!(ahead <= UNDER_WAY_MAX, "{ahead} bytes are under way");
    }
}

fn a_stream_through_a_middle_vat_waits_for_its_reader(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_inner, _outer, client) = world.relay(&boot);
    let (stream, seen) = chunks(many(world), 8_192, End::Clean);
    send(world, &client, stream);
    world.quiet();
    let ahead = seen.taken();
    assert!(ahead <= UNDER_WAY_MAX, "{ahead} bytes were taken");
    let mut stream = depot.readable();
    assert_eq!(read_to_end(world, &mut stream).expect("all of it"), (many(world) as usize) << 13);
}

fn a_stream_that_is_passed_on_waits_for_its_last_reader(world: &World) {
    let (boot, last) = depot(world.right.here());
    let far = world.join(&world.middle, &world.right, Some(&boot));
    let (boot, first) = depot(world.middle.here());
    let near = world.join(&world.left, &world.middle, Some(&boot));
    // Twice the way, twice as much; or once, where every byte takes its turn.
    let count = if world.is_trickle() { many(world) } else { 2 * many(world) };
    let (stream, seen) = chunks(count, 8_192, End::Clean);
    send(world, &near.near.bootstrap(), stream);
    let passed = External::new(first.readable());
    let to = far.near.bootstrap();
    let (sent, _) = put(&to, &passed).expect("it is there");
    world.run(sent).expect("it is taken");
    world.quiet();
    let ahead = seen.taken();
    assert!(ahead <= 2 * UNDER_WAY_MAX, "{ahead} bytes were taken");
    let mut stream = last.readable();
    assert_eq!(read_to_end(world, &mut stream).expect("all of it"), (count as usize) << 13);
}

fn a_source_that_fails_cuts_the_stream_off(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (stream, _) = chunks(2, 10, End::Broken);
    send(world, &client, stream);
    let mut stream = depot.readable();
    for _ in 0..2 {
        assert_eq!(next(world, &mut stream).expect("bytes").expect("fine").len(), 10);
    }
    let why = next(world, &mut stream).expect("not the end").expect_err("cut off");
    assert_eq!(why.to_string(), PREMATURE);
}

fn a_writer_that_goes_cuts_the_stream_off(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (mut to, from) = identity();
    send(world, &client, from);
    world.run(to.write("half")).expect("there is room");
    drop(to);
    let mut stream = depot.readable();
    assert_eq!(next(world, &mut stream).expect("bytes").expect("fine"), "half");
    let why = next(world, &mut stream).expect("not the end").expect_err("cut off");
    assert_eq!(why.to_string(), PREMATURE);
}

fn a_reader_that_cancels_tells_the_source_why(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (mut to, from) = identity();
    send(world, &client, from);
    world.run(to.write("first")).expect("there is room");
    let mut stream = depot.readable();
    assert_eq!(next(world, &mut stream).expect("bytes").expect("fine"), "first");
    stream.cancel("enough");
    world.quiet();
    let why = world.run(to.write("second")).expect_err("nobody reads");
    assert!(
        matches!(&why, StreamError::Cancelled(reason) if *reason == Value::from("enough")),
        "{why}"
    );
}

fn a_reader_that_goes_tells_the_source(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (stream, seen) = chunks(many(world), 8_192, End::Clean);
    send(world, &client, stream);
    let mut stream = depot.readable();
    assert_eq!(next(world, &mut stream).expect("bytes").expect("fine").len(), 8_192);
    drop(stream);
    world.quiet();
    assert!(seen.is_dropped());
}

fn a_reader_that_goes_tells_a_source_that_waits(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (stream, seen) = chunks(1, 10, End::Never);
    send(world, &client, stream);
    let stream = depot.readable();
    world.quiet();
    assert!(!seen.is_dropped());
    drop(stream);
    world.quiet();
    assert!(seen.is_dropped());
}

fn a_stream_says_its_length_and_its_encoding(world: &World) {
    let (_pair, client, depot) = reach(world);
    send(world, &client, ReadableStream::from("four").with_encoding(Encoding::Brotli));
    let mut stream = depot.readable();
    assert_eq!((stream.length(), stream.encoding()), (Some(4), Encoding::Brotli));
    assert_eq!(next(world, &mut stream).expect("bytes").expect("fine"), "four");
    assert!(next(world, &mut stream).is_none());
    let (to, from) = identity();
    send(world, &client, to.with_encoding(Encoding::Gzip));
    assert_eq!(depot.writable().encoding(), Encoding::Gzip);
    drop(from);
}

fn a_stream_of_fixed_length_ends_by_itself(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (mut to, from) = fixed_length(6);
    send(world, &client, from);
    let mut stream = depot.readable();
    assert_eq!(stream.length(), Some(6));
    world.run(to.write("half")).expect("there is room");
    assert_eq!(next(world, &mut stream).expect("bytes").expect("fine"), "half");
    let why = world.run(to.write("too much")).expect_err("two are missing");
    assert!(matches!(why, StreamError::TooMany));
    drop(to);
    let why = next(world, &mut stream).expect("not the end").expect_err("cut off");
    assert_eq!(why.to_string(), PREMATURE);
}

fn a_writable_stream_is_written_from_afar(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (to, mut from) = identity();
    send(world, &client, to);
    let mut stream = depot.writable();
    let mut count = 0;
    let chunk = bytes::Bytes::from(vec![1; 20_000]);
    let mut written = 0;
    for _ in 0..many(world) / 2 {
        // Taken, or on its way: the window is what is not read.
        let mut write = Box::pin(stream.write(chunk.clone()));
        while !is_ready(world, &mut write) {
            count += next(world, &mut from).expect("bytes").expect("fine").len();
        }
        written += chunk.len();
        assert!(written - count <= UNDER_WAY_MAX as usize, "{} unread", written - count);
    }
    let mut close = Box::pin(stream.close());
    while !is_ready(world, &mut close) {
        count += next(world, &mut from).expect("bytes").expect("fine").len();
    }
    while let Some(bytes) = next(world, &mut from) {
        count += bytes.expect("fine").len();
    }
    assert_eq!(count, written);
}

/// Whether something that must not fail is done once nothing happens any more.
fn is_ready<F: Future<Output = Result<(), StreamError>>>(
    world: &World,
    future: &mut std::pin::Pin<Box<F>>,
) -> bool {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..2 {
        if let std::task::Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            done.expect("the stream is fine");
            return true;
        }
        world.quiet();
    }
    false
}

fn a_writable_stream_that_is_dropped_is_cut_off(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (to, mut from) = identity();
    send(world, &client, to);
    let mut stream = depot.writable();
    world.run(stream.write("half")).expect("there is room");
    stream.abort("the reason stays here");
    assert_eq!(next(world, &mut from).expect("bytes").expect("fine"), "half");
    let why = next(world, &mut from).expect("not the end").expect_err("cut off");
    assert_eq!(why.to_string(), PREMATURE);
}

fn what_a_writer_does_wrong_surfaces_on_later_writes(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (to, from) = fixed_length(3);
    send(world, &client, to);
    let mut stream = depot.writable();
    world.run(stream.write("abc")).expect("they fit");
    world.quiet();
    let _ = world.run(stream.write("d"));
    world.quiet();
    let why = world.run(stream.write("e")).expect_err("the stream failed");
    assert_eq!(
        why.to_string(),
        "jsg.TypeError: Attempt to write too many bytes through a FixedLengthStream."
    );
    let why = world.run(stream.close()).expect_err("the stream failed");
    assert!(why.to_string().contains("too many bytes"), "{why}");
    drop(from);
}

fn a_write_larger_than_a_window_arrives(world: &World) {
    let (pair, client, depot) = reach(world);
    let size = if world.is_trickle() { 70_000_u32 } else { 1_000_000 };
    let giant: Vec<u8> = (0..size).map(|number| number as u8).collect();
    send(world, &client, ReadableStream::from(giant.clone()));
    let mut stream = depot.readable();
    assert_eq!(stream.length(), Some(size.into()));
    let mut all = Vec::new();
    while let Some(bytes) = next(world, &mut stream) {
        let bytes = bytes.expect("fine");
        all.extend_from_slice(&bytes);
    }
    assert!(all == giant);
    drop(pair);
}

fn a_stream_that_was_sent_cannot_be_sent_again(world: &World) {
    let (_pair, client, depot) = reach(world);
    for external in [External::new(ReadableStream::from("x")), External::new(identity().0)] {
        let (sent, _) = put(&client, &external).expect("the first time");
        world.run(sent).expect("it is taken");
        let why = put(&client, &external).err().expect("it is gone");
        assert!(
            why.to_string().ends_with("is currently locked to a reader.")
                || why.to_string().ends_with("is currently locked to a writer."),
            "{why}"
        );
    }
    assert_eq!(depot.calls(), 2);
    depot.held.borrow_mut().clear();
}

fn a_stream_that_nobody_takes_is_read_no_further(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (stream, seen) = chunks(many(world), 8_192, End::Clean);
    send(world, &client, stream);
    depot.held.borrow_mut().clear();
    world.quiet();
    assert!(seen.is_dropped());
}

fn a_stream_ends_with_its_connection(world: &World) {
    let (pair, client, depot) = reach(world);
    let (stream, seen) = chunks(1, 10, End::Never);
    send(world, &client, stream);
    let (to, mut from) = identity();
    send(world, &client, to);
    let (mut stream, mut writer) = (depot.readable(), depot.writable());
    assert_eq!(next(world, &mut stream).expect("bytes").expect("fine").len(), 10);
    pair.near.abort(Exception::failed("enough"));
    world.quiet();
    let why = next(world, &mut stream).expect("not the end").expect_err("cut off");
    assert_eq!(why.to_string(), PREMATURE);
    assert!(seen.is_dropped(), "nobody feeds a stream that nobody can read");
    let why = next(world, &mut from).expect("not the end").expect_err("cut off");
    assert_eq!(why.to_string(), PREMATURE);
    let _ = world.run(writer.write("x"));
    world.run(writer.write("x")).expect_err("the connection is gone");
}

fn a_session_that_ends_stops_what_feeds_its_streams(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (stream, seen) = chunks(1, 10, End::Never);
    let (sent, feed) = put(&client, &External::new(stream)).expect("there");
    world.run(sent).expect("it is taken");
    let mut stream = depot.readable();
    assert_eq!(next(world, &mut stream).expect("bytes").expect("fine").len(), 10);
    feed.expect("a readable stream has one").stop();
    let why = next(world, &mut stream).expect("not the end").expect_err("cut off");
    assert_eq!(why.to_string(), PREMATURE);
    assert!(seen.is_dropped());
}

fn streams_and_calls_keep_their_order(world: &World) {
    let (_pair, client, depot) = reach(world);
    let texts = ["a", "b", "c", "d"];
    let sent: Vec<_> = texts
        .iter()
        .map(|text| put(&client, &External::new(ReadableStream::from(*text))).expect("there").0)
        .collect();
    for sent in sent {
        world.run(sent).expect("it is taken");
    }
    for text in texts {
        assert_eq!(next(world, &mut depot.readable()).expect("bytes").expect("fine"), text);
    }
}

fn a_stream_waits_until_its_pusher_is_known(world: &World) {
    let (_pair, client, depot) = reach(world);
    let (later, resolver) = Client::promise(world.left.here());
    let (stream, seen) = chunks(3, 10, End::Clean);
    let (sent, _) = put(&later, &External::new(stream)).expect("it is there");
    world.quiet();
    assert_eq!(seen.taken(), 0, "nobody knows where it goes");
    resolver.resolve(Ok(client));
    world.run(sent).expect("it is taken");
    assert_eq!(read_to_end(world, &mut depot.readable()).expect("it is whole"), 30);
}

fn a_stream_given_up_before_its_pusher_is_known_is_let_go(world: &World) {
    let (later, resolver) = Client::promise(world.left.here());
    let (stream, seen) = chunks(3, 10, End::Clean);
    let (sent, _) = put(&later, &External::new(stream)).expect("it is there");
    world.quiet();
    assert!(!seen.is_dropped());
    drop(sent);
    world.quiet();
    assert!(seen.is_dropped(), "nobody can ask for it any more");
    let calls = world.left.here().with(|graph| graph.stats().calls);
    assert_eq!(calls, 0, "the push is given up");
    drop((later, resolver));
}
