//! What is said last: it leaves before the connection does.

use std::future::{Future, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link};
use bowline::runtime::{Turn, Vat};
use bowline::transport::{Framed, FramedLimits, Peer, Transport, memory_pipe, two_thread};
use bowline::wire::Exception;

use crate::support::{Ask, ID};

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn the_last_words_leave_though_somebody_looks_for_the_end_before_they_do() {
    let vat = Vat::local();
    let mut driver = vat.timeless_driver();
    let (ours, mut peer) = two_thread();
    let link = Link::connect(vat.here(), ours, Config::default(), None);
    assert!(poll(&mut driver).is_pending());
    link.abort(Exception::failed("enough"));
    // Who asks sees to what is to be delivered, and leaves what is to be written to the driver.
    assert!(poll(&mut pin!(link.closed())).is_ready());
    assert!(poll(&mut driver).is_pending());
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(Some(last))) = peer.poll_receive(&mut cx) else {
        panic!("nothing was said")
    };
    assert_eq!(last.summary().to_string(), "abort failed: enough");
    assert!(matches!(peer.poll_receive(&mut cx), Poll::Ready(Ok(None))));
}

#[test]
fn answers_that_are_larger_than_a_transport_takes_at_once_leave_before_an_abort() {
    let (near, far) = (Vat::local(), Vat::local());
    let large = Client::new(far.here(), |mut call: Call| {
        let bytes = vec![7; 200 << 10];
        let built = call.build(|mut root| root.set_as::<capnp::data::Owned>(bytes.as_slice()));
        ready(built.map_err(bowline::rpc::exception).map(|()| call.reply()))
    });
    let (a, b) = memory_pipe(1 << 16);
    let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
    let link = Link::connect(near.here(), framed(a), Config::default(), None);
    let ours = Link::connect(far.here(), framed(b), Config::default(), Some(&large));
    let client = link.bootstrap();
    let turn = |vat: &Vat| while vat.turn(Instant::now()) == Turn::More {};
    let mut settled = pin!(client.settled());
    while poll(&mut settled).is_pending() {
        turn(&near);
        turn(&far);
    }
    let calls: Vec<_> = (0..5).map(|_| client.request(ID, 0).send()).collect();
    turn(&near);
    // All are answered, and few of the answers have left.
    turn(&far);
    ours.abort(Exception::failed("enough"));
    for _ in 0..1000 {
        turn(&far);
        turn(&near);
    }
    for call in calls {
        let Poll::Ready(outcome) = poll(&mut pin!(call)) else { panic!("nobody is told") };
        outcome.expect("it was answered before the end");
    }
    assert!(link.ending().expect("it is over").reason().contains("enough"));
    let late = client.note(1);
    assert!(matches!(poll(&mut pin!(late)), Poll::Ready(Err(_))));
}
