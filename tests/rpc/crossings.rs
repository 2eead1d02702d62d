//! Sequences in which resolutions of two vats cross, each told step by step and then with the steps
//! in any order: what is sent through one reference arrives in the order it was sent, or fails.

use bowline::rpc::{Client, Promise, Resolver};
use bowline::wire::Exception;

use crate::support::{Ask, Pair, Seed, Seen, World, at, cap, method, object, scenarios};

scenarios! {
    a_promise_passed_on_and_resolved_to_a_result_that_is_nothing,
    a_broken_capability_passed_and_returned_on_both_sides,
    a_call_reflected_home_whose_result_is_the_peers_own,
    a_result_of_a_result_of_a_promise_of_the_peer,
    a_promise_of_a_third_vat_comes_to_be_an_object_in_between,

}

/// Two vats that each offer an object; what each has of the other's.
struct Both {
    pair: Pair,
    left_seen: Seen,
    right_seen: Seen,
    to_left: Client,
    to_right: Client,
}

fn both(world: &World) -> Both {
    let (left, left_seen) = object(world.left.here());
    let (right, right_seen) = object(world.right.here());
    let config = bowline::conn::Config::default();
    let pair = world.join_with(&world.left, &world.right, Some(&left), Some(&right), config);
    let (to_right, to_left) = (pair.near.bootstrap(), pair.far.bootstrap());
    world.run(to_right.settled()).expect("it is there");
    world.run(to_left.settled()).expect("it is there");
    world.quiet();
    Both { pair, left_seen, right_seen, to_left, to_right }
}

fn some(world: &World, pair: &Pair, seed: &mut Seed) {
    for _ in 0..seed.below(4) {
        world.deliver_one(&[pair], seed);
    }
}

/// Left passes its own promise, resolves it to a result of that very call which will be null, and
/// calls another result, which right makes a call on the promise.
fn a_promise_passed_on_and_resolved_to_a_result_that_is_nothing(world: &World) {
    for seed in world.seeds(30) {
        let mut seed = Seed(seed);
        let Both { pair, right_seen, to_right, .. } = both(world);
        let (promise, resolver) = Client::promise(world.left.here());
        world.run(to_right.ask(method::HOLD, 0, &[&promise])).expect("returns");
        pair.hold();
        let asked = to_right.ask(method::GET_LATER, 0, &[]);
        resolver.resolve(Ok(asked.cap(&at(2))));
        let called = asked.cap(&at(0)).note(1);
        some(world, &pair, &mut seed);
        let onward = right_seen.kept().ask(method::GET, 0, &[]);
        right_seen.keep(&onward.cap(&at(0)));
        some(world, &pair, &mut seed);
        right_seen.go();
        let later = asked.cap(&at(0)).note(2);
        world.deliver_shuffled(&[&pair], &mut seed);
        right_seen.go();
        world.quiet();
        world.run(called).expect_err("it leads to nothing");
        world.run(later).expect_err("it leads to nothing");
        world.run(promise.note(3)).expect_err("it is nothing");
        world.run(to_right.note(4)).expect("the connection lives");
        drop((asked, onward));
        right_seen.let_go();
    }
}

/// Right passes a broken capability to left, which returns it; and returns to left the result of
/// that call, which left has called already.
fn a_broken_capability_passed_and_returned_on_both_sides(world: &World) {
    for seed in world.seeds(30) {
        let mut seed = Seed(seed);
        let Both { pair, right_seen, to_left, to_right, .. } = both(world);
        let broken = Client::broken(world.right.here(), Exception::failed("it broke"));
        pair.hold();
        let echoed = to_left.ask(method::ECHO, 0, &[&broken]);
        right_seen.keep(&echoed.cap(&at(0)));
        let got = to_right.ask(method::GET, 0, &[]);
        let result = got.cap(&at(0));
        let mut sent = vec![result.note(1)];
        some(world, &pair, &mut seed);
        sent.push(result.note(2));
        world.deliver_shuffled(&[&pair], &mut seed);
        sent.push(result.note(3));
        for note in sent {
            assert_eq!(world.run(note).expect_err("it is broken").reason(), "it broke");
        }
        world.run(got).expect("returns");
        world.run(echoed).expect("returns");
        right_seen.let_go();
    }
}

/// Left calls what right returns, which is left's own; the call comes home, and its result is
/// right's own. Left has called that result, and another which will be nothing.
fn a_call_reflected_home_whose_result_is_the_peers_own(world: &World) {
    for seed in world.seeds(30) {
        let mut seed = Seed(seed);
        let Both { pair, left_seen, right_seen, to_left, to_right, .. } = both(world);
        right_seen.keep(&to_left);
        left_seen.keep(&to_right);
        pair.hold();
        let home = to_right.ask(method::GET, 0, &[]);
        some(world, &pair, &mut seed);
        let asked = home.cap(&at(0)).ask(method::GET_LATER, 0, &[]);
        let (back, nothing) = (asked.cap(&at(0)), asked.cap(&at(2)));
        some(world, &pair, &mut seed);
        let lost = nothing.note(9);
        let mut sent = Vec::new();
        for n in 0..6 {
            sent.push(back.note(n));
            if seed.below(3) == 0 {
                left_seen.go();
            }
            some(world, &pair, &mut seed);
        }
        world.deliver_shuffled(&[&pair], &mut seed);
        left_seen.go();
        world.quiet();
        for note in sent {
            world.run(note).expect("returns");
        }
        world.run(lost).expect_err("it is nothing");
        assert_eq!(right_seen.notes(), [0, 1, 2, 3, 4, 5]);
        drop((home, asked));
        left_seen.let_go();
        right_seen.let_go();
    }
}

