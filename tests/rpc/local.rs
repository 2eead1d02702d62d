//! One vat: order, depth, and the life of a vat.

use std::cell::RefCell;
use std::rc::Rc;

use bowline::rpc::{Call, Client, Promise};
use bowline::runtime::Vat;
use bowline::wire::ExceptionKind;

use crate::first::run;
use crate::support::{Ask, ID, at, cap, method, number, object};

/// As many as a careless program may chain.
const MANY: u64 = 10_000;

#[test]
fn order_does_not_depend_on_who_is_polled() {
    let vat = Vat::local();
    let (client, seen) = object(vat.here());
    let first = client.note(1);
    let second = client.note(2);
    let third = client.note(3);
    assert!(seen.notes().is_empty(), "nothing is delivered inside of the call that made it");
    run(&[&vat], third).expect("returns");
    assert_eq!(seen.notes(), [1, 2, 3]);
    drop((first, second));
}

#[test]
fn an_unpolled_call_is_delivered() {
    let vat = Vat::local();
    let (client, seen) = object(vat.here());
    let held = client.note(1);
    run(&[&vat], async {});
    while vat.turn(std::time::Instant::now()) == bowline::runtime::Turn::More {}
    assert_eq!(seen.notes(), [1]);
    drop(held);
}

#[test]
fn a_promise_drives_the_vat_when_nobody_else_does() {
    let vat = Vat::local();
    let (client, _) = object(vat.here());
    let reply = futures_executor(client.note(5));
    assert_eq!(number(&reply.expect("returns")), 5);
}

/// Polls with nobody turning the vat.
fn futures_executor<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..1000 {
        if let std::task::Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
    }
    panic!("it is never done");
}

#[test]
fn a_capability_passed_and_returned_within_a_vat_is_itself() {
    let vat = Vat::local();
    let (client, _) = object(vat.here());
    let (other, seen) = object(vat.here());
    let echo = client.ask(method::ECHO, 0, &[&other]);
    let piped = echo.cap(&at(0)).note(1);
    let echoed = cap(&run(&[&vat], echo).expect("returns")).expect("a cap");
    run(&[&vat], piped).expect("returns");
    run(&[&vat], echoed.note(2)).expect("returns");
    assert_eq!(seen.notes(), [1, 2]);
}

#[test]
fn a_long_chain_of_promises_takes_no_stack() {
    let vat = Vat::local();
    let (target, seen) = object(vat.here());
    let mut resolvers = Vec::new();
    let (first, resolver) = Client::promise(vat.here());
    resolvers.push(resolver);
    let mut clients = vec![first];
    for _ in 0..MANY {
        let (client, resolver) = Client::promise(vat.here());
        clients.push(client);
        resolvers.push(resolver);
    }
    let call = clients[0].note(1);
    let last = clients.len() - 1;
    for (at, resolver) in resolvers.into_iter().enumerate() {
        let to = if at == last { target.clone() } else { clients[at + 1].clone() };
        resolver.resolve(Ok(to));
    }
    run(&[&vat], call).expect("returns");
    assert_eq!(seen.notes(), [1]);
    drop((clients, target));
    settle(&vat);
    assert!(!seen.is_alive());
}

#[test]
fn a_long_chain_of_pipelines_takes_no_stack() {
    for dropped in [false, true] {
        let vat = Vat::local();
        let (target, seen) = object(vat.here());
        seen.keep(&target);
        let mut calls: Vec<Promise> = Vec::new();
        let mut at_end = target.clone();
        for _ in 0..MANY {
            let call = at_end.ask(method::GET, 0, &[]);
            at_end = call.cap(&at(0));
            calls.push(call);
        }
        let note = at_end.note(1);
        if dropped {
            drop((calls, at_end, note));
        } else {
            run(&[&vat], note).expect("returns");
            drop((calls, at_end));
        }
        settle(&vat);
        seen.let_go();
        drop(target);
        settle(&vat);
        assert!(!seen.is_alive());
        vat.here().with(|graph| assert!(graph.is_idle(), "{}", graph.dump()));
    }
}

#[test]
fn a_long_chain_of_tail_calls_takes_no_stack() {
    for cancelled in [false, true] {
        let vat = Vat::local();
        let (end, seen) = object(vat.here());
        let me: Rc<RefCell<Option<Client>>> = Rc::default();
        let own = Rc::clone(&me);
        let last = end.clone();
        let client = Client::new(vat.here(), move |call: Call| {
            let left = number(call.params());
            let next = if left == 0 {
                last.request(ID, if cancelled { method::NEVER } else { method::NOTE })
            } else {
                let own = own.borrow().clone().expect("set below");
                own.request(ID, 0).with(crate::support::fill(left - 1, &[]))
            };
            std::future::ready(Ok(call.tail(next)))
        });
        *me.borrow_mut() = Some(client.clone());
        let call = client.ask(0, MANY, &[]);
        if cancelled {
            settle(&vat);
            assert_eq!(seen.running(), 1);
            drop(call);
            settle(&vat);
            assert_eq!(seen.cancelled(), 1);
        } else {
            run(&[&vat], call).expect("returns");
        }
        let own = me.borrow_mut().take();
        drop((own, client, end));
        settle(&vat);
        vat.here().with(|graph| assert!(graph.is_idle(), "{}", graph.dump()));
    }
}

/// Each object calls the next and waits for it.
#[test]
fn a_long_chain_of_objects_that_wait_for_each_other_takes_no_stack() {
    let vat = Vat::local();
    let (end, seen) = object(vat.here());
    let mut next = end;
    for _ in 0..MANY {
        let inner = next.clone();
        next = Client::new(vat.here(), move |call: Call| {
            let inner = inner.clone();
            async move {
                inner.note(7).await?;
                Ok(call.reply())
            }
        });
    }
    let call = next.note(0);
    run(&[&vat], call).expect("returns");
    assert_eq!(seen.notes(), [7]);
    drop(next);
    settle(&vat);
    assert!(!seen.is_alive());
}

fn settle(vat: &Vat) {
    for _ in 0..10_000_000u64 {
        if vat.turn(std::time::Instant::now()) != bowline::runtime::Turn::More {
            return;
        }
    }
    panic!("it never ends");
}

#[test]
fn what_outlives_its_vat_fails_and_does_no_harm() {
    let vat = Vat::local();
    let (client, seen) = object(vat.here());
    let call = client.ask(method::NEVER, 0, &[]);
    let piped = call.cap(&at(0));
    let (promise, resolver) = Client::promise(vat.here());
    let later = client.ask(method::GET_LATER, 0, &[]);
    settle(&vat);
    drop(vat);
    assert!(!seen.is_alive());
    let why = futures_executor(call).expect_err("the vat is gone");
    assert_eq!(why.kind(), ExceptionKind::Disconnected);
    let why = futures_executor(client.note(1)).expect_err("the vat is gone");
    assert_eq!(why.kind(), ExceptionKind::Disconnected);
    assert!(futures_executor(piped.note(1)).is_err());
    assert!(futures_executor(promise.settled()).is_err());
    resolver.resolve(Ok(client.clone()));
    seen.go();
    drop((client, piped, promise, later));
}
