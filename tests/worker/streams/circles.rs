//! A peer names the result of a call that never returns where a sink, a trigger or a canceler is due, and goes: what
//! waits for that call does not keep it, and goes with the connection.

use std::rc::Rc;

use bowline::rpc::{Call, Client, Promise, Reply, Response, Target, host};
use bowline::schema::worker_capnp::js_value::external_pusher::push_byte_stream_params;
use bowline::wire::Exception;
use bowline::worker::AbortController;
use bowline::worker::stream::{ReadableStream, StreamError};
use bowline::worker::value::External;

use super::peer::{cancel, canceler, naming, push, read};
use super::scene::{Depot, depot, get_from, get_where_nobody_is, hang, put_raw, walled};
use super::source::{End, Seen, chunks};
use crate::support::{Pair, World, at, fill, scenarios};

scenarios! {
    a_stream_that_is_fed_where_nobody_is_goes_with_the_connection,
    streams_that_are_fed_to_the_same_nobody_go_with_the_connection,
    streams_that_are_fed_to_what_comes_to_be_nobody_go_with_the_connection,
    a_stream_that_ended_where_nobody_is_goes_with_the_connection,
    a_stream_cancelled_while_it_ends_where_nobody_is_goes_with_the_connection,
    a_signal_whose_trigger_is_nobody_s_goes_with_the_connection,
    a_signal_told_to_nobody_goes_with_the_connection,
    a_stream_cancelled_where_nobody_is_goes_with_the_connection,
    what_is_pushed_out_of_a_membrane_where_nobody_is_goes_with_the_connection,
    a_stream_that_came_home_outlives_the_connection,
    a_stream_that_lost_bytes_with_the_connection_does_not_end_well,
}

/// Answers a push with what it has, whatever is pushed.
struct Misleading([Client; 2]);

impl Target for Misleading {
    async fn call(self: Rc<Self>, mut call: Call) -> Result<Response, Exception> {
        // Once it was looked at, it is to be fed.
        call.params()
            .read(|root| root.get_as::<push_byte_stream_params::Reader<'_>>().map(drop))?;
        let [first, second] = &self.0;
        call.build(fill(0, &[Some(first), Some(second)]));
        Ok(call.reply())
    }
}

/// A peer, and the result of a call of its own that never returns.
struct Scene<'a> {
    world: &'a World,
    depot: Rc<Depot>,
    pair: Pair,
    client: Client,
    nobody: Client,
    hanging: Option<Promise>,
}

impl<'a> Scene<'a> {
    fn new(world: &'a World) -> Self {
        let (boot, depot) = depot(world.right.here());
        let (pair, client) = world.reach(&boot);
        let hanging = hang(&client);
        let nobody = hanging.cap(&at(0));
        Self { world, depot, pair, client, nobody, hanging: Some(hanging) }
    }

    /// What the depot keeps is pushed to one who names nobody. What was given out for it.
    fn pushes(&self, kept: impl IntoIterator<Item = External>) -> Vec<Reply> {
        self.pushes_to(&self.nobody, kept)
    }

    /// The same, pushed to one who names `named`.
    fn pushes_to(&self, named: &Client, kept: impl IntoIterator<Item = External>) -> Vec<Reply> {
        self.depot.held.borrow_mut().extend(kept);
        let named = [named.clone(), named.clone()];
        let pusher = host(self.world.left.here(), Rc::new(Misleading(named)));
        let count = self.depot.held.borrow().len();
        let got: Vec<_> = (0..count).map(|_| get_from(&self.client, &pusher)).collect();
        let got =
            got.into_iter().map(|got| self.world.run(got).expect("it is given out")).collect();
        self.world.quiet();
        got
    }

    fn calls(&self) -> usize {
        self.world.right.here().with(|graph| graph.stats().calls)
    }

    /// The peer goes, perhaps after it said that it does not need its call, and the right vat forgets it.
    fn ends(mut self, finishes: bool) {
        assert!(self.calls() > 0, "the call that never returns");
        if finishes {
            self.hanging = None;
        }
        self.world.quiet();
        self.pair.near.abort(Exception::failed("enough"));
        self.world.quiet();
        let dump = self.world.right.here().with(|graph| graph.dump());
        assert_eq!(self.calls(), 0, "neither keeps the other: {dump}");
    }
}

fn is_fed(world: &World, count: u64, end: End, finishes: bool) -> Seen {
    let scene = Scene::new(world);
    let (stream, seen) = chunks(count, 10, end);
    drop(scene.pushes([External::new(stream)]));
    scene.ends(finishes);
    seen
}

// C-A8
fn a_stream_that_is_fed_where_nobody_is_goes_with_the_connection(world: &World) {
    for finishes in [false, true] {
        assert!(is_fed(world, 100_000, End::Never, finishes).is_dropped());
        assert!(is_fed(world, 0, End::Never, finishes).is_dropped());
    }
}

// C-A8
fn streams_that_are_fed_to_the_same_nobody_go_with_the_connection(world: &World) {
    for finishes in [false, true] {
        let scene = Scene::new(world);
        let (streams, seen): (Vec<_>, Vec<_>) = [2, 1, 100_000]
            .map(|count| chunks(count, 10, End::Never))
            .into_iter()
            .map(|(stream, seen)| (External::new(stream), seen))
            .unzip();
        drop(scene.pushes(streams));
        scene.ends(finishes);
        assert!(seen.iter().all(Seen::is_dropped));
    }
}

