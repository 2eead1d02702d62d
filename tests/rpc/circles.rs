//! Knots: promises and calls that wait for each other, within a vat and over several. Whoever waits
//! in one gets an error, soon, and nothing of it is left.

use bowline::rpc::{Client, Promise, Resolver};

use crate::support::{Ask, Gate, Pair, Seed, Seen, World, at, cap, method, object, scenarios};

scenarios! {
    a_call_that_waits_for_its_own_result_is_an_error,
    calls_that_wait_for_each_others_results_are_an_error,
    promises_of_two_vats_resolved_in_a_ring_are_an_error,
    answers_of_two_vats_that_are_each_others_results_are_an_error,
    calls_of_two_vats_on_each_others_results_are_an_error,
    promises_of_three_vats_resolved_in_a_ring_are_an_error,
    promises_resolved_in_a_ring_over_two_links_are_an_error,
}

/// A knot untied in fewer messages than calls can bounce was found out, and not worn out.
const FEW: usize = 250;

fn few(pair: &Pair) {
    let messages = pair.to_near.log().len() + pair.to_far.log().len();
    assert!(messages < FEW, "{messages} messages");
}

fn all_fail(world: &World, sent: Vec<Promise>) {
    for promise in sent {
        world.run(promise).expect_err("it waits for itself");
    }
}

fn a_call_that_waits_for_its_own_result_is_an_error(world: &World) {
    let (promise, resolver) = Client::promise(world.left.here());
    let get = promise.ask(method::GET, 0, &[]);
    let result = get.cap(&at(0));
    let note = result.note(1);
    resolver.resolve(Ok(result));
    all_fail(world, vec![get, note]);
    drop(promise);
}

fn calls_that_wait_for_each_others_results_are_an_error(world: &World) {
    let promises = [0, 1, 2].map(|_| Client::promise(world.left.here()));
    let gets: Vec<_> = promises.iter().map(|(one, _)| one.ask(method::GET, 0, &[])).collect();
    let results: Vec<_> = gets.iter().map(|get| get.cap(&at(0))).collect();
    for (n, (_, resolver)) in promises.into_iter().enumerate() {
        resolver.resolve(Ok(results[(n + 1) % 3].clone()));
    }
    all_fail(world, gets);
}

/// A promise of `right`, which `left` holds, and what resolves it.
fn promise_of_right(world: &World, client: &Client, boot: &Seen) -> (Client, Resolver) {
    let (promise, resolver) = Client::promise(world.right.here());
    boot.keep_second(&promise);
    drop(promise);
    let got = world.run(client.ask(method::GET_SECOND, 0, &[])).expect("returns");
    (cap(&got).expect("a cap"), resolver)
}

/// What `right` gets to hold of what `left` holds.
fn given_to_right(world: &World, client: &Client, boot: &Seen, given: &Client) -> Client {
    world.run(client.ask(method::HOLD, 0, &[given])).expect("returns");
    boot.kept()
}

// C-P6, C-E10
/// Left 0 becomes right 0, right 0 becomes left 1, and so on, all in one moment.
fn promises_of_two_vats_resolved_in_a_ring_are_an_error(world: &World) {
    for seed in world.seeds(40) {
        let mut seed = Seed(seed);
        let (boot, boot_seen) = object(world.right.here());
        let (pair, client) = world.reach(&boot);
        let length = 1 + seed.below(4);
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for _ in 0..length {
            let (promise, resolver) = Client::promise(world.left.here());
            let told = given_to_right(world, &client, &boot_seen, &promise);
            lefts.push((promise, told, Some(resolver)));
            let (promise, resolver) = promise_of_right(world, &client, &boot_seen);
            rights.push((promise, Some(resolver)));
        }
        boot_seen.let_go();
        world.quiet();
        [&pair.to_near, &pair.to_far].into_iter().for_each(Gate::forget);
        pair.hold();
        let mut sent = Vec::new();
        let mut left = 2 * length;
        while left > 0 {
            let n = seed.below(length);
            let resolver = match seed.below(2) {
                0 => lefts[n].2.take().map(|one| (one, rights[n].0.clone())),
                _ => rights[n].1.take().map(|one| (one, lefts[(n + 1) % length].1.clone())),
            };
            let Some((resolver, to)) = resolver else { continue };
            resolver.resolve(Ok(to));
            left -= 1;
            let n = seed.below(length);
            sent.push(if seed.below(2) == 0 { lefts[n].0.note(0) } else { rights[n].0.note(0) });
            sent.push(lefts[n].1.note(0));
            for _ in 0..seed.below(4) {
                world.deliver_one(&[&pair], &mut seed);
            }
        }
        world.deliver_shuffled(&[&pair], &mut seed);
        few(&pair);
        all_fail(world, sent);
    }
}

