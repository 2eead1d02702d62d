//! How much of one connection a vat handles in one turn.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link};
use bowline::runtime::{Turn, Vat};
use bowline::transport::{Framed, FramedLimits, Peer, memory_pipe, same_thread};
use bowline::wire::Exception;

const QUARTER_BYTES: usize = 64 << 10;

/// `count` calls with a text of `bytes` each wait to be read; how many of them the first turn delivers.
fn delivered_in_one_turn(count: usize, bytes: usize) -> usize {
    let (near, far) = (Vat::local(), Vat::local());
    let seen = Rc::new(Cell::new(0));
    let counter = Rc::clone(&seen);
    let object = Client::new(far.here(), move |call: Call| {
        counter.set(counter.get() + 1);
        std::future::ready(Ok(call.reply()))
    });
    let (left, right) = same_thread();
    let link = Link::connect(near.here(), left, Config::default(), None);
    let _far_end = Link::connect(far.here(), right, Config::default(), Some(&object));
    let client = link.bootstrap();
    let quiet = |vat: &Vat| while vat.turn(Instant::now()) == Turn::More {};
    (0..3).for_each(|_| [&near, &far].into_iter().for_each(quiet));
    let text = "x".repeat(bytes);
    let promises: Vec<_> = (0..count)
        .map(|_| {
            let mut request = client.request(1, 0);
            request
                .build(|mut root| root.set_as::<capnp::text::Owned>(text.as_str()).expect("fits"));
            request.send()
        })
        .collect();
    quiet(&near);
    let turn = far.turn(Instant::now());
    let first = seen.get();
    assert!(turn == Turn::More || first == count, "whoever has more to read says so");
    quiet(&far);
    assert_eq!(seen.get(), count, "the others have their turn later");
    drop(promises);
    first
}

#[test]
fn of_many_small_messages_64_are_handled_in_a_turn() {
    assert_eq!(delivered_in_one_turn(64, 1), 64);
    assert_eq!(delivered_in_one_turn(65, 1), 64);
    assert_eq!(delivered_in_one_turn(200, 1), 64);
}

#[test]
fn of_large_messages_no_more_are_handled_once_256_kib_are() {
    // Each is a little more than its text: the fourth passes the bound, a fifth is not read.
    assert_eq!(delivered_in_one_turn(8, QUARTER_BYTES), 4);
    // Each is a little less than a quarter: with the fourth the bound is not reached yet.
    assert_eq!(delivered_in_one_turn(8, QUARTER_BYTES - 64), 5);
    assert_eq!(delivered_in_one_turn(3, 1 << 20), 1);
}

/// One read may bring more than is handled in a turn. What is written before the next turn wakes nobody who does
/// not come anyway, and is read all the same.
#[test]
fn what_comes_between_two_turns_of_one_read_is_read() {
    let (near, far) = (Vat::local(), Vat::local());
    let object =
        Client::new(far.here(), |call: Call| std::future::ready(Ok::<_, Exception>(call.reply())));
    let (left, right) = memory_pipe(64 << 10);
    let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
    let link = Link::connect(near.here(), framed(left), Config::default(), None);
    let _far_end = Link::connect(far.here(), framed(right), Config::default(), Some(&object));
    let client = link.bootstrap();
    let mut returned = 0;
    let mut calls = Vec::new();
    for _ in 0..20 {
        // With the bootstrap they are 65: one too many for a turn.
        while calls.len() < 64 {
            calls.push(client.request(1, 0).send());
        }
        while near.turn(Instant::now()) == Turn::More {}
        let _ = far.turn(Instant::now());
        while near.turn(Instant::now()) == Turn::More {}
        calls.retain_mut(|call| {
            let mut cx = Context::from_waker(Waker::noop());
            let known = Pin::new(call).poll(&mut cx).is_ready();
            returned += u32::from(known);
            !known
        });
    }
    assert!(returned > 1_000, "{returned} calls have returned");
}

#[test]
fn who_was_refused_something_has_16_messages_handled_in_the_next_turn() {
    let (near, far) = (Vat::local(), Vat::local());
    let object = Client::new(far.here(), |_: Call| {
        std::future::pending::<Result<bowline::rpc::Response, Exception>>()
    });
    let (left, right) = same_thread();
    let link = Link::connect(near.here(), left, Config::default(), None);
    let mut config = Config::default();
    config.answers_max = 50;
    let far_end = Link::connect(far.here(), right, config, Some(&object));
    let client = link.bootstrap();
    let quiet = |vat: &Vat| while vat.turn(Instant::now()) == Turn::More {};
    (0..3).for_each(|_| [&near, &far].into_iter().for_each(quiet));
    let calls: Vec<_> = (0..200).map(|_| client.request(1, 0).send()).collect();
    quiet(&near);
    let refused = |before: usize| {
        let _ = far.turn(Instant::now());
        quiet(&near);
        let open = link.stats().expect("it is open").questions;
        before - open
    };
    // 50 of the first 64 run, the others come back; of the next 16 all do.
    let open = link.stats().expect("it is open").questions;
    let first = refused(open);
    let second = refused(open - first);
    assert_eq!([first, second], [14, 16]);
    drop((calls, far_end));
}
