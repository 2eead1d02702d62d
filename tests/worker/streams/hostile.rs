//! What a peer may do to a stream that is not in order: it spoils its own stream and nothing else.

use std::cell::RefCell;
use std::rc::Rc;

use bowline::rpc::{Call, Client, Promise, Response};
use bowline::runtime::Local;
use bowline::schema::byte_stream_capnp::byte_stream;
use bowline::schema::worker_capnp::js_value;
use bowline::schema::worker_capnp::js_value::external_pusher;
use bowline::wire::{Exception, ExceptionKind};
use bowline::worker::stream::{
    Feed, Pusher, ReadableStream, StreamError, WritableStream, identity,
};
use bowline::worker::value::{External, Value};
use capnp::capability::FromClientHook;
use capnp::traits::HasTypeId;

use super::scene::{depot, put, put_raw};
use crate::support::{World, at, scenarios};

scenarios! {
    writing_behind_the_end_fails,
    a_write_of_nothing_is_a_write,
    a_giant_write_returns_once_it_was_read,
    a_stream_longer_than_it_said_fails,
    a_stream_shorter_than_it_said_fails,
    a_source_of_somebody_else_is_refused,
    a_source_is_taken_once,
    a_signal_is_no_stream_and_a_stream_no_signal,
    a_source_that_is_not_known_yet_is_awaited,
    a_source_that_turns_out_to_be_nothing_fails_its_reader,
    a_signal_that_is_not_known_yet_is_awaited,
    a_source_without_a_canceler_is_a_stream,
    cancelling_twice_is_cancelling_once,
    a_canceler_that_is_given_up_cancels_nothing,
    more_than_is_kept_for_values_to_come_is_refused,
    what_is_pushed_and_dropped_makes_room,
    methods_nobody_has_are_unimplemented,
    a_substream_gives_back_what_it_was_lent,
    a_full_substream_becomes_what_comes_next,
    a_substream_that_is_dropped_cuts_the_stream_off,
    nothing_is_written_beside_a_substream,
    substreams_of_substreams_end_somewhere,
    a_trigger_pulled_twice_aborts_once,
    a_reason_that_is_garbage_fails_its_call_alone,
}

const BYTE_STREAM: u64 = byte_stream::Client::TYPE_ID;
const PUSHER: u64 = external_pusher::Client::TYPE_ID;

fn push(pusher: &Client, length_plus_one: u64) -> Promise {
    let request = pusher.request(PUSHER, 0).with(|root| {
        let mut params = root.init_as::<external_pusher::push_byte_stream_params::Builder<'_>>();
        params.set_length_plus_one(length_plus_one);
    });
    request.send()
}

fn write(sink: &Client, bytes: &[u8]) -> Promise {
    let request = sink.request(BYTE_STREAM, 0).with(|root| {
        root.init_as::<byte_stream::write_params::Builder<'_>>().set_bytes(bytes);
    });
    request.send()
}

fn end(sink: &Client) -> Promise {
    sink.request(BYTE_STREAM, 1).send()
}

/// A value that names a readable stream.
fn naming(
    source: &Client,
    canceler: Option<&Client>,
) -> impl FnOnce(js_value::external::Builder<'_>) {
    let (source, canceler) = (source.clone(), canceler.cloned());
    move |external| {
        let mut named = external.init_readable_stream();
        named.set_stream(FromClientHook::new(source.hook()));
        if let Some(canceler) = canceler {
            named.set_canceler(FromClientHook::new(canceler.hook()));
        }
    }
}

/// A stream of `length_plus_one` pushed to a depot and in use there; and its sink.
fn pushed(world: &World, client: &Client, length_plus_one: u64) -> Client {
    let promise = push(client, length_plus_one);
    let (source, sink) = (promise.cap(&at(0)), promise.cap(&at(1)));
    drop(promise);
    world.run(put_raw(client, naming(&source, None))).expect("it is taken");
    sink
}