/// Each vat answers with the result the other is yet to give.
fn answers_of_two_vats_that_are_each_others_results_are_an_error(world: &World) {
    for seed in world.seeds(30) {
        let mut seed = Seed(seed);
        let (there, there_seen) = object(world.right.here());
        let (here, here_seen) = object(world.left.here());
        let (pair, client) = world.reach(&there);
        let (theirs, ours) =
            (client.ask(method::GET_LATER, 0, &[]), here.ask(method::GET_LATER, 0, &[]));
        let (far, near) = (theirs.cap(&at(0)), ours.cap(&at(0)));
        world.run(client.ask(method::HOLD, 0, &[&near])).expect("returns");
        here_seen.keep(&far);
        let mut sent = vec![far.note(1)];
        world.quiet();
        [&pair.to_near, &pair.to_far].into_iter().for_each(Gate::forget);
        pair.hold();
        sent.push(near.note(2));
        here_seen.go();
        for _ in 0..seed.below(4) {
            world.deliver_one(&[&pair], &mut seed);
        }
        there_seen.go();
        sent.push(far.note(3));
        world.deliver_shuffled(&[&pair], &mut seed);
        few(&pair);
        sent.push(far.note(4));
        sent.push(near.note(5));
        all_fail(world, sent);
        drop((theirs, ours));
        here_seen.let_go();
        there_seen.let_go();
    }
}

/// Each vat calls a promise of the other, which comes to be what the other gets from its call.
/// Neither can know; the calls travel between them, but not for long.
fn calls_of_two_vats_on_each_others_results_are_an_error(world: &World) {
    for tails in [false, true] {
        let (boot, boot_seen) = object(world.right.here());
        let (pair, client) = world.reach(&boot);
        if tails {
            let (mine, _) = object(world.left.here());
            world.run(client.ask(method::TAIL, 0, &[&mine])).expect("returns");
            world.run(client.ask(method::TAIL, 0, &[&mine])).expect("returns");
        }
        let (ours, resolve_ours) = Client::promise(world.left.here());
        let (theirs, resolve_theirs) = promise_of_right(world, &client, &boot_seen);
        let told = given_to_right(world, &client, &boot_seen, &ours);
        boot_seen.let_go();
        pair.hold();
        let from_left = theirs.ask(method::GET, 0, &[]);
        resolve_ours.resolve(Ok(from_left.cap(&at(0))));
        let from_right = told.ask(method::GET, 0, &[]);
        resolve_theirs.resolve(Ok(from_right.cap(&at(0))));
        let mut sent = vec![ours.note(1), theirs.note(2), told.note(3)];
        pair.open();
        world.quiet();
        sent.extend([from_left, from_right, ours.note(4), theirs.note(5), told.note(6)]);
        all_fail(world, sent);
    }
}

/// What `to` offers `from`: a promise of `to`.
fn lend(
    world: &World,
    from: &bowline::runtime::Vat,
    to: &bowline::runtime::Vat,
) -> (Pair, Client, Resolver) {
    let (promise, resolver) = Client::promise(to.here());
    let (boot, seen) = object(to.here());
    seen.keep(&promise);
    let pair = world.join(from, to, Some(&boot));
    let got = world.run(pair.near.bootstrap().ask(method::GET, 0, &[])).expect("returns");
    seen.let_go();
    let lent = cap(&got).expect("a cap");
    (pair, lent, resolver)
}

fn promises_of_three_vats_resolved_in_a_ring_are_an_error(world: &World) {
    let vats = [&world.left, &world.middle, &world.right];
    let lent = [0, 1, 2].map(|n| lend(world, vats[n], vats[(n + 1) % 3]));
    world.quiet();
    let mut sent = Vec::new();
    let mut held = Vec::new();
    let mut resolvers = Vec::new();
    let mut pairs = Vec::new();
    for (pair, promise, resolver) in lent {
        sent.push(promise.note(1));
        held.push(promise);
        resolvers.push(resolver);
        pairs.push(pair);
    }
    // What `n` lent to `n - 1` comes to be what `n + 1` lent to `n`.
    for (n, resolver) in resolvers.into_iter().enumerate() {
        resolver.resolve(Ok(held[(n + 1) % 3].clone()));
    }
    world.quiet();
    sent.extend(held.iter().map(|promise| promise.note(2)));
    all_fail(world, sent);
}

fn promises_resolved_in_a_ring_over_two_links_are_an_error(world: &World) {
    let (_one, theirs, resolve_theirs) = lend(world, &world.left, &world.right);
    let (_other, ours, resolve_ours) = lend(world, &world.right, &world.left);
    let mut sent = vec![ours.note(1), theirs.note(1)];
    resolve_theirs.resolve(Ok(ours.clone()));
    resolve_ours.resolve(Ok(theirs.clone()));
    world.quiet();
    sent.extend([ours.note(2), theirs.note(2)]);
    all_fail(world, sent);
}
