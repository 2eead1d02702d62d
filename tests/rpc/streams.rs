//! Streams: windows (C-S1), errors that stick (C-S2), what holds back what (C-S3), what cancels nothing
//! (C-S4), and windows that follow a promise (C-S5).

use bowline::conn::Window;
use bowline::rpc::Client;
use bowline::wire::{Exception, ExceptionKind};

use crate::sink::{BAD, Pour, WRITE, look, reach, sink, waits, window};
use crate::support::{Ask, ID, World, at, cap, fill, method, number, object, scenarios};

scenarios! {
    a_stream_is_taken_in_order_and_ended_by_a_call,
    a_full_window_holds_the_writer_back_until_a_write_is_acknowledged,
    a_write_larger_than_the_window_holds_nobody_back,
    a_failed_write_fails_the_later_ones_and_the_last_call,
    writers_that_wait_for_room_are_told_that_the_stream_failed,
    writes_are_taken_one_at_a_time,
    an_ordinary_call_waits_behind_the_writes_before_it,
    dropping_what_says_there_is_room_cancels_no_write,
    dropping_the_client_cancels_no_write,
    a_writer_that_waits_when_the_client_is_dropped_is_told,
    a_writer_learns_that_the_peer_is_gone,
    everything_is_acknowledged_when_the_last_write_has_returned,
    a_stream_flows_on_a_pipeline,
    the_window_is_handed_over_when_the_promise_resolves,
    a_stream_with_a_window_of_its_own_keeps_it,
    a_stream_through_a_middle_vat_is_acknowledged_from_the_far_end,
    a_stream_through_a_local_promise_has_the_window_of_what_it_came_to_be,
    a_stream_to_an_object_that_turns_out_to_be_ours_waits_for_each_return,
    a_write_too_large_to_leave_fails_the_stream,
    writes_passed_on_by_an_object_hold_back_through_it,
    a_stream_ends_between_any_two_messages,
}

fn a_stream_is_taken_in_order_and_ended_by_a_call(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (_pair, client) = world.reach(&boot);
    for number in 0..BAD {
        world.run(client.write(number)).expect("there is room");
    }
    let done = world.run(client.done()).expect("returns");
    assert_eq!(number(&done), BAD);
    assert_eq!(seen.taken(), (0..BAD).collect::<Vec<_>>());
}

fn a_full_window_holds_the_writer_back_until_a_write_is_acknowledged(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (_pair, client) = reach(world, &boot, 2);
    seen.close();
    let mut writes: Vec<_> = (0..5).map(|number| client.write(number)).collect();
    let ready: Vec<_> = writes.iter_mut().map(|write| !waits(world, write)).collect();
    assert_eq!(ready, [true, true, false, false, false], "two, and as much as the largest");
    assert_eq!(seen.taken(), [0], "the first holds back the others");
    let mut waiting = writes.split_off(2);
    for left in [2, 1] {
        assert!(seen.finish_one());
        assert!(waits(world, &mut waiting[0]), "{left} more have to be taken");
    }
    assert!(seen.finish_one());
    for write in waiting {
        world.run(write).expect("there is room again");
    }
    seen.open();
    assert_eq!(number(&world.run(client.done()).expect("returns")), 5);
}

fn a_write_larger_than_the_window_holds_nobody_back(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (_pair, client) = reach(world, &boot, 0);
    seen.close();
    let mut first = client.write(1);
    let mut second = client.write(2);
    assert!(!waits(world, &mut first), "it is as large as all that may be on its way");
    assert!(waits(world, &mut second));
    assert!(seen.finish_one());
    assert!(!waits(world, &mut second));
    seen.open();
    world.quiet();
}

fn a_failed_write_fails_the_later_ones_and_the_last_call(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (pair, client) = world.reach(&boot);
    for number in [1, BAD, 2] {
        world.run(client.write(number)).expect("nobody knows yet");
    }
    world.quiet();
    let calls = pair.to_far.count("Call");
    let why = world.run(client.write(3)).expect_err("the stream failed");
    assert_eq!(why.reason(), "the sink refuses it");
    assert_eq!(pair.to_far.count("Call"), calls, "what cannot arrive is not sent");
    let why = world.run(client.done()).expect_err("the stream failed");
    assert_eq!(why.reason(), "the sink refuses it");
    assert_eq!(why.details().len(), 1);
    assert_eq!(seen.taken(), [1, BAD]);
    let why = world.run(client.acknowledged()).expect_err("the stream failed");
    assert_eq!(why.reason(), "the sink refuses it");
}

