//! Membranes at work: order, pipelines, nesting, what is given back, and what revocation ends.

use std::cell::RefCell;
use std::rc::Rc;

use bowline::rpc::{Client, Crossing, Membrane, Policy, Verdict};
use bowline::wire::Exception;

use crate::sink::{BAD, Pour, reach, sink, waits};
use crate::support::{Ask, Seed, World, at, cap, method, number, object, scenarios};

scenarios! {
    calls_keep_their_order_when_a_promise_turns_out_to_be_outside,
    calls_pipelined_through_a_membrane_do_not_wait_for_its_results,
    what_passed_in_is_cut_off_by_revocation_too,
    a_call_in_flight_is_cancelled_behind_and_what_is_pipelined_on_it_fails,
    a_call_given_up_is_cancelled_behind,
    a_failed_call_fails_alike_before_the_membrane,
    two_membranes_are_crossed_one_after_the_other,
    a_stream_through_a_membrane_has_the_window_behind_it,
    a_stream_is_cut_by_revocation,
    a_peer_cancels_before_the_call_has_crossed,
    a_promise_behind_a_membrane_is_a_promise_before_it,
    what_comes_home_keeps_its_disembargo,
    calls_revoked_at_any_moment_leave_nothing,
}

/// Writes down what crosses.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.take()
    }
}

impl Policy for Log {
    fn call(&self, crossing: &Crossing) -> Verdict {
        let line = format!("{:?} {}", crossing.direction, crossing.method);
        self.0.borrow_mut().push(line);
        Verdict::Allow
    }
}

fn calls_keep_their_order_when_a_promise_turns_out_to_be_outside(world: &World) {
    for seed in world.seeds(200) {
        let here = world.right.here();
        let (inside, _) = object(here);
        let membrane = Membrane::new(here, |_: &Crossing| Verdict::Allow);
        let (pair, client) = world.reach(&membrane.wrap(&inside));
        let (mine, seen) = object(world.left.here());
        pair.hold();
        let mut seed = Seed(seed);
        let echo = client.ask(method::ECHO, 0, &[&mine]);
        let promised = echo.cap(&at(0));
        let mut notes = Vec::new();
        for number in 0..12 {
            notes.push(promised.note(number));
            for _ in 0..seed.below(3) {
                world.deliver_one(&[&pair], &mut seed);
            }
        }
        world.deliver_shuffled(&[&pair], &mut seed);
        assert_eq!(seen.notes(), (0..12).collect::<Vec<_>>());
        let echoed = cap(&world.run(echo).expect("returns")).expect("a cap");
        pair.to_far.forget();
        world.run(echoed.note(12)).expect("returns");
        assert_eq!(pair.to_far.count("Call"), 0, "it is ours, and no wall stands before it");
        drop((promised, echoed, client, notes));
        pair.near.abort(Exception::failed("the end of this round"));
        world.quiet();
    }
}

fn calls_pipelined_through_a_membrane_do_not_wait_for_its_results(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (kept, noted) = object(world.right.here());
    seen.keep(&kept);
    let outer = world.join(&world.middle, &world.right, Some(&boot));
    let log = Log::default();
    let membrane = Membrane::new(world.middle.here(), log.clone());
    let through = membrane.wrap(&outer.near.bootstrap());
    let inner = world.join(&world.left, &world.middle, Some(&through));
    drop(through);
    let client = inner.near.bootstrap();
    world.run(client.settled()).expect("the bootstrap is there");
    world.quiet();
    outer.to_near.hold();
    inner.to_near.hold();
    let get = client.ask(method::GET, 0, &[]);
    let note = get.cap(&at(0)).note(7);
    world.quiet();
    assert_eq!(noted.notes(), [7], "no result has come back yet");
    outer.to_near.open();
    inner.to_near.open();
    assert_eq!(number(&world.run(note).expect("returns")), 7);
    let direct = cap(&world.run(get).expect("returns")).expect("a cap");
    world.run(direct.note(8)).expect("returns");
    assert_eq!(noted.notes(), [7, 8]);
    assert_eq!(log.lines(), ["Inward 4", "Inward 0", "Inward 0"]);
    seen.let_go();
    drop((direct, client));
    inner.near.abort(Exception::failed("the end"));
    world.quiet();
}

