//! Substreams: a part of a stream that is lent, and given back.

use std::cell::RefCell;
use std::rc::Rc;

use bowline::rpc::{Call, Client, Promise};
use bowline::runtime::Local;
use bowline::schema::byte_stream_capnp::byte_stream;
use bowline::worker::stream::StreamError;
use capnp::capability::FromClientHook;

use super::peer::{BYTE_STREAM, end, pushed, read, why, write};
use super::scene::depot;
use crate::support::{World, at, scenarios};

scenarios! {
    a_substream_gives_back_what_it_was_lent,
    a_full_substream_becomes_what_comes_next,
    a_substream_that_is_dropped_cuts_the_stream_off,
    nothing_is_written_beside_a_substream,
    substreams_of_substreams_end_somewhere,
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