fn writers_that_wait_for_room_are_told_that_the_stream_failed(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (_pair, client) = reach(world, &boot, 1);
    seen.close();
    let mut writes: Vec<_> = [BAD, 1, 2].map(|number| client.write(number)).into();
    assert!(!waits(world, &mut writes[0]));
    assert!(waits(world, &mut writes[1]) && waits(world, &mut writes[2]));
    seen.open();
    for write in writes.split_off(1) {
        let why = world.run(write).expect_err("the stream failed");
        assert_eq!(why.reason(), "the sink refuses it");
    }
    assert_eq!(seen.taken(), [BAD]);
}

fn writes_are_taken_one_at_a_time(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (_pair, client) = world.reach(&boot);
    seen.close();
    let writes: Vec<_> = (0..4).map(|number| client.write(number)).collect();
    for taken in 1..=4 {
        world.quiet();
        assert_eq!(seen.taken().len(), taken);
        assert!(seen.finish_one());
        assert!(!seen.finish_one(), "one at a time");
    }
    world.quiet();
    drop(writes);
}

fn an_ordinary_call_waits_behind_the_writes_before_it(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (_pair, client) = world.reach(&boot);
    seen.close();
    let first = client.write(1);
    let mut note = client.note_down(2);
    let last = client.write(3);
    let done = client.done();
    assert!(waits(world, &mut note));
    assert_eq!(seen.taken(), [1]);
    assert!(seen.finish_one());
    world.run(note).expect("it was its turn");
    assert_eq!(seen.taken(), [1, 2, 3]);
    seen.open();
    assert_eq!(number(&world.run(done).expect("returns")), 3);
    drop((first, last));
}

fn dropping_what_says_there_is_room_cancels_no_write(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (_pair, client) = reach(world, &boot, 1);
    seen.close();
    // Before anything left, and after it left and filled the window.
    drop(client.write(1));
    let mut full = client.write(2);
    assert!(waits(world, &mut full));
    drop(full);
    world.quiet();
    drop(client.write(3));
    seen.open();
    assert_eq!(number(&world.run(client.done()).expect("returns")), 3);
    assert_eq!((seen.taken(), seen.cancelled()), (vec![1, 2, 3], 0));
}

fn dropping_the_client_cancels_no_write(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (_pair, client) = reach(world, &boot, 1);
    drop(boot);
    seen.close();
    let writes: Vec<_> = (0..4).map(|number| client.write(number)).collect();
    drop(client);
    drop(writes);
    world.quiet();
    seen.open();
    world.quiet();
    assert_eq!((seen.taken(), seen.cancelled()), (vec![0, 1, 2, 3], 0));
}

fn a_writer_that_waits_when_the_client_is_dropped_is_told(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (_pair, client) = reach(world, &boot, 1);
    seen.close();
    let first = client.write(1);
    let mut second = client.write(2);
    drop(client);
    assert!(waits(world, &mut second));
    seen.open();
    world.run(second).expect("the first was acknowledged");
    world.run(first).expect("there was room");
}

fn a_writer_learns_that_the_peer_is_gone(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (pair, client) = reach(world, &boot, 1);
    seen.close();
    let first = client.write(1);
    let mut second = client.write(2);
    let mut everything = client.acknowledged();
    assert!(waits(world, &mut second) && waits(world, &mut everything));
    pair.far.abort(Exception::failed("enough"));
    world.quiet();
    let why = world.run(second).expect_err("the peer is gone");
    assert_eq!(why.kind(), ExceptionKind::Disconnected);
    assert!(world.run(everything).is_err());
    assert!(world.run(client.write(3)).is_err());
    drop(first);
    assert_eq!(seen.cancelled(), 1);
}

fn everything_is_acknowledged_when_the_last_write_has_returned(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (_pair, client) = world.reach(&boot);
    world.run(client.acknowledged()).expect("nothing was written");
    seen.close();
    let writes: Vec<_> = (0..3).map(|number| client.write(number)).collect();
    let mut everything = client.acknowledged();
    for _ in 0..3 {
        assert!(waits(world, &mut everything));
        assert!(seen.finish_one());
    }
    assert!(!waits(world, &mut everything));
    drop(writes);
}