fn what_passed_in_is_cut_off_by_revocation_too(world: &World) {
    let here = world.right.here();
    let (inside, seen) = object(here);
    let membrane = Membrane::open(here);
    let (_pair, client) = world.reach(&membrane.wrap(&inside));
    let (outside, mine) = object(world.left.here());
    world.run(client.ask(method::HOLD, 0, &[&outside])).expect("returns");
    assert_eq!(number(&world.run(client.ask(method::PASS, 5, &[])).expect("returns")), 5);
    assert_eq!(mine.notes(), [5]);
    drop(outside);
    world.quiet();
    assert!(mine.is_alive());
    membrane.revoke(Exception::failed("the lease is over"));
    world.quiet();
    assert!(!mine.is_alive(), "nothing inside refers to it any more");
    let why = world.run(inside.ask(method::PASS, 6, &[])).map(drop).expect_err("it is cut off");
    assert_eq!(why.reason(), "the lease is over");
    let why = world.run(client.note(1)).map(drop).expect_err("it is cut off");
    assert_eq!(why.reason(), "the lease is over");
    membrane.revoke(Exception::failed("once more"));
    assert_eq!(membrane.wrap(&inside).why_broken().expect("broken").reason(), "the lease is over");
    seen.let_go();
}

fn a_call_in_flight_is_cancelled_behind_and_what_is_pipelined_on_it_fails(world: &World) {
    let here = world.right.here();
    let (inside, seen) = object(here);
    let membrane = Membrane::new(here, |_: &Crossing| Verdict::Allow);
    let (_pair, client) = world.reach(&membrane.wrap(&inside));
    let never = client.ask(method::NEVER, 0, &[]);
    let mut piped = never.cap(&at(0)).note(1);
    assert!(waits(world, &mut piped));
    assert_eq!(seen.running(), 1);
    membrane.revoke(Exception::failed("enough"));
    let why = world.run(never).map(drop).expect_err("it was revoked");
    assert_eq!(why.reason(), "enough");
    let why = world.run(piped).map(drop).expect_err("it was revoked");
    assert_eq!(why.reason(), "enough");
    assert_eq!((seen.running(), seen.cancelled()), (0, 1));
}

fn a_call_given_up_is_cancelled_behind(world: &World) {
    let here = world.right.here();
    let (inside, seen) = object(here);
    let membrane = Membrane::open(here);
    let (_pair, client) = world.reach(&membrane.wrap(&inside));
    let (mine, _) = object(world.left.here());
    let never = client.ask(method::NEVER, 0, &[&mine]);
    world.quiet();
    assert_eq!(seen.running(), 1);
    drop(never);
    world.quiet();
    assert_eq!((seen.running(), seen.cancelled()), (0, 1));
    let early = client.ask(method::NEVER, 0, &[]);
    let piped = early.cap(&at(0));
    world.quiet();
    drop(early);
    world.quiet();
    assert_eq!(seen.cancelled(), 1, "something may be pipelined on it");
    drop(piped);
    world.quiet();
    assert_eq!(seen.cancelled(), 2);
}

fn a_failed_call_fails_alike_before_the_membrane(world: &World) {
    let here = world.right.here();
    let (inside, _) = object(here);
    let membrane = Membrane::open(here);
    let (_pair, client) = world.reach(&membrane.wrap(&inside));
    let why = world.run(client.ask(method::THROW, 0, &[])).map(drop).expect_err("it throws");
    assert_eq!(why.reason(), "the object was told to fail");
    assert_eq!(why.trace(), Some("thrown at the object"));
    let why = world.run(client.ask(999, 0, &[])).map(drop).expect_err("there is none");
    assert_eq!(why.kind(), bowline::wire::ExceptionKind::Unimplemented);
}

