//! E-order: what is sent through one reference arrives in the order it was sent, however the way
//! there becomes shorter meanwhile.

use bowline::rpc::{Client, Promise};

use crate::support::{Ask, Pair, Seed, World, at, cap, method, object, scenarios};

scenarios! {
    calls_along_the_old_way_arrive_before_those_along_the_new,
    an_embargoed_promise_that_breaks_fails_its_calls,
    a_promise_for_nothing_is_not_embargoed,
    a_promise_nobody_used_is_not_embargoed,
    a_promise_dropped_under_embargo_leaves_nothing,
    calls_cross_two_vats_in_order_though_the_object_is_at_home,
    the_four_way_race,
    the_four_way_race_through_a_promise,
    a_bootstrap_that_is_a_promise_of_the_asker,
    an_exported_promise_resolves_to_the_peers_own_object,
    a_tail_call_home_keeps_the_order,
    calls_to_a_promise_and_to_what_it_became_share_one_order,
}

/// Sends NOTE `numbers` and keeps the promises, so that none is withdrawn.
fn notes(client: &Client, numbers: std::ops::Range<u64>, sent: &mut Vec<Promise>) {
    sent.extend(numbers.map(|n| client.note(n)));
}

fn all_return(world: &World, sent: Vec<Promise>) {
    for promise in sent {
        world.run(promise).expect("returns");
    }
}

fn calls_along_the_old_way_arrive_before_those_along_the_new(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (pair, client) = world.reach(&boot);
    let mut sent = Vec::new();
    pair.to_near.hold();
    let echo = client.ask(method::ECHO, 0, &[&mine]);
    let mirrored = echo.cap(&at(0));
    notes(&mirrored, 0..2, &mut sent);
    world.quiet();
    pair.to_near.deliver(1);
    let echoed = world.run(echo).expect("the Return is delivered");
    let home = cap(&echoed).expect("a cap");
    notes(&mirrored, 2..4, &mut sent);
    world.quiet();
    assert!(seen.notes().is_empty(), "calls on the old way are under way");
    pair.to_near.open();
    world.quiet();
    assert_eq!(pair.to_near.count("ReceiverLoopback"), 1);
    notes(&mirrored, 4..6, &mut sent);
    drop((echoed, home));
    all_return(world, sent);
    assert_eq!(seen.notes(), [0, 1, 2, 3, 4, 5]);
}