fn a_stream_flows_on_a_pipeline(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (target, taken) = sink(world.right.here());
    seen.keep(&target);
    let (_pair, client) = world.reach(&boot);
    let piped = client.ask(method::GET, 0, &[]).pipeline().cap(&at(0));
    for number in 0..4 {
        world.run(piped.write(number)).expect("there is room");
    }
    assert_eq!(number(&world.run(piped.done()).expect("returns")), 4);
    assert_eq!(taken.taken(), [0, 1, 2, 3]);
    seen.let_go();
}

fn the_window_is_handed_over_when_the_promise_resolves(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (target, taken) = sink(world.right.here());
    seen.keep(&target);
    taken.close();
    let (pair, client) = reach(world, &boot, 2);
    pair.to_near.hold();
    let get = client.ask(method::GET, 0, &[]);
    let piped = get.cap(&at(0));
    let mut writes: Vec<_> = (0..2).map(|number| piped.write(number)).collect();
    assert!(writes.iter_mut().all(|write| !waits(world, write)));
    pair.to_near.open();
    world.run(get).expect("returns");
    let mut third = piped.write(2);
    assert!(waits(world, &mut third), "those along the promise count");
    assert!(taken.finish_one());
    world.run(third).expect("there is room");
    taken.open();
    assert_eq!(number(&world.run(piped.done()).expect("returns")), 3);
    seen.let_go();
}

fn a_stream_with_a_window_of_its_own_keeps_it(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (target, taken) = sink(world.right.here());
    seen.keep(&target);
    taken.close();
    let (pair, client) = reach(world, &boot, 1);
    let direct = cap(&world.run(client.ask(method::GET, 0, &[])).expect("returns")).expect("a cap");
    let first = direct.write(1);
    pair.to_near.hold();
    let get = client.ask(method::GET, 0, &[]);
    let piped = get.cap(&at(0));
    let second = piped.write(2);
    world.quiet();
    pair.to_near.open();
    world.run(get).expect("returns");
    let mut third = piped.write(3);
    assert!(waits(world, &mut third), "the window is that of what was reached");
    taken.open();
    world.run(third).expect("there is room");
    drop((first, second));
    assert_eq!(number(&world.run(direct.done()).expect("returns")), 3);
    seen.let_go();
}

fn a_stream_through_a_middle_vat_is_acknowledged_from_the_far_end(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let outer = world.join(&world.middle, &world.right, Some(&boot));
    let through = outer.near.bootstrap();
    let inner = world.join_with(&world.left, &world.middle, None, Some(&through), window(2));
    drop(through);
    let client = inner.near.bootstrap();
    world.run(client.settled()).expect("the bootstrap is there");
    seen.close();
    let mut writes: Vec<_> = (0..3).map(|number| client.write(number)).collect();
    assert!(!waits(world, &mut writes[1]));
    assert!(waits(world, &mut writes[2]), "nothing was acknowledged by the far end");
    assert!(seen.finish_one());
    world.run(writes.split_off(2).remove(0)).expect("there is room");
    seen.open();
    let why = world.run(async {
        client.write(BAD).await.expect("nobody knows yet");
        client.done().await.expect_err("the stream failed")
    });
    assert_eq!(why.reason(), "the sink refuses it");
    drop((client, writes));
    inner.near.abort(Exception::failed("the end"));
    world.quiet();
}

fn a_stream_through_a_local_promise_has_the_window_of_what_it_came_to_be(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (_pair, far) = reach(world, &boot, 2);
    let (client, resolver) = Client::promise(world.left.here());
    seen.close();
    let mut writes: Vec<_> = (0..3).map(|number| client.write(number)).collect();
    assert!(waits(world, &mut writes[0]), "nobody knows where it goes");
    resolver.resolve(Ok(far));
    let ready: Vec<_> = writes.iter_mut().map(|write| !waits(world, write)).collect();
    assert_eq!(ready, [true, true, false]);
    seen.open();
    assert_eq!(number(&world.run(client.done()).expect("returns")), 3);
}

