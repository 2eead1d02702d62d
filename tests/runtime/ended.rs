//! The end of a vat, and of calls: what it takes along, who is told, what nobody does any more.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link, Response};
use bowline::runtime::{Turn, Vat};
use bowline::transport::{Transport, two_thread};
use bowline::wire::{Exception, ExceptionKind};

use crate::{Count, ID, adder};

#[test]
fn a_vat_that_has_ended_keeps_nothing_it_is_given() {
    let vat = Vat::local();
    let here = vat.here().clone();
    drop(vat);
    let life = Rc::new(());
    let (held, kept) = (Rc::clone(&life), here.clone());
    let object = Client::new(&here, move |call: Call| {
        let _held = (&held, &kept);
        std::future::ready(Ok(call.reply()))
    });
    let (waiting, kept) = (Rc::clone(&life), here.clone());
    here.spawn(Box::pin(async move {
        std::future::pending::<()>().await;
        drop((waiting, kept));
    }));
    assert_eq!(Rc::strong_count(&life), 1);
    let (near, mut far) = two_thread();
    let link = Link::connect(&here, near, Config::default(), None);
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(over) = pin!(link.closed()).poll(&mut cx) else { panic!("it is over") };
    assert_eq!(over.kind(), ExceptionKind::Disconnected);
    assert!(matches!(far.poll_receive(&mut cx), Poll::Ready(Ok(None))), "its transport is gone");
    let Poll::Ready(called) = pin!(object.request(ID, 0).send()).poll(&mut cx) else {
        panic!("it fails at once")
    };
    assert_eq!(called.expect_err("there is no vat").kind(), ExceptionKind::Disconnected);
}

#[test]
fn what_waits_for_a_vat_that_ends_is_told() {
    let client = {
        let vat = Vat::local();
        let stuck = Client::new(vat.here(), |_: Call| {
            std::future::pending::<Result<Response, Exception>>()
        });
        let mut waiting = pin!(stuck.request(ID, 0).send());
        let woken = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        drop(vat);
        assert!(woken.0.load(Ordering::Relaxed) > 0, "the waiting promise is woken");
        let told = futures::executor::block_on(waiting).map(drop).expect_err("the vat is gone");
        assert_eq!(told.kind(), ExceptionKind::Disconnected);
        stuck
    };
    let told = futures::executor::block_on(client.request(ID, 0).send()).map(drop);
    assert_eq!(told.map_err(|why| why.kind()), Err(ExceptionKind::Disconnected));
}

#[test]
fn a_vat_that_is_dropped_takes_its_objects_along() {
    let life = Rc::new(());
    let (vat, other) = (Vat::local(), Vat::local());
    let held = Rc::clone(&life);
    let object = Client::new(vat.here(), move |call: Call| {
        let held = Rc::clone(&held);
        async move {
            let reply = call.params().cap(&bowline::wire::Path::root());
            std::future::pending::<()>().await;
            drop((held, reply));
            Ok(call.reply())
        }
    });
    let (waiting, here) = (Rc::clone(&life), vat.here().clone());
    vat.here().spawn(Box::pin(async move {
        std::future::pending::<()>().await;
        drop((waiting, here));
    }));
    let elsewhere = adder(other.here());
    let asked = object.request(ID, 0).with(|mut root| root.set_as_capability(elsewhere.hook()));
    let due = Instant::now() + Duration::from_secs(3600);
    let mut asked = Box::pin(asked.send().deadline(due));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(asked.as_mut().poll(&mut cx).is_pending());
    let detached = object.request(ID, 0).send();
    detached.detach();
    for _ in 0..5 {
        while vat.turn(Instant::now()) == Turn::More {}
        while other.turn(Instant::now()) == Turn::More {}
    }
    assert!(Rc::strong_count(&life) > 3, "two calls run");
    drop(vat);
    assert_eq!(Rc::strong_count(&life), 1);
    assert!(asked.as_mut().poll(&mut cx).is_ready());
    while other.turn(Instant::now()) == Turn::More {}
}

#[test]
fn whoever_waits_for_a_connection_is_told_that_its_vat_ends() {
    for driven in [true, false] {
        let vat = Vat::local();
        let (a, b) = two_thread();
        let link = Link::connect(vat.here(), a, Config::default(), None);
        let woken = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        let driver = driven.then(|| vat.timeless_driver());
        let bootstrap = link.bootstrap();
        let (mut closed, mut idle) = (pin!(link.closed()), pin!(link.idle()));
        assert!(closed.as_mut().poll(&mut cx).is_pending());
        assert!(idle.as_mut().poll(&mut cx).is_pending());
        let before = woken.0.load(Ordering::Relaxed);
        drop(vat);
        assert!(woken.0.load(Ordering::Relaxed) > before, "driven {driven}");
        assert!(closed.poll(&mut cx).is_ready());
        assert!(idle.poll(&mut cx).is_ready());
        drop((driver, bootstrap, b));
    }
}

#[test]
fn work_that_became_ready_and_was_cancelled_is_not_polled() {
    let vat = Vat::local();
    let polls = Rc::new(Cell::new(0));
    let ready: Rc<Cell<Option<Waker>>> = Rc::default();
    let (counter, waits) = (Rc::clone(&polls), Rc::clone(&ready));
    let object = Client::new(vat.here(), move |_: Call| {
        let (counter, waits) = (Rc::clone(&counter), Rc::clone(&waits));
        std::future::poll_fn(move |cx| -> Poll<Result<Response, Exception>> {
            counter.set(counter.get() + 1);
            waits.set(Some(cx.waker().clone()));
            Poll::Pending
        })
    });
    let promise = object.request(ID, 0).send();
    while vat.turn(Instant::now()) == Turn::More {}
    assert_eq!(polls.get(), 1);
    ready.take().expect("it waits").wake();
    drop(promise);
    while vat.turn(Instant::now()) == Turn::More {}
    assert_eq!(polls.get(), 1);
    assert!(Rc::strong_count(&polls) == 2, "its future is dropped");
}