// C-A8
fn streams_that_are_fed_to_what_comes_to_be_nobody_go_with_the_connection(world: &World) {
    for finishes in [false, true] {
        let scene = Scene::new(world);
        let resolvers = [(); 3].map(|()| {
            let (promised, resolver) = Client::promise(world.left.here());
            let (stream, _) = chunks(2, 10, End::Never);
            drop(scene.pushes_to(&promised, [External::new(stream)]));
            resolver
        });
        resolvers.into_iter().for_each(|resolver| resolver.resolve(Ok(scene.nobody.clone())));
        world.quiet();
        scene.ends(finishes);
    }
}

// C-A8
fn a_stream_that_ended_where_nobody_is_goes_with_the_connection(world: &World) {
    for finishes in [false, true] {
        assert!(is_fed(world, 2, End::Clean, finishes).is_dropped());
        assert!(is_fed(world, 2, End::Broken, finishes).is_dropped());
    }
}

// C-A8
fn a_stream_cancelled_while_it_ends_where_nobody_is_goes_with_the_connection(world: &World) {
    for finishes in [false, true] {
        let scene = Scene::new(world);
        let (stream, _) = chunks(2, 10, End::Clean);
        let got = scene.pushes([External::new(stream)]);
        world.run(cancel(&canceler(&got[0]))).expect("it is a canceler");
        drop(got);
        scene.ends(finishes);
    }
}

// C-A8
fn a_signal_whose_trigger_is_nobody_s_goes_with_the_connection(world: &World) {
    for finishes in [false, true] {
        let controller = AbortController::new();
        let scene = Scene::new(world);
        drop(scene.pushes([External::new(controller.signal())]));
        scene.ends(finishes);
        controller.abort("too late");
    }
}

// C-A8
fn a_signal_told_to_nobody_goes_with_the_connection(world: &World) {
    for (aborts, finishes) in [(false, false), (false, true), (true, false), (true, true)] {
        let controller = AbortController::new();
        let scene = Scene::new(world);
        drop(scene.pushes([External::new(controller.signal())]));
        match aborts {
            true => controller.abort("whoever hears it"),
            false => drop(controller),
        }
        scene.ends(finishes);
    }
}

// C-A8
fn a_stream_cancelled_where_nobody_is_goes_with_the_connection(world: &World) {
    for finishes in [false, true] {
        let scene = Scene::new(world);
        let pushed = push(&scene.client, 0);
        let value = naming(&pushed.cap(&at(0)), Some(&scene.nobody));
        world.run(put_raw(&scene.client, value)).expect("it is taken");
        let stream: ReadableStream = scene.depot.readable();
        stream.cancel("enough");
        drop(pushed);
        scene.ends(finishes);
    }
}

// C-A8
fn what_is_pushed_out_of_a_membrane_where_nobody_is_goes_with_the_connection(world: &World) {
    for finishes in [false, true] {
        let mut scene = Scene::new(world);
        let inside = walled(&scene.client).cap(&at(0));
        let (stream, seen) = chunks(1, 10, End::Never);
        scene.depot.held.borrow_mut().push_back(External::new(stream));
        let [hanging, got] = get_where_nobody_is(&scene.client, &inside);
        world.quiet();
        assert!(scene.depot.held.borrow().is_empty(), "it is given out");
        if finishes {
            drop(hanging);
        } else {
            scene.hanging = Some(hanging);
        }
        scene.ends(finishes);
        drop(got);
        assert!(seen.is_dropped());
    }
}

/// A stream of ten chunks that a peer sends back to where it comes from; so many of them are read, and then the peer goes.
/// How many bytes came in all, and how it ended.
fn comes_home(world: &World, before: usize) -> (usize, Result<(), StreamError>) {
    let (boot, depot) = depot(world.right.here());
    let (pair, client) = world.reach(&boot);
    let pushed = world.run(push(&client, 0)).expect("it is kept");
    let [source, sink] = [0, 1].map(|index| pushed.cap(&at(index)).expect("a capability"));
    drop(pushed);
    world.run(put_raw(&client, naming(&source, None))).expect("it is taken");
    let mut stream = depot.readable();
    let (sent, seen) = chunks(10, 60_000, End::Clean);
    depot.held.borrow_mut().push_back(External::new(sent));
    let pusher = host(world.left.here(), Rc::new(Misleading([source, sink])));
    drop(world.run(get_from(&client, &pusher)));
    world.quiet();
    let mut got = 0;
    for _ in 0..before {
        got += read(world, &mut stream).expect("there is more").expect("all is well").len();
    }
    world.quiet();
    assert!(!seen.is_dropped(), "nobody reads on");
    pair.near.abort(Exception::failed("enough"));
    world.quiet();
    loop {
        match read(world, &mut stream) {
            Some(Ok(bytes)) => got += bytes.len(),
            Some(Err(why)) => return (got, Err(why)),
            None => return (got, Ok(())),
        }
    }
}

// C-A4
fn a_stream_that_came_home_outlives_the_connection(world: &World) {
    assert!(matches!(comes_home(world, 3), (600_000, Ok(()))));
}

/// What was sent over the connection may be lost with it, and then so is all that comes behind it.
fn a_stream_that_lost_bytes_with_the_connection_does_not_end_well(world: &World) {
    match comes_home(world, 0) {
        (got, Ok(())) => assert_eq!(got, 600_000),
        (got, Err(why)) => {
            assert!(got < 600_000);
            assert_eq!(why.to_string(), StreamError::Premature.to_string());
        }
    }
}