fn a_stream_to_an_object_that_turns_out_to_be_ours_waits_for_each_return(world: &World) {
    let (boot, _) = object(world.right.here());
    let (pair, client) = world.reach(&boot);
    let (ours, taken) = sink(world.left.here());
    pair.hold();
    let echo = client.ask(method::ECHO, 0, &[&ours]);
    let piped = echo.cap(&at(0));
    let early: Vec<_> = (0..2).map(|number| piped.write(number)).collect();
    world.quiet();
    pair.open();
    world.run(echo).expect("returns");
    world.run(piped.settled()).expect("it is ours");
    taken.close();
    let mut late = piped.write(2);
    assert!(waits(world, &mut late), "it is at the object");
    let mut fence = ours.acknowledged();
    assert!(waits(world, &mut fence), "as whoever unwraps the object has to");
    taken.open();
    world.run(fence).expect("nothing is under way");
    world.run(late).expect("returns");
    assert_eq!(taken.taken(), [0, 1, 2]);
    drop(early);
}

fn a_write_too_large_to_leave_fails_the_stream(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let mut config = window(2);
    config.payload_words_max = 64;
    let pair = world.join_with(&world.left, &world.right, None, Some(&boot), config);
    let client = pair.near.bootstrap();
    world.run(client.write(1)).expect("there is room");
    let large = client.request(ID, WRITE).with(|root| {
        root.initn_as::<capnp::data::Builder<'_>>(1 << 10);
    });
    let why = world.run(large.stream()).expect_err("it is too large");
    assert!(why.reason().contains("over the limit"), "{why}");
    let why = world.run(client.write(2)).expect_err("there would be a hole");
    assert!(why.reason().contains("over the limit"), "{why}");
    assert_eq!(number(&world.run(client.done()).expect("the connection lives")), 1);
    assert_eq!(seen.taken(), [1]);
}

/// The object in the middle takes each write by writing on: it is done when there is room behind it.
fn writes_passed_on_by_an_object_hold_back_through_it(world: &World) {
    use bowline::rpc::Call;
    let (boot, seen) = sink(world.right.here());
    let outer = world.join_with(&world.middle, &world.right, None, Some(&boot), window(1));
    let next = outer.near.bootstrap();
    drop(boot);
    let onward = Client::new(world.middle.here(), move |mut call: Call| {
        let next = next.clone();
        async move {
            let given = number(call.params());
            if call.method() == WRITE {
                call.streaming();
                next.write(given).await?;
            } else {
                let reply = next.done().await?;
                call.build(fill(number(&reply), &[]));
            }
            Ok(call.reply())
        }
    });
    let inner = world.join_with(&world.left, &world.middle, None, Some(&onward), window(1));
    drop(onward);
    let client = inner.near.bootstrap();
    world.run(client.settled()).expect("the bootstrap is there");
    seen.close();
    let mut writes: Vec<_> = (0..4).map(|number| client.write(number)).collect();
    let ready: Vec<_> = writes.iter_mut().map(|write| !waits(world, write)).collect();
    assert_eq!(ready, [true, false, false, false], "one window behind the other");
    seen.open();
    assert_eq!(number(&world.run(client.done()).expect("returns")), 4);
    assert_eq!(seen.taken(), [0, 1, 2, 3]);
    drop((client, writes));
    inner.near.abort(Exception::failed("the end"));
    world.quiet();
}

fn a_stream_ends_between_any_two_messages(world: &World) {
    for messages in 0..12 {
        let (boot, seen) = sink(world.right.here());
        let (pair, client) = reach(world, &boot, 2);
        seen.close();
        pair.hold();
        let writes: Vec<_> = (0..4).map(|number| client.write(number)).collect();
        let done = client.done();
        for step in 0..messages {
            let gate = if step % 2 == 0 { &pair.to_far } else { &pair.to_near };
            gate.deliver(1);
            world.quiet();
            seen.finish_one();
            world.quiet();
        }
        pair.near.abort(Exception::failed("enough"));
        world.quiet();
        pair.open();
        world.quiet();
        for mut write in writes {
            assert!(look(&mut write).is_ready(), "after {messages} messages");
        }
        drop(done);
        seen.open();
    }
}

#[test]
fn the_default_window_begins_with_128_kib_and_adapts() {
    assert_eq!(Window::default(), Window::Adaptive { min: 128 << 10, max: 8 << 20 });
    assert_eq!(bowline::conn::Config::default().stream_window, Window::default());
}
