//! Peers that come and are silent: how long they may stay.

use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::probe;
use bowline::rpc::{Call, Client, Link};
use bowline::runtime::{Turn, Vat};
use bowline::transport::{ByteStream, Framed, FramedLimits, MemoryPipe, Peer, memory_pipe};
use bowline::wire::{Exception, Message};

use crate::scene::polled;
use crate::support::object;
use crate::words::*;

/// A vat that somebody came to, and their end.
fn visited(config: Config) -> (Vat, Link, MemoryPipe, Client) {
    let vat = Vat::local();
    let (offered, _) = object(vat.here());
    let (ours, theirs) = memory_pipe(1 << 16);
    let framed = Framed::new(ours, Peer::Memory, FramedLimits::default());
    let link = Link::accept(vat.here(), framed, config, Some(&offered));
    (vat, link, theirs, offered)
}

fn at(vat: &Vat, now: Instant) {
    while vat.turn(now) == Turn::More {}
}

// C-M11
#[test]
fn a_peer_that_comes_and_says_nothing() {
    let begin = Instant::now();
    for (said, after, open) in
        [(0, 9_999, true), (0, 10_000, false), (7, 10_000, false), (8, 10_000, true)]
    {
        let (vat, link, theirs, _offered) = visited(Config::default());
        at(&vat, begin);
        let mut peer = probe::Peer::new(theirs);
        let mut bytes = Vec::new();
        bootstrap(0).encode().append_to(&mut bytes);
        let end = if said == 8 { bytes.len() } else { said };
        peer.say_bytes(&bytes[..end]);
        assert!(polled(&mut Box::pin(peer.flush())).is_some());
        at(&vat, begin + Duration::from_millis(5_000));
        at(&vat, begin + Duration::from_millis(after));
        assert_eq!(link.ending().is_none(), open, "{said} bytes, {after} ms");
        if !open {
            assert_eq!(link.ending().expect("over").reason(), "nothing came for 10s");
        }
    }
}

// C-M11
#[test]
fn a_peer_that_gave_all_back_and_stays() {
    let begin = Instant::now();
    let seconds = |seconds| begin + Duration::from_secs(seconds);
    for idle in [true, false] {
        let (vat, link, theirs, _offered) = visited(Config::default());
        at(&vat, begin);
        let mut peer = probe::Peer::new(theirs);
        peer.say(bootstrap(0));
        assert!(polled(&mut Box::pin(peer.flush())).is_some());
        at(&vat, seconds(1));
        peer.say(keep(0));
        if idle {
            peer.say(release(0, 1));
        }
        assert!(polled(&mut Box::pin(peer.flush())).is_some());
        // It is looked at after 10 s and then every 600 s.
        at(&vat, seconds(10));
        at(&vat, seconds(609));
        assert!(link.ending().is_none());
        at(&vat, seconds(610));
        assert_eq!(link.ending().is_some(), idle, "what is held keeps a connection");
    }
}

/// What is still to be said to it waits so long, and then it is gone with all of that.
// C-M6
#[test]
fn a_peer_that_does_not_read_what_is_said_last() {
    let begin = Instant::now();
    let (vat, link, mut theirs, offered) = visited(Config::default());
    at(&vat, begin);
    let client = link.bootstrap();
    let text = "x".repeat(1 << 20);
    let asked = client.request(1, 2).with(|root| {
        let mut root = root;
        root.set_as::<capnp::text::Owned>(text.as_str()).expect("it fits");
    });
    let asked = asked.send();
    at(&vat, begin);
    link.abort(Exception::failed("enough"));
    for (after, is_kept) in [(0, true), (4_999, true), (5_000, false)] {
        at(&vat, begin + Duration::from_millis(after));
        assert_eq!(link.stats().is_some(), is_kept, "after {after} ms");
    }
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut read = 0;
    let mut buffer = vec![0; 1 << 16];
    while let std::task::Poll::Ready(Ok(bytes @ 1..)) = theirs.poll_read(&mut cx, &mut buffer) {
        read += bytes;
    }
    assert!(read < 1 << 20, "the rest is gone");
    drop((asked, client, offered));
}

/// A call that goes on keeps its connection, however long it takes.
// C-M11
#[test]
fn a_peer_that_waits_for_an_answer() {
    let begin = Instant::now();
    let vat = Vat::local();
    let offered = Client::new(vat.here(), |_: Call| std::future::pending::<Result<_, Exception>>());
    let (ours, theirs) = memory_pipe(1 << 16);
    let framed = Framed::new(ours, Peer::Memory, FramedLimits::default());
    let link = Link::accept(vat.here(), framed, Config::default(), Some(&offered));
    let mut peer = probe::Peer::new(theirs);
    for said in [
        vec![bootstrap(0), Message::Call(Box::new(call(1, to_result(0), 0, vec![])))],
        vec![keep(0), release(0, 1)],
    ] {
        for message in said {
            peer.say(message);
        }
        assert!(polled(&mut Box::pin(peer.flush())).is_some());
        at(&vat, begin);
    }
    for hour in 0..5 {
        at(&vat, begin + Duration::from_secs(3_600 * hour));
    }
    assert!(link.ending().is_none(), "{:?}", link.ending());
}
