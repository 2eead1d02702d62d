//! What a peer may do to a stream that is not in order: it spoils its own stream and nothing else.

use bowline::wire::{Exception, ExceptionKind};
use bowline::worker::AbortController;
use bowline::worker::stream::StreamError;
use bowline::worker::value::External;

use super::peer::{BYTE_STREAM, PUSHER, end, push, pushed, read, why, write};
use super::scene::{depot, get_where_nobody_is};
use super::source::{End, chunks};
use crate::support::{World, at, scenarios};

scenarios! {
    writing_behind_the_end_fails,
    a_write_of_nothing_is_a_write,
    a_giant_write_returns_once_it_was_read,
    a_stream_longer_than_it_said_fails,
    a_stream_shorter_than_it_said_fails,
    more_than_is_kept_for_values_to_come_is_refused,
    what_is_pushed_and_dropped_makes_room,
    methods_nobody_has_are_unimplemented,
    a_stream_pushed_to_the_result_of_a_call_that_never_returns_goes_with_the_connection,
    a_signal_pushed_to_the_result_of_a_call_that_never_returns_goes_with_the_connection,
}

fn writing_behind_the_end_fails(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let sink = pushed(world, &client, 0);
    let mut stream = depot.readable();
    world.run(end(&sink)).expect("it is open");
    let closed = "jsg.TypeError: This WritableStream has been closed.";
    assert_eq!(why(world.run(write(&sink, b"x"))), closed);
    assert_eq!(why(world.run(end(&sink))), closed);
    assert!(read(world, &mut stream).is_none());
}

fn a_write_of_nothing_is_a_write(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let sink = pushed(world, &client, 0);
    for _ in 0..30 {
        world.run(write(&sink, b"")).expect("there is room for nothing");
    }
    world.run(sink.request(BYTE_STREAM, 0).send()).expect("no params are no bytes");
    world.run(end(&sink)).expect("it is open");
    assert!(read(world, &mut depot.readable()).is_none());
}

fn a_giant_write_returns_once_it_was_read(world: &World) {
    let size = if world.is_trickle() { 70_000 } else { 5_000_000 };
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let sink = pushed(world, &client, 0);
    let mut stream = depot.readable();
    let mut first = Box::pin(write(&sink, &vec![1; size]));
    world.quiet();
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(first.as_mut().poll(&mut cx).is_pending(), "nobody read it");
    assert_eq!(read(world, &mut stream).expect("bytes").expect("fine").len(), size);
    world.run(first).expect("it was read");
    drop(sink);
    world.quiet();
    assert!(matches!(read(world, &mut stream), Some(Err(StreamError::Premature))));
}

fn a_stream_longer_than_it_said_fails(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let sink = pushed(world, &client, 4);
    let mut stream = depot.readable();
    assert_eq!(stream.length(), Some(3));
    world.run(write(&sink, b"ab")).expect("two fit");
    let reason = why(world.run(write(&sink, b"cd")));
    assert!(reason.contains("too many bytes"), "{reason}");
    assert!(why(world.run(write(&sink, b"c"))).contains("too many bytes"), "it failed for good");
    assert_eq!(read(world, &mut stream).expect("bytes").expect("fine"), "ab");
    drop(sink);
    world.quiet();
    assert!(matches!(read(world, &mut stream), Some(Err(StreamError::Premature))));
    // The greatest length there is.
    let sink = pushed(world, &client, u64::MAX);
    assert_eq!(depot.readable().length(), Some(u64::MAX - 1));
    drop(sink);
}

fn a_stream_shorter_than_it_said_fails(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let sink = pushed(world, &client, 4);
    let mut stream = depot.readable();
    let reason = why(world.run(end(&sink)));
    assert!(reason.contains("did not see all expected bytes"), "{reason}");
    drop(sink);
    world.quiet();
    assert!(matches!(read(world, &mut stream), Some(Err(StreamError::Premature))));
}

fn more_than_is_kept_for_values_to_come_is_refused(world: &World) {
    let (boot, _depot) = depot(world.right.here());
    let pushes: Vec<_> = (0..4096).map(|_| push(&boot, 0)).collect();
    let kept: Vec<_> = pushes.into_iter().map(|push| world.run(push).expect("kept")).collect();
    let why = world.run(push(&boot, 0)).expect_err("one more");
    assert_eq!(why.kind(), ExceptionKind::Overloaded);
    assert_eq!(why.reason(), "more than 4096 streams and signals that no value refers to");
    drop(kept);
    world.quiet();
    world.run(push(&boot, 0)).expect("there is room again");
}

fn what_is_pushed_and_dropped_makes_room(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    for _ in 0..3 {
        let sink = pushed(world, &client, 0);
        drop((depot.readable(), sink));
        let promise = push(&client, 0);
        let sink = promise.cap(&at(1));
        world.run(promise).expect("pushed");
        world.quiet();
        let why = world.run(write(&sink, b"x")).expect_err("its source is gone");
        assert_eq!(why.kind(), ExceptionKind::Disconnected);
    }
}

fn methods_nobody_has_are_unimplemented(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let sink = pushed(world, &client, 0);
    let stream = depot.readable();
    for request in [client.request(PUSHER, 2), sink.request(BYTE_STREAM, 3), sink.request(1, 0)] {
        let why = world.run(request.send()).expect_err("there is none");
        assert_eq!(why.kind(), ExceptionKind::Unimplemented);
    }
    world.run(end(&sink)).expect("it is open");
    drop(stream);
}

/// What the depot kept is on its way to a pusher that is never known, and the peer goes.
fn push_where_nobody_is(world: &World, kept: External) {
    let (boot, depot) = depot(world.right.here());
    let (pair, client) = world.reach(&boot);
    depot.held.borrow_mut().push_back(kept);
    let calls = get_where_nobody_is(&client, &client);
    world.quiet();
    assert!(depot.held.borrow().is_empty(), "it is given out");
    let under_way = || world.right.here().with(|graph| graph.stats().calls);
    assert!(under_way() >= 2, "the push waits behind the call");
    pair.near.abort(Exception::failed("enough"));
    world.quiet();
    assert_eq!(under_way(), 0, "neither keeps the other");
    drop(calls);
}

fn a_stream_pushed_to_the_result_of_a_call_that_never_returns_goes_with_the_connection(
    world: &World,
) {
    let (stream, seen) = chunks(1, 10, End::Never);
    push_where_nobody_is(world, External::new(stream));
    assert!(seen.is_dropped());
}

fn a_signal_pushed_to_the_result_of_a_call_that_never_returns_goes_with_the_connection(
    world: &World,
) {
    let controller = AbortController::new();
    push_where_nobody_is(world, External::new(controller.signal()));
    controller.abort("too late");
    let controller = AbortController::new();
    controller.abort("too early");
    push_where_nobody_is(world, External::new(controller.signal()));
}
