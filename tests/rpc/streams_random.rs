//! Streams at random: whatever way they go and whoever gives up, what is written arrives in order, what
//! was kept arrives, and nothing is left.

use bowline::rpc::{Client, Crossing, Membrane, Promise, Verdict, Written};
use bowline::wire::Exception;

use crate::sink::{Pour, Sink, reach, sink};
use crate::support::{Ask, Pair, Seed, World, at, method, object, scenarios};

scenarios! {
    streams_at_random_arrive_in_order,
}

/// What leads to the sink, and what has to be kept for it.
struct Way {
    client: Client,
    kept: Vec<Promise>,
    sink: Sink,
    pair: Pair,
    /// The sink is in the writer's own vat: a write that is given up is cancelled.
    is_ours: bool,
}

/// One of six ways from the left vat to a sink.
fn way(world: &World, seed: &mut Seed) -> Way {
    let window = seed.below(4) as u64;
    let (far, kept) = object(world.right.here());
    let (target, state) = sink(world.right.here());
    let wall =
        |client: &Client, here| Membrane::new(here, |_: &Crossing| Verdict::Allow).wrap(client);
    match seed.below(6) {
        0 => {
            let (pair, client) = reach(world, &target, window);
            Way { client, kept: Vec::new(), sink: state, pair, is_ours: false }
        }
        1 => {
            let (pair, client) = reach(world, &wall(&target, world.right.here()), window);
            Way { client, kept: Vec::new(), sink: state, pair, is_ours: false }
        }
        2 => {
            let (pair, client) = reach(world, &target, window);
            let client = wall(&client, world.left.here());
            Way { client, kept: Vec::new(), sink: state, pair, is_ours: false }
        }
        3 => {
            kept.keep(&target);
            let (pair, client) = reach(world, &far, window);
            pair.hold();
            let get = client.ask(method::GET, 0, &[]);
            let client = get.cap(&at(0));
            kept.let_go();
            kept.keep(&target);
            Way { client, kept: vec![get], sink: state, pair, is_ours: false }
        }
        ours => {
            let (target, state) = sink(world.left.here());
            let boot = if ours == 4 { far } else { wall(&far, world.right.here()) };
            let (pair, client) = reach(world, &boot, window);
            pair.hold();
            let echo = client.ask(method::ECHO, 0, &[&target]);
            let client = echo.cap(&at(0));
            Way { client, kept: vec![echo], sink: state, pair, is_ours: true }
        }
    }
}

/// Writes, gives up and delivers at random; what was written, and whether it was given up.
fn play(world: &World, way: &Way, seed: &mut Seed) -> (Vec<bool>, Vec<Written>) {
    let mut given_up = Vec::new();
    let mut writes = Vec::new();
    for _ in 0..60 {
        match seed.below(8) {
            0..=2 => {
                let number = 100 + given_up.len() as u64;
                let write = way.client.write(number);
                let keeps = seed.below(4) > 0;
                given_up.push(!keeps);
                writes.extend(keeps.then_some(write));
            }
            3 => {
                let number = 100 + given_up.len() as u64;
                way.client.note_down(number).detach();
                given_up.push(false);
            }
            4 => {
                way.sink.finish_one();
            }
            5 => world.quiet(),
            _ => {
                world.deliver_one(&[&way.pair], seed);
            }
        }
    }
    (given_up, writes)
}

fn streams_at_random_arrive_in_order(world: &World) {
    for seed in world.seeds(120) {
        let mut seed = Seed(seed);
        let way = way(world, &mut seed);
        if seed.below(2) == 0 {
            way.sink.close();
        }
        let (given_up, writes) = play(world, &way, &mut seed);
        let everything = way.client.acknowledged();
        let done = way.client.done();
        way.sink.open();
        world.deliver_shuffled(&[&way.pair], &mut seed);
        way.sink.open();
        for write in writes {
            world.run(write).expect("nothing failed");
        }
        world.run(everything).expect("nothing failed");
        world.run(done).expect("nothing failed");
        let taken = way.sink.taken();
        assert!(taken.is_sorted(), "{taken:?}");
        for (number, given_up) in (100..).zip(&given_up) {
            let came = taken.binary_search(&number).is_ok();
            assert!(came || *given_up && way.is_ours, "{number} is lost: {taken:?}");
        }
        let Way { client, kept, pair, .. } = way;
        drop((client, kept));
        pair.near.abort(Exception::failed("the end of this round"));
        world.quiet();
    }
}