fn two_membranes_are_crossed_one_after_the_other(world: &World) {
    let here = world.right.here();
    let (inside, seen) = object(here);
    let (near, far) = (Log::default(), Log::default());
    let inner = Membrane::new(here, near.clone());
    let outer = Membrane::new(here, far.clone());
    let once = inner.wrap(&inside);
    let (_pair, client) = world.reach(&outer.wrap(&once));
    let (mine, noted) = object(world.left.here());
    world.run(client.ask(method::CALL_BACK, 3, &[&mine])).expect("returns");
    assert_eq!(noted.notes(), [3]);
    assert_eq!(far.lines(), ["Inward 9", "Outward 0"]);
    assert_eq!(near.lines(), ["Inward 9", "Outward 0"]);
    let echoed = world.run(client.ask(method::ECHO, 0, &[&mine])).expect("returns");
    world.run(cap(&echoed).expect("a cap").note(4)).expect("returns");
    assert_eq!(far.lines(), ["Inward 1"], "what went in and out of both is itself");
    drop(echoed);
    outer.revoke(Exception::failed("the outer one"));
    let why = world.run(client.note(5)).map(drop).expect_err("it was revoked");
    assert_eq!(why.reason(), "the outer one");
    world.run(once.note(6)).expect("the inner one stands");
    inner.revoke(Exception::failed("the inner one"));
    let why = world.run(once.note(7)).map(drop).expect_err("it was revoked");
    assert_eq!(why.reason(), "the inner one");
    assert_eq!(seen.notes(), [6]);
}

fn a_stream_through_a_membrane_has_the_window_behind_it(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (_pair, far) = reach(world, &boot, 2);
    let log = Log::default();
    let membrane = Membrane::new(world.left.here(), log.clone());
    let client = membrane.wrap(&far);
    drop(far);
    seen.close();
    let mut writes: Vec<_> = (0..4).map(|number| client.write(number)).collect();
    let ready: Vec<_> = writes.iter_mut().map(|write| !waits(world, write)).collect();
    assert_eq!(ready, [true, true, false, false]);
    let mut everything = client.acknowledged();
    assert!(waits(world, &mut everything));
    seen.open();
    for write in writes.split_off(2) {
        world.run(write).expect("there is room");
    }
    world.run(everything).expect("all is acknowledged");
    assert_eq!(log.lines().len(), 4);
    drop(client.write(BAD));
    let why = world.run(client.done()).map(drop).expect_err("the stream failed");
    assert_eq!(why.reason(), "the sink refuses it");
}

fn a_stream_is_cut_by_revocation(world: &World) {
    let (boot, seen) = sink(world.right.here());
    let (_pair, far) = reach(world, &boot, 1);
    let membrane = Membrane::open(world.left.here());
    let client = membrane.wrap(&far);
    seen.close();
    let first = client.write(1);
    let mut second = client.write(2);
    assert!(waits(world, &mut second));
    membrane.revoke(Exception::failed("enough"));
    let why = world.run(second).expect_err("it was revoked");
    assert_eq!(why.reason(), "enough");
    assert!(world.run(client.write(3)).is_err());
    seen.open();
    world.quiet();
    assert_eq!(seen.taken(), [1, 2], "what has left is not called back");
    drop(first);

    let local = Membrane::open(world.right.here());
    let (near, held) = sink(world.right.here());
    held.close();
    let here = local.wrap(&near);
    let mut write = here.write(1);
    assert!(waits(world, &mut write));
    local.revoke(Exception::failed("enough"));
    assert_eq!(world.run(write).expect_err("it was revoked").reason(), "enough");
    world.quiet();
    assert_eq!(held.cancelled(), 1, "what is here is");
    world.run(near.note_down(2)).expect("nothing holds it back");
}

fn a_peer_cancels_before_the_call_has_crossed(world: &World) {
    let here = world.right.here();
    let (inside, seen) = object(here);
    let (promise, resolver) = Client::promise(here);
    let membrane = Membrane::new(here, Patient);
    let (_pair, client) = world.reach(&inside);
    drop(client.ask(method::HOLD, 0, &[]));
    seen.keep(&membrane.wrap(&promise));
    let get = client.ask(method::GET, 0, &[]);
    let waiting = get.cap(&at(0));
    let dropped = waiting.ask(method::NEVER, 0, &[]);
    let behind = waiting.note(1);
    world.quiet();
    drop(dropped);
    world.quiet();
    let (target, noted) = object(here);
    resolver.resolve(Ok(target));
    world.run(behind).expect("it is let through");
    assert_eq!((noted.notes(), noted.running(), noted.cancelled()), (vec![1], 0, 0));
    drop(waiting);
    world.run(get).map(drop).expect("returns");
    seen.let_go();
}

