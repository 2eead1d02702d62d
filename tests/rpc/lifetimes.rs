//! Deadlines, idleness and the end of a connection.

use std::future::Future;
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link, Response};
use bowline::runtime::{Turn, Vat};
use bowline::transport::same_thread;
use bowline::wire::{Exception, ExceptionKind};

use crate::first::run;

const ID: u64 = 0x5678;

fn never(vat: &Vat) -> Client {
    Client::new(vat.here(), |_: Call| std::future::pending::<Result<Response, Exception>>())
}

struct Joined {
    left: Vat,
    right: Vat,
    near: Link,
    far: Link,
}

fn joined() -> Joined {
    let (left, right) = (Vat::local(), Vat::local());
    let (a, b) = same_thread();
    let offered = never(&right);
    let near = Link::connect(left.here(), a, Config::default(), None);
    let far = Link::connect(right.here(), b, Config::default(), Some(&offered));
    Joined { left, right, near, far }
}

#[test]
fn a_call_that_is_late_is_cancelled_at_its_deadline() {
    let Joined { left, right, near, far } = joined();
    let start = Instant::now();
    let due = start + Duration::from_secs(3600);
    let mut late = std::pin::pin!(near.bootstrap().request(ID, 0).send().deadline(due));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut at = start;
    while late.as_mut().poll(&mut cx).is_pending() {
        assert!(at <= due + Duration::from_secs(60), "the deadline has passed");
        at += Duration::from_secs(60);
        for vat in [&left, &right] {
            while vat.turn(at) == Turn::More {}
        }
    }
    assert!(at >= due, "the call was given up {:?} early", due - at);
    run(&[&left, &right], async { (near.idle().await, far.idle().await) });
}

#[test]
fn a_connection_tells_both_sides_why_it_ended() {
    let Joined { left, right, near, far } = joined();
    let pending = near.bootstrap().request(ID, 0).send();
    run(&[&left, &right], async { assert!(!near.is_idle()) });
    near.abort(Exception::failed("enough"));
    let (here, there) = run(&[&left, &right], async { (near.closed().await, far.closed().await) });
    assert!(here.reason().contains("enough"), "{here}");
    assert!(there.reason().contains("enough"), "{there}");
    let lost = run(&[&left, &right], pending).expect_err("its connection is over");
    assert_eq!(lost.kind(), ExceptionKind::Disconnected, "{lost}");
}

#[test]
fn a_peer_that_goes_away_ends_the_connection() {
    let Joined { left, right, near, .. } = joined();
    let pending = near.bootstrap().request(ID, 0).send();
    run(&[&left, &right], async {});
    drop(right);
    let why = run(&[&left], near.closed());
    assert_eq!(why.kind(), ExceptionKind::Disconnected, "{why}");
    let lost = run(&[&left], pending).expect_err("its connection is over");
    assert_eq!(lost.kind(), ExceptionKind::Disconnected, "{lost}");
}

// C-M12
#[cfg(all(feature = "tokio", unix))]
#[test]
fn who_comes_to_a_full_house_is_served_when_one_leaves() {
    use std::time::Duration;

    use bowline::transport::{FramedLimits, Listener, Socket};

    use crate::support::{Ask, object};

    let vat = Vat::local();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let any = "tcp:127.0.0.1:0".parse().expect("an address");
        let mut listener = Listener::bind(&any).await.expect("a free port").peers_max(2);
        let address = listener.address().clone();
        let (boot, seen) = object(vat.here());
        let offer = |_: &_| Some(boot.clone());
        let listening = bowline::rpc::listen(vat.here(), &mut listener, Config::default(), offer);
        let come = async || {
            let socket = Socket::connect(&address).await.expect("it listens");
            let framed = socket.framed(FramedLimits::default());
            Link::connect(vat.here(), framed, Config::default(), None)
        };
        let calls = async {
            let guests = [come().await, come().await, come().await];
            let [first, second, mut third] =
                [0, 1, 2].map(|guest| guests[guest].bootstrap().note(guest as u64));
            first.await.expect("there is room for one");
            second.await.expect("there is room for two");
            let waited = tokio::time::timeout(Duration::from_millis(50), &mut third).await;
            assert!(waited.is_err() && seen.notes() == [0, 1], "there is none for three");
            guests[0].hang_up(Exception::disconnected("it leaves"));
            third.await.expect("there is room again");
        };
        tokio::select! {
            () = vat.tokio_driver() => panic!("the vat lives"),
            why = listening => panic!("{why}"),
            () = calls => {}
        }
    });
}

#[cfg(all(feature = "tokio", unix))]
#[test]
fn whoever_connects_is_offered_what_is_chosen_for_them() {
    use std::cell::RefCell;

    use bowline::transport::{FramedLimits, Listener, Peer, Socket};

    use crate::support::{Ask, object};

    let vat = Vat::local();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let any = "tcp:127.0.0.1:0".parse().expect("an address");
        let mut listener = Listener::bind(&any).await.expect("a free port");
        let address = listener.address().clone();
        let (boot, seen) = object(vat.here());
        let (came, mut first) = (RefCell::new(Vec::new()), true);
        let listening =
            bowline::rpc::listen(vat.here(), &mut listener, Config::default(), |peer| {
                came.borrow_mut().push(matches!(peer, Peer::Tcp(_)));
                std::mem::take(&mut first).then(|| boot.clone())
            });
        let calls = async {
            for n in 0..2 {
                let socket = Socket::connect(&address).await.expect("it listens");
                let framed = socket.framed(FramedLimits::default());
                let link = Link::connect(vat.here(), framed, Config::default(), None);
                let called = link.bootstrap().note(n).await;
                assert_eq!(called.is_ok(), n == 0, "the second is offered nothing");
            }
        };
        tokio::select! {
            () = vat.tokio_driver() => panic!("the vat lives"),
            why = listening => panic!("{why}"),
            () = calls => {}
        }
        assert_eq!(came.take(), [true, true]);
        assert_eq!(seen.notes(), [0]);
    });
}
