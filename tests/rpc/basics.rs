//! Calls, pipelining, release and cancellation between two vats.

use bowline::wire::ExceptionKind;

use crate::support::{Ask, World, at, cap, method, number, object, scenarios};

scenarios! {
    calls_return,
    an_unknown_method_fails_alone,
    calls_on_results_arrive_before_the_results_are_back,
    a_pipeline_works_after_its_promise_was_dropped,
    only_the_pipeline_is_wanted_so_nothing_returns,
    an_object_dies_with_its_last_client,
    a_held_client_keeps_its_object_until_let_go,
    an_echoed_object_comes_home_as_itself,
    the_same_capability_sent_twice_is_one_export_counted_twice,
    an_exception_keeps_its_kind_trace_and_details,
    calling_nothing_fails,
    a_panicking_object_fails_its_call_alone,
    an_object_calls_back_while_it_is_called,
    unpolled_calls_are_delivered_in_the_order_they_were_made,
    a_detached_call_runs_to_its_end,
}

fn calls_return(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    assert_eq!(number(&world.run(client.note(3)).expect("returns")), 3);
    assert_eq!(number(&world.run(client.note(4)).expect("returns")), 4);
    assert_eq!(seen.notes(), [3, 4]);
}

fn an_unknown_method_fails_alone(world: &World) {
    let (boot, _) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let why = world.run(client.ask(99, 0, &[])).expect_err("no such method");
    assert_eq!(why.kind(), ExceptionKind::Unimplemented);
    assert!(world.run(client.note(1)).is_ok());
}

fn calls_on_results_arrive_before_the_results_are_back(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (kept, kept_seen) = object(world.right.here());
    seen.keep(&kept);
    let (pair, client) = world.reach(&boot);
    pair.to_near.hold();
    let first = client.ask(method::GET, 0, &[]);
    let later = first.cap(&at(0));
    let notes: Vec<_> = (0..5).map(|n| later.note(n)).collect();
    world.quiet();
    assert_eq!(kept_seen.notes(), [0, 1, 2, 3, 4]);
    pair.to_near.open();
    for (n, note) in (0..).zip(notes) {
        assert_eq!(number(&world.run(note).expect("returns")), n);
    }
    drop(kept);
    seen.let_go();
    world.run(first).expect("returns");
}

fn a_pipeline_works_after_its_promise_was_dropped(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (kept, kept_seen) = object(world.right.here());
    seen.keep(&kept);
    let (_pair, client) = world.reach(&boot);
    let first = client.ask(method::GET, 0, &[]);
    let pipeline = first.pipeline();
    drop(first);
    let note = pipeline.cap(&at(0)).note(7);
    assert_eq!(number(&world.run(note).expect("returns")), 7);
    assert_eq!(kept_seen.notes(), [7]);
    seen.let_go();
}

fn only_the_pipeline_is_wanted_so_nothing_returns(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (kept, kept_seen) = object(world.right.here());
    seen.keep(&kept);
    let (pair, client) = world.reach(&boot);
    let first = client.ask(method::GET, 0, &[]);
    let later = first.cap(&at(0));
    drop(first);
    let note = later.note(1);
    assert_eq!(number(&world.run(note).expect("returns")), 1);
    assert_eq!(number(&world.run(later.note(2)).expect("returns")), 2);
    assert_eq!(pair.to_far.count("only_promise_pipeline: true"), 1);
    assert_eq!(pair.to_near.count("Return("), 2, "one for each note, none for the hint");
    assert_eq!(kept_seen.notes(), [1, 2]);
    seen.let_go();
}

fn an_object_dies_with_its_last_client(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (kept, kept_seen) = object(world.right.here());
    seen.keep(&kept);
    drop(kept);
    let (_pair, client) = world.reach(&boot);
    let got = cap(&world.run(client.ask(method::GET, 0, &[])).expect("returns")).expect("a cap");
    let second = got.clone();
    seen.let_go();
    drop(got);
    world.quiet();
    assert!(kept_seen.is_alive());
    drop(second);
    world.quiet();
    assert!(!kept_seen.is_alive());
}

