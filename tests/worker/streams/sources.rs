//! What a value may name as a stream or a signal: only what was pushed, as what it is, and once.

use std::cell::RefCell;
use std::rc::Rc;

use bowline::rpc::{Call, Client, Promise, Response};
use bowline::runtime::Local;
use bowline::schema::worker_capnp::js_value;
use bowline::wire::{Exception, ExceptionKind};
use bowline::worker::stream::{Feed, Pusher, WritableStream, identity};
use bowline::worker::value::{External, Value};
use capnp::capability::FromClientHook;

use super::peer::{PUSHER, end, naming, push, pushed, read, why, write};
use super::scene::{depot, put, put_raw};
use crate::support::{World, at, scenarios};

scenarios! {
    a_source_of_somebody_else_is_refused,
    a_source_is_taken_once,
    a_signal_is_no_stream_and_a_stream_no_signal,
    a_source_that_is_not_known_yet_is_awaited,
    a_source_that_turns_out_to_be_nothing_fails_its_reader,
    a_signal_that_is_not_known_yet_is_awaited,
    a_source_without_a_canceler_is_a_stream,
    cancelling_twice_is_cancelling_once,
    a_canceler_that_is_given_up_cancels_nothing,
    a_trigger_pulled_twice_aborts_once,
    a_reason_that_is_garbage_fails_its_call_alone,
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
    let (sent, feed) = put(&client, &External::new(from)).expect("there");
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
