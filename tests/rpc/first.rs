//! One call through every floor.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link};
use bowline::runtime::{Turn, Vat};
use bowline::transport::same_thread;
use bowline::wire::Path;

const ID: u64 = 0x1234;

/// Runs the vats until the future is done; fails when nothing happens any more.
pub(crate) fn run<T>(vats: &[&Vat], future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..1000 {
        if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
        for vat in vats {
            while vat.turn(std::time::Instant::now()) == Turn::More {}
        }
    }
    panic!("nothing happens any more");
}

fn counter(vat: &Vat) -> Client {
    let count = std::cell::Cell::new(0u32);
    let count = std::rc::Rc::new(count);
    Client::new(vat.here(), move |mut call: Call| {
        let count = count.clone();
        async move {
            if call.method() == 7 {
                return Err(call.unimplemented());
            }
            count.set(count.get() + 1);
            let n = count.get();
            call.build(|root| {
                let mut text = root.initn_as::<capnp::text::Builder<'_>>(8);
                text.push_str(&format!("{n:8}"));
            });
            Ok(call.reply())
        }
    })
}

fn number(reply: &bowline::rpc::Reply) -> u32 {
    reply
        .read(|root| {
            Ok(root.get_as::<capnp::text::Reader<'_>>()?.to_str()?.trim().parse().expect("digits"))
        })
        .expect("a text")
}

#[test]
fn a_call_in_one_vat() {
    let vat = Vat::local();
    let counter = counter(&vat);
    let first = counter.request(ID, 0).send();
    let second = counter.request(ID, 0).send();
    assert_eq!(number(&run(&[&vat], second).expect("returns")), 2);
    assert_eq!(number(&run(&[&vat], first).expect("returns")), 1);
    let error = run(&[&vat], counter.request(ID, 7).send()).expect_err("no such method");
    assert_eq!(error.kind(), bowline::wire::ExceptionKind::Unimplemented);
}

#[test]
fn a_call_over_a_same_thread_link() {
    let (left, right) = (Vat::local(), Vat::local());
    let (a, b) = same_thread();
    let boot = counter(&right);
    let link = Link::connect(left.here(), a, Config::default(), None);
    let far = Link::connect(right.here(), b, Config::default(), Some(&boot));
    let client = link.bootstrap();
    let first = client.request(ID, 0).send();
    assert_eq!(number(&run(&[&left, &right], first).expect("returns")), 1);
    let piped = client.request(ID, 0).send();
    let cap = piped.cap(&Path::root());
    let error =
        run(&[&left, &right], cap.request(ID, 0).send()).expect_err("a text is no capability");
    eprintln!("{error}");
    drop((cap, piped, client));
    run(&[&left, &right], async {});
    for vat in [&left, &right] {
        while vat.turn(std::time::Instant::now()) == Turn::More {}
    }
    for vat in [&left, &right, &left, &right] {
        while vat.turn(std::time::Instant::now()) == Turn::More {}
    }
    eprintln!("{} {}", link.dump(), far.dump());
    assert!(link.is_idle() && far.is_idle());
}