fn read(world: &World, stream: &mut ReadableStream) -> Option<Result<bytes::Bytes, StreamError>> {
    world.run(stream.next())
}

fn why<T: std::fmt::Debug>(outcome: Result<T, Exception>) -> String {
    outcome.expect_err("it fails").reason().to_owned()
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
    for _ in 0..100 {
        world.run(write(&sink, b"")).expect("there is room for nothing");
    }
    world.run(sink.request(BYTE_STREAM, 0).send()).expect("no params are no bytes");
    world.run(end(&sink)).expect("it is open");
    assert!(read(world, &mut depot.readable()).is_none());
}

fn a_giant_write_returns_once_it_was_read(world: &World) {
    let size = if world.is_trickle() { 100_000 } else { 5_000_000 };
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

fn a_source_of_somebody_else_is_refused(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let ours = Client::new(world.left.here(), |call: Call| async move {
        Err::<Response, _>(call.unimplemented())
    });
    for source in [&ours, &client] {
        let reason = why(world.run(put_raw(&client, naming(source, None))));
        assert_eq!(reason, "what the value refers to was not pushed here");
    }
    // None at all.
    let refused = world.run(put_raw(&client, |external| {
        external.init_readable_stream();
    }));
    refused.expect_err("there is no stream");
    assert!(depot.held.borrow().is_empty());
    // The connection goes on.
    let sink = pushed(world, &client, 0);
    drop((depot.readable(), sink));
}

fn a_source_is_taken_once(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let promise = push(&client, 0);
    let (source, sink) = (promise.cap(&at(0)), promise.cap(&at(1)));
    world.run(put_raw(&client, naming(&source, None))).expect("the first time");
    let reason = why(world.run(put_raw(&client, naming(&source, None))));
    assert_eq!(reason, "what was pushed has been used already");
    world.run(end(&sink)).expect("it is open");
    assert!(read(world, &mut depot.readable()).is_none());
}

fn a_signal_is_no_stream_and_a_stream_no_signal(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let signal = client.request(PUSHER, 1).send().cap(&at(0));
    let reason = why(world.run(put_raw(&client, naming(&signal, None))));
    assert_eq!(reason, "what was pushed is no byte stream");
    let stream = push(&client, 0).cap(&at(0));
    let named = stream.clone();
    let reason = why(world.run(put_raw(&client, move |mut external| {
        external.set_abort_signal(FromClientHook::new(named.hook()));
    })));
    assert_eq!(reason, "what was pushed is no AbortSignal");
    assert!(depot.held.borrow().is_empty());
}

/// An object that answers with what `promise` comes to be.
fn answering(here: &Local, promise: Client) -> Client {
    Client::new(here, move |mut call: Call| {
        let promise = promise.clone();
        async move {
            call.build(crate::support::fill(0, &[Some(&promise)]));
            Ok(call.reply())
        }
    })
}

fn a_source_that_is_not_known_yet_is_awaited(world: &World) {
    let here = world.right.here();
    let (boot, depot) = depot(here);
    let (promise, resolver) = Client::promise(here);
    let pushed = push(&boot, 0);
    let (source, sink) = (pushed.cap(&at(0)), pushed.cap(&at(1)));
    world.run(put_raw(&boot, naming(&promise, None))).expect("it is taken");
    let mut stream = depot.readable();
    let mut reading = Box::pin(stream.next());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    world.quiet();
    assert!(reading.as_mut().poll(&mut cx).is_pending());
    resolver.resolve(Ok(source));
    let _written = write(&sink, b"late");
    assert_eq!(world.run(reading).expect("bytes").expect("fine"), "late");
    drop(pushed);
}

fn a_source_that_turns_out_to_be_nothing_fails_its_reader(world: &World) {
    let here = world.right.here();
    let (boot, depot) = depot(here);
    for to in [Err(Exception::failed("it broke")), Ok(boot.clone())] {
        let (promise, resolver) = Client::promise(here);
        world.run(put_raw(&boot, naming(&promise, None))).expect("it is taken");
        let mut stream = depot.readable();
        let expected = match &to {
            Err(why) => why.reason().to_owned(),
            Ok(_) => "what the value refers to was not pushed here".to_owned(),
        };
        resolver.resolve(to);
        let why = read(world, &mut stream).expect("not the end").expect_err("nothing");
        assert_eq!(why.to_string(), expected);
    }
}

fn a_signal_that_is_not_known_yet_is_awaited(world: &World) {
    let here = world.right.here();
    let (boot, depot) = depot(here);
    let (promise, resolver) = Client::promise(here);
    let named = promise.clone();
    let put = put_raw(&boot, move |mut external| {
        external.set_abort_signal(FromClientHook::new(named.hook()));
    });
    world.run(put).expect("it is taken");
    let signal = depot.signal();
    world.quiet();
    assert!(!signal.is_aborted());
    resolver.resolve(Err(Exception::failed("it broke")));
    world.run(signal.when_aborted());
    drop(answering(here, promise));
}

fn a_source_without_a_canceler_is_a_stream(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let sink = pushed(world, &client, 0);
    let stream = depot.readable();
    stream.cancel("nobody hears it");
    let reason = world.run(write(&sink, b"x")).expect_err("nobody reads");
    assert_eq!(reason.kind(), ExceptionKind::Disconnected);
}

/// What a value says of a stream: its source and its canceler; the end that is written, and what feeds it.
fn named_parts(world: &World) -> (Client, Client, WritableStream, Feed) {
    let seen: Rc<RefCell<Option<(Client, Client)>>> = Rc::default();
    let (kept, pusher) = (Rc::clone(&seen), Pusher::new());
    let boot = Client::new(world.right.here(), move |call: Call| {
        let (kept, pusher) = (Rc::clone(&kept), pusher.clone());
        async move {
            if call.interface() == PUSHER {
                return pusher.take(call);
            }
            let found = call.params().read(|root| {
                let value = root.get_as::<js_value::Reader<'_>>()?;
                let external = value.get_externals()?.get(0);
                let Ok(js_value::external::ReadableStream(named)) = external.which() else {
                    return Ok(None);
                };
                let source = Client::from_hook(named.get_stream()?.as_client_hook());
                Ok(Some((source, Client::from_hook(named.get_canceler()?.as_client_hook()))))
            })?;
            *kept.borrow_mut() = found;
            Ok(call.reply())
        }
    });
    let (_pair, client) = world.reach(&boot);
    let (to, from) = identity();
    let (sent, feed) = put(world.left.here(), &client, &External::new(from)).expect("there");
    world.run(sent).expect("it is taken");
    let (source, canceler) = seen.borrow_mut().take().expect("they came");
    (source, canceler, to, feed.expect("it has one"))
}

fn cancelling_twice_is_cancelling_once(world: &World) {
    let (source, canceler, mut to, _) = named_parts(world);
    let cancel = |reason: &'static str| {
        let bytes = bowline::worker::value::encode(&Value::from(reason), &Default::default());
        let bytes = bytes.expect("a string").bytes;
        canceler.request(0xde46_8803_295c_e2a8, 0).with(move |root| {
            use bowline::schema::worker_capnp::stream_canceler::cancel_params::Builder;
            let reason = root.init_as::<Builder<'_>>().init_reason();
            reason.init_value().set_v8_serialized(&bytes);
        })
    };
    world.run(cancel("first").send()).expect("it is a canceler");
    world.run(cancel("second").send()).expect("it still is");
    world.quiet();
    let why = world.run(to.write("x")).expect_err("nobody reads");
    assert_eq!(why.to_string(), "The stream was cancelled by its reader: 'first'");
    drop(source);
}

