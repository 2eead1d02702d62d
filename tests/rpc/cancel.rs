//! Cancellation: what nobody wants any more ends, what somebody wants goes on, and nothing is left.

use crate::support::{Ask, Seed, World, at, method, number, object, scenarios};

scenarios! {
    dropping_the_promise_cancels_the_call,
    a_pipeline_keeps_the_call_alive_and_its_end_cancels_it,
    a_cancelled_call_returns_once_and_frees_its_question,
    cancelling_releases_what_was_passed,
    cancelling_a_call_that_waits_at_a_promise_releases_what_was_passed,
    returning_releases_what_was_passed,
    a_return_that_crosses_a_finish_releases_its_results,
    a_call_cancelled_before_it_left_never_arrives,
    an_object_outlives_its_client_while_it_is_called,
    cancelling_in_a_row_passes_through_three_vats,
    calls_dropped_at_any_moment_leave_nothing,
}

fn dropping_the_promise_cancels_the_call(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let never = client.ask(method::NEVER, 0, &[]);
    world.quiet();
    assert_eq!((seen.running(), seen.cancelled()), (1, 0));
    drop(never);
    world.quiet();
    assert_eq!((seen.running(), seen.cancelled()), (0, 1));
}

fn a_pipeline_keeps_the_call_alive_and_its_end_cancels_it(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    for pipeline_first in [true, false] {
        let never = client.ask(method::NEVER, 0, &[]);
        let pipeline = never.pipeline();
        let waiting = pipeline.cap(&at(0));
        world.quiet();
        let before = seen.cancelled();
        if pipeline_first {
            drop((pipeline, waiting));
            world.quiet();
            assert_eq!(seen.cancelled(), before);
            drop(never);
        } else {
            drop(never);
            drop(pipeline);
            world.quiet();
            assert_eq!(seen.cancelled(), before);
            drop(waiting);
        }
        world.quiet();
        assert_eq!(seen.cancelled(), before + 1);
    }
}

fn a_cancelled_call_returns_once_and_frees_its_question(world: &World) {
    let (boot, _) = object(world.right.here());
    let (pair, client) = world.reach(&boot);
    for _ in 0..5 {
        let never = client.ask(method::NEVER, 0, &[]);
        world.quiet();
        drop(never);
        world.quiet();
    }
    assert_eq!(pair.to_near.count("Return("), 5);
    assert_eq!(pair.to_near.count("Canceled"), 5);
    assert_eq!(pair.to_far.count("question: QuestionId(0)"), 10, "each a Call and a Finish");
    assert_eq!(pair.near.stats().expect("open").questions, 0);
}

fn cancelling_releases_what_was_passed(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (_pair, client) = world.reach(&boot);
    let never = client.ask(method::NEVER, 0, &[&mine]);
    drop(mine);
    world.quiet();
    assert!(seen.is_alive());
    drop(never);
    world.quiet();
    assert!(!seen.is_alive());
}

fn cancelling_a_call_that_waits_at_a_promise_releases_what_was_passed(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (_pair, client) = world.reach(&boot);
    let never = client.ask(method::NEVER, 0, &[]);
    let waits = never.cap(&at(0)).ask(method::HOLD, 0, &[&mine]);
    let (local, resolver) = bowline::rpc::Client::promise(world.left.here());
    let waits_here = local.ask(method::HOLD, 0, &[&mine]);
    drop(mine);
    world.quiet();
    assert!(seen.is_alive());
    drop((waits, waits_here));
    world.quiet();
    assert!(!seen.is_alive());
    drop((never, local, resolver));
}

fn returning_releases_what_was_passed(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (pair, client) = world.reach(&boot);
    let reply = world.run(client.ask(method::NOTE, 0, &[&mine])).expect("returns");
    drop(mine);
    world.quiet();
    assert!(!seen.is_alive());
    assert_eq!(pair.to_near.count("Release"), 0, "the Return says it");
    drop(reply);
}

fn a_return_that_crosses_a_finish_releases_its_results(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (kept, kept_seen) = object(world.right.here());
    seen.keep(&kept);
    drop(kept);
    let (pair, client) = world.reach(&boot);
    pair.to_near.hold();
    let get = client.ask(method::GET, 0, &[]);
    world.quiet();
    assert_eq!(pair.to_near.held(), ["Return"]);
    drop(get);
    world.quiet();
    pair.to_near.open();
    seen.let_go();
    world.quiet();
    assert!(!kept_seen.is_alive());
}

fn a_call_cancelled_before_it_left_never_arrives(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (pair, client) = world.reach(&boot);
    drop(client.note(1));
    world.quiet();
    assert!(seen.notes().is_empty());
    assert!(pair.to_far.log().is_empty());
}

fn an_object_outlives_its_client_while_it_is_called(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (kept, kept_seen) = object(world.right.here());
    seen.keep(&kept);
    drop(kept);
    let (_pair, client) = world.reach(&boot);
    let got = client.ask(method::GET, 0, &[]).cap(&at(0));
    let later = got.ask(method::GET_LATER, 0, &[]);
    world.quiet();
    drop(got);
    seen.let_go();
    world.quiet();
    assert!(kept_seen.is_alive());
    kept_seen.go();
    world.run(later).expect("returns");
    world.quiet();
    assert!(!kept_seen.is_alive());
}

fn cancelling_in_a_row_passes_through_three_vats(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (_inner, _outer, client) = world.relay(&boot);
    let never = client.ask(method::NEVER, 0, &[]);
    world.quiet();
    assert_eq!(seen.running(), 1);
    drop(never);
    world.quiet();
    assert_eq!((seen.running(), seen.cancelled()), (0, 1));
}

/// Everything a caller holds is dropped somewhere between two deliveries.
fn calls_dropped_at_any_moment_leave_nothing(world: &World) {
    for seed in world.seeds(150) {
        let mut seed = Seed(seed);
        let (boot, seen) = object(world.right.here());
        let (mine, mine_seen) = object(world.left.here());
        seen.keep(&boot);
        let (pair, client) = world.reach(&boot);
        drop(boot);
        pair.hold();
        let method =
            [method::ECHO, method::HOLD, method::TAIL, method::TAIL_GET_LATER][seed.below(4)];
        let call = client.ask(method, 1, &[&mine]);
        let cap = call.cap(&at(0));
        let note = cap.note(1);
        drop(mine);
        let mut held = [Some(Held::Call(call)), Some(Held::Cap(cap)), Some(Held::Note(note))];
        while held.iter().any(Option::is_some) {
            for _ in 0..seed.below(4) {
                world.deliver_one(&[&pair], &mut seed);
            }
            let which = seed.below(held.len());
            drop(held[which].take());
        }
        world.deliver_shuffled(&[&pair], &mut seed);
        seen.let_go();
        mine_seen.go();
        world.quiet();
        assert!(!mine_seen.is_alive());
        assert_eq!(number(&world.run(client.note(9)).expect("the connection lives")), 9);
    }
}

/// What a caller may hold of one call.
#[allow(dead_code, reason = "held only to be dropped")]
enum Held {
    Call(bowline::rpc::Promise),
    Cap(bowline::rpc::Client),
    Note(bowline::rpc::Promise),
}
