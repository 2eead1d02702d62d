//! What is given to a vat that has ended, and what is cancelled before its turn.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link, Response};
use bowline::runtime::{Turn, Vat};
use bowline::transport::{Transport, two_thread};
use bowline::wire::{Exception, ExceptionKind};

const ID: u64 = 0x00c0_ffee;

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
