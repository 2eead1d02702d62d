//! Sockets of which one direction ends, and peers that stop reading.

use std::net::Shutdown;

use bowline::rpc::{Client, Promise};

use crate::reached::{Of, Raw, connect, lost, on_tokio, sockets, until, vat};
use crate::support::{Ask, ID, Seen, method, number, object};

/// Two vats with calls under way in both directions, of which one end of the wire is the test's as well.
struct Busy {
    ours: bowline::runtime::Vat,
    theirs: bowline::runtime::Vat,
    links: [bowline::rpc::Link; 2],
    raw: Raw,
    /// What each offers, and what became of it.
    seen: [Seen; 2],
    /// A call of each to the other, that never returns.
    calls: [Promise; 2],
    /// An object of each that only the other knows.
    lent: [Seen; 2],
}

impl Busy {
    async fn over(of: Of) -> Self {
        let (ours, theirs) = (vat(), vat());
        let (socket, raw) = sockets(of).await;
        let (mine, my_seen) = object(ours.here());
        let (yours, your_seen) = object(theirs.here());
        let links =
            [connect(&ours, socket, Some(&mine)), connect(&theirs, raw.socket(), Some(&yours))];
        let clients = [links[0].bootstrap(), links[1].bootstrap()];
        let (mine, my_lent) = object(ours.here());
        let (yours, your_lent) = object(theirs.here());
        clients[0].ask(method::HOLD, 0, &[&mine]).await.expect("it returns");
        clients[1].ask(method::HOLD, 0, &[&yours]).await.expect("it returns");
        drop((mine, yours));
        let calls = [0, 1].map(|end: usize| clients[end].ask(method::NEVER, 0, &[]));
        until(|| my_seen.running() == 1 && your_seen.running() == 1).await;
        let (seen, lent) = ([my_seen, your_seen], [my_lent, your_lent]);
        Self { ours, theirs, links, raw, seen, calls, lent }
    }

    /// Both sides know, and nothing is left.
    async fn ends(self) {
        let Self { ours, theirs, links, raw, seen, calls, lent } = self;
        for call in calls {
            lost(call.await);
        }
        for link in &links {
            link.closed().await;
        }
        // What each kept of the other is broken; let go of, it is gone there.
        seen.iter().for_each(Seen::let_go);
        until(|| lent.iter().all(|lent| !lent.is_alive())).await;
        assert_eq!(
            [0, 1].map(|end: usize| (seen[end].running(), seen[end].cancelled())),
            [(0, 1); 2]
        );
        until(|| links.iter().all(|link| link.stats().is_none())).await;
        drop(raw);
        // The vats live on.
        for vat in [&ours, &theirs] {
            let (client, _) = object(vat.here());
            assert_eq!(number(&client.note(7).await.expect("it returns")), 7);
        }
    }
}

/// A direction of a busy socket ends, or both, and with it all that was under way: at the latest after so many calls.
fn ends_with(shut: Shutdown, calls: u64) {
    for of in [Of::Tcp, Of::Unix] {
        on_tokio(async {
            let busy = Busy::over(of).await;
            busy.raw.shut(shut);
            for note in 0..calls {
                let client = busy.links[0].bootstrap();
                drop(client.note(note).await);
            }
            busy.ends().await;
        });
    }
}

#[test]
fn a_peer_that_says_no_more_is_one_that_left() {
    ends_with(Shutdown::Write, 0);
}

#[test]
fn a_peer_that_hears_no_more_is_one_that_left() {
    // What it says may still come, for a while.
    ends_with(Shutdown::Read, 3);
}

#[test]
fn a_socket_closed_in_both_directions_is_over_at_once() {
    ends_with(Shutdown::Both, 0);
}

/// Calls with large params, as many as are taken.
fn pour(client: &Client, bytes: usize) -> Promise {
    let text = "x".repeat(bytes);
    let mut request = client.request(ID, method::NEVER);
    request.build(|mut root| root.set_as::<capnp::text::Owned>(text.as_str())).expect("it fits");
    request.send()
}

#[test]
fn a_peer_that_stops_reading_takes_no_more_than_its_share_and_holds_up_nobody() {
    for of in [Of::Tcp, Of::Unix] {
        on_tokio(async {
            let (ours, honest) = (vat(), vat());
            let (offered, _) = object(ours.here());
            // Nobody reads what is at the other end.
            let (socket, stalled) = sockets(of).await;
            let link = connect(&ours, socket, Some(&offered));
            let (socket, raw) = sockets(of).await;
            let neighbour = connect(&ours, socket, Some(&offered));
            let client = connect(&honest, raw.socket(), None).bootstrap();
            let deaf = link.bootstrap();
            let mut poured = Vec::new();
            let mut refused = None;
            while refused.is_none() && poured.len() < 1_000 {
                let mut call = pour(&deaf, 256 << 10);
                assert_eq!(number(&client.note(1).await.expect("it returns")), 1);
                refused = futures::FutureExt::now_or_never(&mut call);
                poured.push(call);
            }
            let why = refused.expect("it is refused at last").map(drop).expect_err("it is");
            assert_eq!(why.kind(), bowline::wire::ExceptionKind::Overloaded, "{why}");
            let stats = link.stats().expect("it is open");
            let most = bowline::conn::Config::default().queued_words_max + (256 << 10) / 8 + 64;
            assert!(stats.queued_words <= most, "{stats}");
            // It is given up when we are done with it, though it never reads what is said last.
            link.abort(bowline::wire::Exception::failed("enough"));
            for call in poured {
                drop(call.await.map(drop).expect_err("nobody answers"));
            }
            until(|| link.stats().is_none()).await;
            assert_eq!(number(&client.note(2).await.expect("it returns")), 2);
            assert!(neighbour.ending().is_none());
            drop((stalled, raw));
        });
    }
}