/// Right calls a result of left, which is a result of right, which is another result of left, which
/// comes to be right's own.
fn a_result_of_a_result_of_a_promise_of_the_peer(world: &World) {
    for seed in world.seeds(30) {
        let mut seed = Seed(seed);
        let Both { pair, left_seen, right_seen, to_left, to_right } = both(world);
        let x1 = to_right.ask(method::GET_LATER, 0, &[]);
        let x2 = to_left.ask(method::GET_LATER, 0, &[]);
        let (other, other_seen) = object(world.left.here());
        let x3 = given(world, &to_left, &left_seen, &other).ask(method::GET_LATER, 0, &[]);
        right_seen.keep(&x3.cap(&at(0)));
        left_seen.keep(&x1.cap(&at(0)));
        let (local, resolver) = Client::promise(world.left.here());
        other_seen.keep(&local);
        pair.hold();
        let called = x2.cap(&at(0));
        let mut sent = Vec::new();
        let mut resolver = Some(resolver);
        for n in 0..8 {
            sent.push(called.note(n));
            match seed.below(5) {
                0 => right_seen.go(),
                1 => left_seen.go(),
                2 => other_seen.go(),
                3 => settle(&mut resolver, &to_right),
                _ => {}
            }
            some(world, &pair, &mut seed);
        }
        world.deliver_shuffled(&[&pair], &mut seed);
        for seen in [&right_seen, &left_seen, &other_seen] {
            seen.go();
            world.quiet();
        }
        settle(&mut resolver, &to_right);
        for note in sent {
            world.run(note).expect("returns");
        }
        assert_eq!(right_seen.notes(), [0, 1, 2, 3, 4, 5, 6, 7]);
        drop((x1, x2, x3));
        for seen in [&right_seen, &left_seen, &other_seen] {
            seen.let_go();
        }
    }
}

fn settle(resolver: &mut Option<Resolver>, to: &Client) {
    resolver.take().into_iter().for_each(|one| one.resolve(Ok(to.clone())));
}

/// What one vat gets of what the other's object keeps for it.
fn given(world: &World, to: &Client, seen: &Seen, kept: &Client) -> Client {
    seen.keep(kept);
    let got = world.run(to.ask(method::GET, 0, &[])).expect("returns");
    seen.let_go();
    cap(&got).expect("a cap")
}

// C-E9
/// Left calls a promise of middle, which comes to be a promise of right, which comes to be an object
/// of middle. Left is told of the one while the other is under way.
fn a_promise_of_a_third_vat_comes_to_be_an_object_in_between(world: &World) {
    for seed in world.seeds(40) {
        let mut seed = Seed(seed);
        let (far, far_seen) = object(world.right.here());
        let (near, near_seen) = object(world.middle.here());
        let outer = world.join(&world.middle, &world.right, Some(&far));
        let inner = world.join(&world.left, &world.middle, Some(&near));
        let (to_right, to_middle) = (outer.near.bootstrap(), inner.near.bootstrap());
        let (theirs, resolve_theirs) = Client::promise(world.right.here());
        let theirs = given(world, &to_right, &far_seen, &theirs);
        let (ours, resolve_ours) = Client::promise(world.middle.here());
        let client = given(world, &to_middle, &near_seen, &ours);
        drop(ours);
        let (goal, seen) = object(world.middle.here());
        world.run(to_right.ask(method::HOLD, 0, &[&goal])).expect("returns");
        let pairs = [&inner, &outer];
        pairs.iter().for_each(|pair| pair.hold());
        let mut steps = vec![(resolve_ours, theirs), (resolve_theirs, far_seen.kept())];
        far_seen.let_go();
        let mut sent: Vec<Promise> = Vec::new();
        for n in 0..8 {
            sent.push(client.note(n));
            if seed.below(3) == 0 && !steps.is_empty() {
                let (resolver, to) = steps.remove(seed.below(steps.len()));
                resolver.resolve(Ok(to));
            }
            for _ in 0..seed.below(4) {
                world.deliver_one(&pairs, &mut seed);
            }
        }
        steps.into_iter().for_each(|(resolver, to)| resolver.resolve(Ok(to)));
        world.deliver_shuffled(&pairs, &mut seed);
        for note in sent {
            world.run(note).expect("returns");
        }
        assert_eq!(seen.notes(), [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}
