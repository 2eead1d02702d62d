//! Targets that panic: their callers are told, and the vat goes on.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn, ready};
use std::rc::Rc;
use std::task::Poll;

use bowline::rpc::{Call, Client, Response};
use bowline::runtime::{Local, post};
use bowline::wire::{Exception, ExceptionKind};

use crate::support::{Ask, Pair, World, at, object, scenarios};

scenarios! {
    before_there_is_a_future,
    when_it_is_polled_first,
    after_it_waited,
    when_it_is_cancelled,
    in_the_results_it_returned,
    in_work_of_the_vat,
}

struct Sore;

impl Drop for Sore {
    fn drop(&mut self) {
        panic!("it was let go of");
    }
}

type Answered = Result<Response, Exception>;

/// An object of the far vat that answers so, and one that is well.
fn reach<F: Future<Output = Answered> + 'static>(
    world: &World,
    answer: impl Fn(Call) -> F + 'static,
) -> (Pair, Client, Pair, Client) {
    let sore = Client::new(world.right.here(), answer);
    let (well, _) = object(world.right.here());
    let (pair, client) = world.reach(&sore);
    let (other, neighbour) = world.reach(&well);
    (pair, client, other, neighbour)
}

fn fails(world: &World, client: &Client, neighbour: &Client) {
    for _ in 0..2 {
        let call = client.note(1);
        let behind = call.cap(&at(0)).note(2);
        let beside = neighbour.note(3);
        for promise in [call, behind] {
            let why = world.run(promise).map(drop).expect_err("it panics");
            assert_eq!(why.kind(), ExceptionKind::Failed, "{why}");
            assert!(!why.reason().contains("told to"), "what it said is its own affair: {why}");
        }
        world.run(beside).expect("the vat goes on");
    }
}

fn before_there_is_a_future(world: &World) {
    let sync = |_: Call| -> std::future::Ready<Answered> { panic!("told to") };
    let (_pair, client, _other, neighbour) = reach(world, sync);
    fails(world, &client, &neighbour);
}

fn when_it_is_polled_first(world: &World) {
    let first = |_: Call| async { panic!("told to") };
    let (_pair, client, _other, neighbour) = reach(world, first);
    fails(world, &client, &neighbour);
}

fn after_it_waited(world: &World) {
    let waits = |_: Call| async {
        let mut waited = false;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        panic!("told to")
    };
    let (_pair, client, _other, neighbour) = reach(world, waits);
    fails(world, &client, &neighbour);
}

fn when_it_is_cancelled(world: &World) {
    let running = Rc::new(Cell::new(0));
    let count = Rc::clone(&running);
    let never = move |_: Call| {
        let sore = Sore;
        count.set(count.get() + 1);
        async move {
            let _mine = sore;
            pending::<Answered>().await
        }
    };
    let (_pair, client, _other, neighbour) = reach(world, never);
    for round in 1..=2 {
        let call = client.note(1);
        world.quiet();
        assert_eq!(running.get(), round);
        drop(call);
        world.quiet();
        world.run(neighbour.note(2)).expect("the vat goes on");
    }
}

/// The object it returns panics as it is called, and again as it is let go of.
fn in_the_results_it_returned(world: &World) {
    let here = world.right.here().clone();
    let gives = move |mut call: Call| {
        let sore = Sore;
        let given = Client::new(&here, move |_: Call| -> std::future::Ready<Answered> {
            let _mine = &sore;
            panic!("told to")
        });
        call.build(crate::support::fill(0, &[Some(&given)]));
        ready(Ok(call.reply()))
    };
    let (_pair, client, _other, neighbour) = reach(world, gives);
    for _ in 0..2 {
        let given = world.run(client.note(1)).expect("it returns").cap(&at(0)).expect("an object");
        let why = world.run(given.note(2)).map(drop).expect_err("it panics");
        assert_eq!(why.kind(), ExceptionKind::Failed, "{why}");
        drop(given);
        world.run(neighbour.note(3)).expect("the vat goes on");
    }
}

fn in_work_of_the_vat(world: &World) {
    let (_pair, client, _other, neighbour) = reach(world, |call: Call| ready(Ok(call.reply())));
    let here: &Local = world.right.here();
    here.spawn(Box::pin(async { panic!("told to") }));
    let posted = post(here.mailbox(), |_| -> u32 { panic!("told to") });
    let behind = post(here.mailbox(), |_| 7);
    world.run(client.note(1)).expect("the vat goes on");
    let why = world.run(posted).expect_err("it panicked");
    assert_eq!(why.kind(), ExceptionKind::Disconnected);
    assert_eq!(world.run(behind), Ok(7));
    world.run(neighbour.note(2)).expect("the vat goes on");
}
