//! Tail calls: one object lets another answer, and the results do not pass through it.

use crate::support::{Ask, Seed, World, at, cap, method, number, object, scenarios};

scenarios! {
    the_callers_object_answers_and_the_results_stay_at_home,
    a_tail_call_within_the_vat,
    a_tail_call_to_a_third_vat,
    what_is_pipelined_on_a_tail_call_goes_to_its_end,
    cancelling_reaches_the_end_of_a_tail_call,
    cancelling_and_answering_at_once_leaves_nothing,
    a_tail_call_on_something_broken_fails,
    calls_pipelined_before_set_pipeline_go_where_it_says,
    set_pipeline_and_then_a_cancel,
}

/// Right answers with a call on left's own object. The first such call learns that left answers
/// tail calls; the results of later ones do not come back.
fn the_callers_object_answers_and_the_results_stay_at_home(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (pair, client) = world.reach(&boot);
    for n in 0..3 {
        assert_eq!(number(&world.run(client.ask(method::TAIL, n, &[&mine])).expect("returns")), n);
        world.quiet();
    }
    assert_eq!(seen.notes(), [0, 1, 2]);
    assert!(pair.to_near.count("TakeFromOtherQuestion") > 0);
    assert!(pair.to_far.count("ResultsSentElsewhere") > 0);
}

fn a_tail_call_within_the_vat(world: &World) {
    let (boot, _) = object(world.right.here());
    let (kept, kept_seen) = object(world.right.here());
    let (other, seen) = object(world.right.here());
    kept_seen.keep(&other);
    let (_pair, client) = world.reach(&boot);
    drop(other);
    let kept = world.join(&world.left, &world.right, Some(&kept));
    let far = kept.near.bootstrap();
    assert_eq!(number(&world.run(client.ask(method::TAIL, 4, &[&far])).expect("returns")), 4);
    let got = world.run(far.ask(method::GET, 0, &[])).expect("returns");
    world.run(cap(&got).expect("a cap").note(1)).expect("returns");
    assert_eq!(seen.notes(), [1]);
    kept_seen.let_go();
}

fn a_tail_call_to_a_third_vat(world: &World) {
    let (end, seen) = object(world.right.here());
    let (boot, boot_seen) = object(world.middle.here());
    let outer = world.join(&world.middle, &world.right, Some(&end));
    boot_seen.keep(&outer.near.bootstrap());
    let inner = world.join(&world.left, &world.middle, Some(&boot));
    let client = inner.near.bootstrap();
    let far = client.ask(method::GET, 0, &[]).cap(&at(0));
    for n in 0..2 {
        assert_eq!(number(&world.run(client.ask(method::TAIL, n, &[&far])).expect("returns")), n);
    }
    assert_eq!(seen.notes(), [0, 1]);
    boot_seen.let_go();
}

fn what_is_pipelined_on_a_tail_call_goes_to_its_end(world: &World) {
    for rounds in 0..3 {
        let (boot, _) = object(world.right.here());
        let (mine, mine_seen) = object(world.left.here());
        let (kept, seen) = object(world.left.here());
        mine_seen.keep(&kept);
        let (_pair, client) = world.reach(&boot);
        for _ in 0..rounds {
            world.run(client.ask(method::TAIL, 0, &[&mine])).expect("returns");
        }
        let got = client.ask(method::TAIL_GET, 0, &[&mine]);
        let piped = got.cap(&at(0));
        let notes: Vec<_> = (0..3).map(|n| piped.note(n)).collect();
        for note in notes {
            world.run(note).expect("returns");
        }
        assert_eq!(seen.notes(), [0, 1, 2]);
        let back = cap(&world.run(got).expect("returns")).expect("a cap");
        world.run(back.note(3)).expect("returns");
        assert_eq!(seen.notes(), [0, 1, 2, 3]);
        mine_seen.let_go();
    }
}

fn cancelling_reaches_the_end_of_a_tail_call(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (_pair, client) = world.reach(&boot);
    for round in 0..3 {
        let never = client.ask(method::TAIL_NEVER, 0, &[&mine]);
        world.quiet();
        assert_eq!((seen.running(), seen.cancelled()), (1, round));
        drop(never);
        world.quiet();
        assert_eq!((seen.running(), seen.cancelled()), (0, round + 1));
        // The peer has shown by now that it answers tail calls.
        world.run(client.ask(method::TAIL, 0, &[&mine])).expect("returns");
    }
}

fn cancelling_and_answering_at_once_leaves_nothing(world: &World) {
    for seed in world.seeds(60) {
        let mut seed = Seed(seed);
        let (boot, _) = object(world.right.here());
        let (mine, seen) = object(world.left.here());
        seen.keep(&mine);
        let (pair, client) = world.reach(&boot);
        if seed.below(2) == 0 {
            world.run(client.ask(method::TAIL, 0, &[&mine])).expect("returns");
            world.quiet();
        }
        pair.hold();
        let later = client.ask(method::TAIL_GET_LATER, 0, &[&mine]);
        let piped = later.cap(&at(0)).note(1);
        for _ in 0..seed.below(6) {
            world.deliver_one(&[&pair], &mut seed);
        }
        seen.go();
        drop(later);
        for _ in 0..seed.below(3) {
            world.deliver_one(&[&pair], &mut seed);
        }
        drop(piped);
        world.deliver_shuffled(&[&pair], &mut seed);
        seen.go();
        world.quiet();
        assert_eq!(seen.running(), 0);
        seen.let_go();
    }
}

fn a_tail_call_on_something_broken_fails(world: &World) {
    let (boot, _) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let why = bowline::wire::Exception::failed("it broke");
    let broken = bowline::rpc::Client::broken(world.left.here(), why);
    let error = world.run(client.ask(method::TAIL, 0, &[&broken])).expect_err("it is broken");
    assert_eq!(error.reason(), "it broke");
    assert!(world.run(client.note(1)).is_ok());
}

fn calls_pipelined_before_set_pipeline_go_where_it_says(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (kept, kept_seen) = object(world.right.here());
    seen.keep(&kept);
    let (_pair, client) = world.reach(&boot);
    let early = client.ask(method::EARLY, 0, &[]);
    let piped = early.cap(&at(0));
    let note = piped.note(1);
    world.run(note).expect("returns before the call does");
    world.run(piped.note(2)).expect("returns");
    assert_eq!(kept_seen.notes(), [1, 2]);
    assert_eq!(seen.running(), 1);
    drop((early, piped));
    world.quiet();
    assert_eq!(seen.cancelled(), 1);
    seen.let_go();
}

fn set_pipeline_and_then_a_cancel(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (kept, kept_seen) = object(world.right.here());
    seen.keep(&kept);
    drop(kept);
    let (_pair, client) = world.reach(&boot);
    let early = client.ask(method::EARLY, 0, &[]);
    let piped = early.cap(&at(0));
    drop(early);
    world.run(piped.note(1)).expect("returns");
    drop(piped);
    seen.let_go();
    world.quiet();
    assert_eq!(seen.cancelled(), 1);
    assert!(!kept_seen.is_alive());
}