fn a_held_client_keeps_its_object_until_let_go(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, mine_seen) = object(world.left.here());
    let (_pair, client) = world.reach(&boot);
    world.run(client.ask(method::HOLD, 0, &[&mine])).expect("returns");
    drop(mine);
    world.quiet();
    assert!(mine_seen.is_alive());
    assert_eq!(number(&world.run(client.ask(method::PASS, 5, &[])).expect("returns")), 5);
    world.run(client.ask(method::LET_GO, 0, &[])).expect("returns");
    world.quiet();
    assert!(!mine_seen.is_alive());
}

fn an_echoed_object_comes_home_as_itself(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (pair, client) = world.reach(&boot);
    let echoed = world.run(client.ask(method::ECHO, 0, &[&mine])).expect("returns");
    let home = cap(&echoed).expect("a cap");
    drop(echoed);
    world.quiet();
    pair.to_far.forget();
    assert_eq!(number(&world.run(home.note(1)).expect("returns")), 1);
    assert_eq!(pair.to_far.count("Call("), 0, "the call went nowhere but home");
    drop(mine);
    assert_eq!(seen.notes(), [1]);
}

fn the_same_capability_sent_twice_is_one_export_counted_twice(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (pair, client) = world.reach(&boot);
    world.run(client.ask(method::HOLD, 0, &[&mine, &mine])).expect("returns");
    world.quiet();
    assert_eq!(pair.near.stats().expect("open").exports, 1);
    assert_eq!(pair.far.stats().expect("open").imports, 1);
    world.run(client.ask(method::HOLD, 0, &[&mine])).expect("returns");
    assert_eq!(pair.near.stats().expect("open").exports, 1);
    drop(mine);
    world.run(client.ask(method::LET_GO, 0, &[])).expect("returns");
    world.quiet();
    assert!(!seen.is_alive());
}

fn an_exception_keeps_its_kind_trace_and_details(world: &World) {
    let (boot, _) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let why = world.run(client.ask(method::THROW, 0, &[])).expect_err("it throws");
    assert_eq!(why.kind(), ExceptionKind::Failed);
    assert_eq!(why.reason(), "the object was told to fail");
    assert_eq!(why.trace(), Some("thrown at the object"));
    assert_eq!(why.details().len(), 1);
    assert_eq!((why.details()[0].id, why.details()[0].data.as_slice()), (7, &b"detail"[..]));
}

fn calling_nothing_fails(world: &World) {
    let (boot, _) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let none = client.ask(method::GET, 0, &[]).cap(&at(0));
    let why = world.run(none.note(1)).expect_err("nothing was kept");
    assert_eq!(why.kind(), ExceptionKind::Failed);
    assert!(why.reason().contains("null"), "{why}");
    let no_cap = client.ask(method::NOTE, 1, &[]).cap(&at(3));
    assert!(world.run(no_cap.note(1)).is_err());
    assert!(world.run(client.note(1)).is_ok());
}

fn a_panicking_object_fails_its_call_alone(world: &World) {
    let (boot, _) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let why = world.run(client.ask(method::PANIC, 0, &[])).expect_err("it panics");
    assert_eq!(why.kind(), ExceptionKind::Failed);
    assert!(world.run(client.note(1)).is_ok());
}

fn an_object_calls_back_while_it_is_called(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (_pair, client) = world.reach(&boot);
    let reply = world.run(client.ask(method::CALL_BACK, 9, &[&mine])).expect("returns");
    assert_eq!(number(&reply), 9);
    assert_eq!(seen.notes(), [9]);
}

// C-E1
fn unpolled_calls_are_delivered_in_the_order_they_were_made(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let mut promises: Vec<_> = (0..10).map(|n| client.note(n)).collect();
    // The last is polled first; the first never.
    assert_eq!(number(&world.run(promises.pop().expect("ten")).expect("returns")), 9);
    assert_eq!(seen.notes(), (0..10).collect::<Vec<_>>());
    promises.reverse();
    drop(promises);
}

fn a_detached_call_runs_to_its_end(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    client.note(1).detach();
    drop(client.note(2));
    client.note(3).detach();
    world.quiet();
    assert_eq!(seen.notes(), [1, 3], "what nobody wants does not even leave");
}