/// Refuses NEVER, once it is known that it would cross.
pub(crate) struct Patient;

impl Policy for Patient {
    fn call(&self, crossing: &Crossing) -> Verdict {
        match crossing.method {
            method::NEVER => Verdict::Refuse(Exception::failed("never")),
            _ => Verdict::Allow,
        }
    }

    fn settles_first(&self) -> bool {
        true
    }
}

fn a_promise_behind_a_membrane_is_a_promise_before_it(world: &World) {
    let here = world.right.here();
    let (inside, seen) = object(here);
    let membrane = Membrane::open(here);
    let (pair, client) = world.reach(&membrane.wrap(&inside));
    let (promise, resolver) = Client::promise(here);
    seen.keep(&promise);
    let got = cap(&world.run(client.ask(method::GET, 0, &[])).expect("returns")).expect("a cap");
    let note = got.note(1);
    let mut settled = Box::pin(got.settled());
    assert!(waits(world, &mut settled));
    let (target, noted) = object(here);
    resolver.resolve(Ok(target));
    world.run(settled).expect("it is settled");
    assert!(pair.to_near.count("Resolve") > 0);
    world.run(got.note(2)).expect("returns");
    world.run(note).expect("returns");
    assert_eq!(noted.notes(), [1, 2]);
    seen.let_go();
    drop(promise);
}

/// An object goes in, and its owner is told that what came back is its own while calls are on their
/// way: those made by the new way wait for the others.
fn what_comes_home_keeps_its_disembargo(world: &World) {
    let here = world.right.here();
    let (inside, seen) = object(here);
    let membrane = Membrane::open(here);
    let (pair, client) = world.reach(&membrane.wrap(&inside));
    let (mine, noted) = object(world.left.here());
    let (promise, resolver) = Client::promise(here);
    seen.keep(&promise);
    let got = cap(&world.run(client.ask(method::GET, 0, &[])).expect("returns")).expect("a cap");
    world.run(client.ask(method::HOLD, 0, &[&mine])).expect("returns");
    let early = got.note(1);
    world.quiet();
    pair.hold();
    let late = got.note(2);
    resolver.resolve(Ok(seen.kept()));
    world.quiet();
    pair.to_near.deliver(2);
    world.quiet();
    let last = got.note(3);
    pair.open();
    for note in [early, late, last] {
        world.run(note).expect("returns");
    }
    assert_eq!(noted.notes(), [1, 2, 3]);
    seen.let_go();
    drop(promise);
}

fn calls_revoked_at_any_moment_leave_nothing(world: &World) {
    for seed in world.seeds(150) {
        let mut seed = Seed(seed);
        let here = world.right.here();
        let (inside, seen) = object(here);
        let membrane = Membrane::new(here, |_: &Crossing| Verdict::Allow);
        let (pair, client) = world.reach(&membrane.wrap(&inside));
        let (mine, kept) = object(world.left.here());
        pair.hold();
        let calls = [
            client.ask(method::HOLD, 0, &[&mine]),
            client.ask(method::PASS, 1, &[]),
            client.ask(method::TAIL, 2, &[&mine]),
            client.ask(method::GET, 0, &[]),
            client.ask(method::NEVER, 0, &[&mine]),
            client.ask(method::TAIL_NEVER, 0, &[&mine]),
        ];
        let piped = calls[3].cap(&at(0)).note(3);
        let echoed = calls[3].cap(&at(0));
        for _ in 0..seed.below(20) {
            world.deliver_one(&[&pair], &mut seed);
        }
        membrane.revoke(Exception::failed("enough"));
        world.deliver_shuffled(&[&pair], &mut seed);
        for call in calls {
            // Each has come to an end: it returned before, or was revoked.
            let _ = world.run(call);
        }
        let _ = world.run(piped);
        drop((echoed, client, mine));
        seen.let_go();
        kept.let_go();
        world.quiet();
        assert_eq!((seen.running(), kept.running()), (0, 0));
        pair.near.abort(Exception::failed("the end of this round"));
        world.quiet();
    }
}