fn a_canceler_that_is_given_up_cancels_nothing(world: &World) {
    let (source, canceler, mut to, feed) = named_parts(world);
    drop(canceler);
    world.quiet();
    world.run(to.write("x")).expect("somebody may still read it");
    drop(source);
    // Who waits for room in a stream that no value ever claimed waits for the end of the session.
    feed.stop();
    world.quiet();
    world.run(to.write("x")).expect_err("it was stopped");
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

/// What a substream's callback was told.
type Told = Rc<RefCell<Vec<(u16, u64)>>>;

fn callback(here: &Local, next: Option<Client>) -> (Client, Told) {
    let told = Told::default();
    let (kept, next) = (Rc::clone(&told), Rc::new(next));
    let client = Client::new(here, move |mut call: Call| {
        let (told, next) = (Rc::clone(&kept), Rc::clone(&next));
        async move {
            use byte_stream::substream_callback::{ended_params, reached_limit_results};
            let count = match call.method() {
                0 => call
                    .params()
                    .read(|root| Ok(root.get_as::<ended_params::Reader<'_>>()?.get_byte_count()))?,
                _ => 0,
            };
            told.borrow_mut().push((call.method(), count));
            if let (1, Some(next)) = (call.method(), &*next) {
                call.build(|root| {
                    let mut results = root.init_as::<reached_limit_results::Builder<'_>>();
                    results.set_next(FromClientHook::new(next.clone().hook()));
                });
            }
            Ok(call.reply())
        }
    });
    (client, told)
}

fn substream(sink: &Client, callback: &Client, limit: u64) -> Promise {
    let request = sink.request(BYTE_STREAM, 2).with(|root| {
        let mut params = root.init_as::<byte_stream::get_substream_params::Builder<'_>>();
        params.set_callback(FromClientHook::new(callback.clone().hook()));
        params.set_limit(limit);
    });
    request.send()
}

fn a_substream_gives_back_what_it_was_lent(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let sink = pushed(world, &client, 0);
    let mut stream = depot.readable();
    let (callback, told) = callback(world.left.here(), None);
    let sub = substream(&sink, &callback, 100).cap(&at(0));
    world.run(write(&sub, b"abc")).expect("there is room");
    world.run(end(&sub)).expect("it is open");
    assert_eq!(*told.borrow(), [(0, 3)]);
    let closed = "jsg.TypeError: This WritableStream has been closed.";
    assert_eq!(why(world.run(write(&sub, b"x"))), closed);
    world.run(write(&sink, b"def")).expect("it was given back");
    world.run(end(&sink)).expect("it is open");
    assert_eq!(read(world, &mut stream).expect("bytes").expect("fine"), "abc");
    assert_eq!(read(world, &mut stream).expect("bytes").expect("fine"), "def");
    assert!(read(world, &mut stream).is_none());
}

fn a_full_substream_becomes_what_comes_next(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let (first, second) = (pushed(world, &client, 0), pushed(world, &client, 0));
    let (mut from_first, mut from_second) = (depot.readable(), depot.readable());
    let (callback, told) = callback(world.left.here(), Some(second.clone()));
    let sub = substream(&first, &callback, 4).cap(&at(0));
    world.run(write(&sub, b"ab")).expect("there is room");
    world.run(write(&sub, b"cdef")).expect("what does not fit goes on");
    assert_eq!(*told.borrow(), [(1, 0)]);
    world.run(write(&sub, b"gh")).expect("it goes on");
    world.run(end(&sub)).expect("it goes on");
    world.run(end(&first)).expect("it was given back");
    for (stream, texts) in [(&mut from_first, ["ab", "cd"]), (&mut from_second, ["ef", "gh"])] {
        for text in texts {
            assert_eq!(read(world, stream).expect("bytes").expect("fine"), text);
        }
        assert!(read(world, stream).is_none());
    }
}

fn a_substream_that_is_dropped_cuts_the_stream_off(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let sink = pushed(world, &client, 0);
    let mut stream = depot.readable();
    let (callback, told) = callback(world.left.here(), None);
    let sub = substream(&sink, &callback, u64::MAX).cap(&at(0));
    world.run(write(&sub, b"abc")).expect("there is room");
    drop(sub);
    world.quiet();
    assert!(told.borrow().is_empty());
    world.run(write(&sink, b"x")).expect_err("it was cut off");
    assert_eq!(read(world, &mut stream).expect("bytes").expect("fine"), "abc");
    assert!(matches!(read(world, &mut stream), Some(Err(StreamError::Premature))));
}

fn nothing_is_written_beside_a_substream(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let sink = pushed(world, &client, 0);
    let stream = depot.readable();
    let (callback, _) = callback(world.left.here(), None);
    let sub = world.run(substream(&sink, &callback, 9)).expect("it is open");
    let lent = "nothing can be written while a substream is open";
    assert_eq!(why(world.run(substream(&sink, &callback, 9))), lent);
    assert_eq!(why(world.run(write(&sink, b"x"))), lent);
    drop((sub, stream));
}

fn substreams_of_substreams_end_somewhere(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let mut subs = vec![pushed(world, &client, 0)];
    let stream = depot.readable();
    let (callback, told) = callback(world.left.here(), None);
    for _ in 0..8 {
        let next = world.run(substream(&subs[0], &callback, 100)).expect("not yet");
        subs.insert(0, next.cap(&at(0)).expect("a stream"));
    }
    let reason = why(world.run(substream(&subs[0], &callback, 100)));
    assert_eq!(reason, "more than 8 substreams of one another");
    world.run(write(&subs[0], b"deep")).expect("it is open");
    for sub in subs {
        world.run(end(&sub)).expect("each is given back");
    }
    assert_eq!(told.borrow().len(), 8);
    let mut stream = stream;
    assert_eq!(read(world, &mut stream).expect("bytes").expect("fine"), "deep");
    assert!(read(world, &mut stream).is_none());
}

fn trigger(client: &Client, method: u16, bytes: &'static [u8]) -> Promise {
    let request = client.request(0x8dec_253e_6cb3_6e31, method).with(|root| {
        use bowline::schema::worker_capnp::abort_trigger::abort_params::Builder;
        root.init_as::<Builder<'_>>().init_reason().set_v8_serialized(bytes);
    });
    request.send()
}

/// A signal pushed to a depot and in use there; its trigger.
fn pushed_signal(world: &World, client: &Client) -> Client {
    let promise = client.request(PUSHER, 1).send();
    let (signal, pulled) = (promise.cap(&at(0)), promise.cap(&at(1)));
    let put = put_raw(client, move |mut external| {
        external.set_abort_signal(FromClientHook::new(signal.hook()));
    });
    world.run(put).expect("it is taken");
    drop(promise);
    pulled
}

fn a_trigger_pulled_twice_aborts_once(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let pulled = pushed_signal(world, &client);
    // As the runtime writes it: its abort reasons are of version 16.
    world.run(trigger(&pulled, 0, b"\xff\x10I\x02")).expect("a reason");
    world.run(trigger(&pulled, 0, b"\xff\x0fI\x04")).expect("another");
    world.run(trigger(&pulled, 1, b"")).expect("too late");
    drop(pulled);
    world.quiet();
    assert_eq!(depot.signal().reason(), Some(Value::from(1)));
}

fn a_reason_that_is_garbage_fails_its_call_alone(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let pulled = pushed_signal(world, &client);
    world.run(trigger(&pulled, 0, b"\xff\x0fgarbage")).expect_err("no value");
    world.run(trigger(&pulled, 0, b"\xff\x0f\x5c\x03")).expect_err("a stream has no place there");
    assert!(!depot.signal().is_aborted());
    let pulled = pushed_signal(world, &client);
    world.run(trigger(&pulled, 0, b"")).expect("no reason at all");
    assert!(depot.signal().is_aborted());
}