fn an_embargoed_promise_that_breaks_fails_its_calls(world: &World) {
    let (boot, _) = object(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let (promise, resolver) = Client::promise(world.left.here());
    let echo = client.ask(method::ECHO, 0, &[&promise]);
    let mirrored = echo.cap(&at(0));
    let mut sent = Vec::new();
    notes(&mirrored, 0..2, &mut sent);
    world.run(echo).expect("returns");
    notes(&mirrored, 2..4, &mut sent);
    resolver.resolve(Err(bowline::wire::Exception::failed("it broke")));
    for promise in sent {
        assert_eq!(world.run(promise).expect_err("it broke").reason(), "it broke");
    }
    world.run(client.note(1)).expect("the connection lives");
}

fn a_promise_for_nothing_is_not_embargoed(world: &World) {
    let (boot, _) = object(world.right.here());
    let (pair, client) = world.reach(&boot);
    let get = client.ask(method::GET, 0, &[]);
    let none = get.cap(&at(0));
    let before = none.note(0);
    world.run(get).expect("returns");
    let after = none.note(1);
    assert!(world.run(before).is_err());
    assert!(world.run(after).is_err());
    assert_eq!(pair.to_far.count("Disembargo"), 0);
}

fn a_promise_nobody_used_is_not_embargoed(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (pair, client) = world.reach(&boot);
    let echo = client.ask(method::ECHO, 0, &[&mine]);
    let mirrored = echo.cap(&at(0));
    world.run(echo).expect("returns");
    world.run(mirrored.note(1)).expect("returns");
    assert_eq!(pair.to_far.count("Disembargo"), 0);
    assert_eq!(seen.notes(), [1]);
    drop(mine);
}

fn a_promise_dropped_under_embargo_leaves_nothing(world: &World) {
    let (boot, _) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (pair, client) = world.reach(&boot);
    pair.to_near.hold();
    let echo = client.ask(method::ECHO, 0, &[&mine]);
    let mirrored = echo.cap(&at(0));
    let first = mirrored.note(0);
    world.quiet();
    pair.to_near.deliver(1);
    world.run(echo).expect("returns");
    let second = mirrored.note(1);
    world.quiet();
    drop((mirrored, first, second, mine));
    world.quiet();
    pair.to_near.open();
    world.quiet();
    assert!(!seen.is_alive());
}

/// What `left` sends over `middle` to what `right` keeps, which lives at `left`.
fn calls_cross_two_vats_in_order_though_the_object_is_at_home(world: &World) {
    for seed in world.seeds(60) {
        let (boot, boot_seen) = object(world.right.here());
        let (mine, seen) = object(world.left.here());
        let (inner, outer, client) = world.relay(&boot);
        world.run(client.ask(method::HOLD, 0, &[&mine])).expect("returns");
        let pairs = [&inner, &outer];
        let mut seed = Seed(seed);
        pairs.iter().for_each(|pair| pair.hold());
        let get = client.ask(method::GET, 0, &[]);
        let home = get.cap(&at(0));
        let sent = trickle_notes(world, &pairs, &home, 6, &mut seed);
        world.deliver_shuffled(&pairs, &mut seed);
        all_return(world, sent);
        assert_eq!(seen.notes(), [0, 1, 2, 3, 4, 5]);
        boot_seen.let_go();
        drop(get);
    }
}

/// Sends notes with a few deliveries between them.
fn trickle_notes(
    world: &World,
    pairs: &[&Pair],
    to: &Client,
    count: u64,
    seed: &mut Seed,
) -> Vec<Promise> {
    let mut sent = Vec::new();
    for n in 0..count {
        notes(to, n..n + 1, &mut sent);
        for _ in 0..seed.below(4) {
            world.deliver_one(pairs, seed);
        }
    }
    sent
}

/// A promise of `left` is mirrored by `right`, and comes to be an object of `right` meanwhile.
fn the_four_way_race(world: &World) {
    for seed in world.seeds(100) {
        let mut seed = Seed(seed);
        let (boot, _) = object(world.right.here());
        let (theirs, seen) = object(world.right.here());
        let (pair, client) = world.reach(&boot);
        let other = world.join(&world.left, &world.right, Some(&theirs));
        drop(theirs);
        let theirs = world.run(client.ask(method::ECHO, 0, &[&other.near.bootstrap()]));
        let theirs = cap(&theirs.expect("returns")).expect("a cap");
        world.quiet();
        race(world, &[&pair, &other], &client, &theirs, &mut seed);
        assert_eq!(seen.notes(), [0, 1, 2, 3, 4, 5]);
    }
}

fn race(world: &World, pairs: &[&Pair], client: &Client, theirs: &Client, seed: &mut Seed) {
    pairs.iter().for_each(|pair| pair.hold());
    let (promise, resolver) = Client::promise(world.left.here());
    let echo = client.ask(method::ECHO, 0, &[&promise]);
    let mirrored = echo.cap(&at(0));
    let mut sent = Vec::new();
    let resolve_at = seed.below(6) as u64;
    let mut resolver = Some(resolver);
    for n in 0..6 {
        notes(&mirrored, n..n + 1, &mut sent);
        if n == resolve_at {
            resolver.take().into_iter().for_each(|one| one.resolve(Ok(theirs.clone())));
        }
        for _ in 0..seed.below(4) {
            world.deliver_one(pairs, seed);
        }
    }
    world.deliver_shuffled(pairs, seed);
    all_return(world, sent);
}

/// As before, but what `left` resolves its promise to was a promise of `right`, which came to be an
/// object of `left`.
fn the_four_way_race_through_a_promise(world: &World) {
    for seed in world.seeds(100) {
        let mut seed = Seed(seed);
        let (boot, boot_seen) = object(world.right.here());
        let (mine, seen) = object(world.left.here());
        let (pair, client) = world.reach(&boot);
        let (theirs, their_resolver) = Client::promise(world.right.here());
        boot_seen.keep(&theirs);
        drop(theirs);
        let got = world.run(client.ask(method::GET, 0, &[])).expect("returns");
        let theirs = cap(&got).expect("a cap");
        world.run(client.ask(method::HOLD, 0, &[&mine])).expect("returns");
        their_resolver.resolve(Ok(boot_seen.kept()));
        drop((got, mine));
        boot_seen.let_go();
        race(world, &[&pair], &client, &theirs, &mut seed);
        assert_eq!(seen.notes(), [0, 1, 2, 3, 4, 5]);
    }
}

/// `right` offers a promise, and resolves it to an object `left` gave it.
fn a_bootstrap_that_is_a_promise_of_the_asker(world: &World) {
    for seed in world.seeds(40) {
        let mut seed = Seed(seed);
        let (boot, boot_seen) = object(world.right.here());
        let (mine, seen) = object(world.left.here());
        let (first, client) = world.reach(&boot);
        world.run(client.ask(method::HOLD, 0, &[&mine])).expect("returns");
        let (promise, resolver) = Client::promise(world.right.here());
        boot_seen.keep_second(&promise);
        drop(promise);
        first.hold();
        let get = client.ask(method::GET_SECOND, 0, &[]);
        let later = get.cap(&at(0));
        let mut sent = trickle_notes(world, &[&first], &later, 3, &mut seed);
        resolver.resolve(Ok(boot_seen.kept()));
        for n in 3..6 {
            notes(&later, n..n + 1, &mut sent);
            for _ in 0..seed.below(4) {
                world.deliver_one(&[&first], &mut seed);
            }
        }
        world.deliver_shuffled(&[&first], &mut seed);
        all_return(world, sent);
        assert_eq!(seen.notes(), [0, 1, 2, 3, 4, 5]);
        boot_seen.let_go();
        drop(get);
    }
}

fn an_exported_promise_resolves_to_the_peers_own_object(world: &World) {
    let (boot, boot_seen) = object(world.right.here());
    let (mine, seen) = object(world.left.here());
    let (pair, client) = world.reach(&boot);
    world.run(client.ask(method::HOLD, 0, &[&mine])).expect("returns");
    let (promise, resolver) = Client::promise(world.right.here());
    boot_seen.keep_second(&promise);
    drop(promise);
    let got = world.run(client.ask(method::GET_SECOND, 0, &[])).expect("returns");
    let later = cap(&got).expect("a cap");
    let mut sent = Vec::new();
    notes(&later, 0..2, &mut sent);
    world.quiet();
    resolver.resolve(Ok(boot_seen.kept()));
    boot_seen.let_go();
    world.run(later.settled()).expect("it settles");
    notes(&later, 2..4, &mut sent);
    all_return(world, sent);
    assert_eq!(seen.notes(), [0, 1, 2, 3]);
    assert_eq!(pair.to_near.count("Resolve("), 1);
    drop((got, mine, later));
    world.quiet();
    assert!(!seen.is_alive());
}

/// `right` answers with a tail call on `left`; what `left` pipelines on that stays in order.
fn a_tail_call_home_keeps_the_order(world: &World) {
    for seed in world.seeds(60) {
        let mut seed = Seed(seed);
        let (boot, _) = object(world.right.here());
        let (mine, mine_seen) = object(world.left.here());
        let (kept, seen) = object(world.left.here());
        mine_seen.keep(&kept);
        let (pair, client) = world.reach(&boot);
        pair.hold();
        let got = client.ask(method::TAIL_GET_LATER, 0, &[&mine]);
        let later = got.cap(&at(0));
        let mut sent = trickle_notes(world, &[&pair], &later, 3, &mut seed);
        let early = mine_seen.running() > 0;
        mine_seen.go();
        notes(&later, 3..5, &mut sent);
        world.deliver_shuffled(&[&pair], &mut seed);
        if !early {
            mine_seen.go();
        }
        notes(&later, 5..6, &mut sent);
        all_return(world, sent);
        world.run(got).expect("returns");
        assert_eq!(seen.notes(), [0, 1, 2, 3, 4, 5]);
        mine_seen.let_go();
    }
}

fn calls_to_a_promise_and_to_what_it_became_share_one_order(world: &World) {
    let (boot, seen) = object(world.right.here());
    let (pair, client) = world.reach(&boot);
    let (promise, resolver) = Client::promise(world.left.here());
    let mut sent = Vec::new();
    notes(&promise, 0..3, &mut sent);
    resolver.resolve(Ok(client.clone()));
    notes(&promise, 3..4, &mut sent);
    notes(&client, 4..5, &mut sent);
    all_return(world, sent);
    assert_eq!(seen.notes(), [0, 1, 2, 3, 4]);
    assert_eq!(pair.to_far.count("Disembargo"), 0);
}
