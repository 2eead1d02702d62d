//! Listeners: how many peers they have at once, and who those are.

use std::task::Context;
use std::time::Duration;

use bowline::transport::{Address, ByteStream, Listener, Peer, Socket, Transport};
use futures::task::noop_waker;
use tokio::net::{UnixListener, UnixStream};

use crate::support::{on_tokio, ping};

/// Long after whoever connected is there.
const MOMENT: Duration = Duration::from_millis(50);

/// Free places of both kinds.
fn places(name: &str) -> [Address; 2] {
    let path = std::env::temp_dir().join(format!("bowline-{name}-{}", std::process::id()));
    ["tcp:127.0.0.1:0".parse().expect("a good address"), Address::Unix(path)]
}

async fn come(address: &Address) -> Socket {
    Socket::connect(address).await.expect("somebody listens, whether they accept or not")
}

// C-M12
#[test]
fn a_listener_has_so_many_peers_and_the_next_waits_until_one_is_gone() {
    on_tokio(async {
        for place in places("full") {
            let listener = Listener::bind(&place).await.expect("a free place");
            let mut listener = listener.peers_max(2);
            let address = listener.address().clone();
            let (mut nears, mut fars) = (Vec::new(), Vec::new());
            for _ in 0..3 {
                fars.push(come(&address).await.framed(Default::default()));
            }
            for count in 1..=2 {
                nears.push(listener.accept().await.expect("there is room"));
                assert_eq!(listener.peers(), count);
            }
            assert!(tokio::time::timeout(MOMENT, listener.accept()).await.is_err(), "it is full");
            let gone = nears.swap_remove(0);
            // Whoever waits is woken by the one who leaves.
            let leaving = async {
                tokio::time::sleep(MOMENT).await;
                drop(gone);
            };
            let (third, ()) = tokio::join!(listener.accept(), leaving);
            let mut third = third.expect("there is room again").framed(Default::default());
            assert_eq!(listener.peers(), 2);
            let mut far = fars.pop().expect("the third");
            ping(&mut far, &mut third, 7).await;
            drop((third, nears));
            assert_eq!(listener.peers(), 0);
        }
    });
}

#[test]
fn a_listener_has_512_peers_if_it_is_not_told_otherwise() {
    on_tokio(async {
        let [_, place] = places("default");
        let mut listener = Listener::bind(&place).await.expect("a free place");
        let address = listener.address().clone();
        let mut there = Vec::new();
        for _ in 0..512 {
            // Of each only this end stays: a process may have no more than 1024 descriptors.
            let (near, _far) = tokio::join!(listener.accept(), come(&address));
            there.push(near.expect("there is room"));
        }
        let _one_more = come(&address).await;
        let waker = noop_waker();
        let full = tokio::time::timeout(MOMENT, listener.accept()).await.is_err();
        assert!(full && listener.poll_accept(&mut Context::from_waker(&waker)).is_pending());
        assert!(matches!(there[0].peer(), Peer::Unix(_)));
    });
}

#[test]
fn each_end_says_who_is_at_the_other() {
    on_tokio(async {
        for place in places("names") {
            let mut listener = Listener::bind(&place).await.expect("a free place");
            let address = listener.address().clone();
            let (came, went) = tokio::join!(listener.accept(), come(&address));
            let came = came.expect("there is room");
            assert_eq!(went.peer().to_string(), address.to_string());
            match address {
                Address::Tcp { .. } => {
                    assert!(matches!(came.peer(), Peer::Tcp(there) if there.ip().is_loopback()));
                }
                _ => assert_eq!(came.peer(), &Peer::Unix(None)),
            }
            // What is framed says the same. Nobody else has its socket: dropping it ends it.
            let peer = went.peer().clone();
            let framed = went.framed(Default::default());
            assert_eq!(framed.peer(), &peer);
            assert!(framed.ends_when_dropped() && came.ends_when_dropped());
        }
        let [_, place] = places("asked");
        let Address::Unix(path) = &place else { panic!("it is a path") };
        let listener = UnixListener::bind(path).expect("a free place");
        let stream = UnixStream::connect(path).await.expect("it listens");
        drop(listener);
        let asked = Socket::try_from(stream).expect("a runtime is here");
        assert_eq!(asked.peer(), &Peer::Unix(Some(path.clone())), "the system was asked");
        assert!(!asked.ends_when_dropped(), "somebody may have a duplicate of it");
        std::fs::remove_file(path).expect("it was made");
    });
}

#[test]
fn a_pair_of_sockets_is_joined() {
    on_tokio(async {
        let (left, right) = Socket::pair().expect("two sockets");
        assert_eq!(left.peer(), &Peer::Unix(None));
        assert!(left.ends_when_dropped());
        let (mut left, mut right) =
            (left.framed(Default::default()), right.framed(Default::default()));
        ping(&mut left, &mut right, 7).await;
        ping(&mut right, &mut left, 8).await;
        drop(left);
        let end = std::future::poll_fn(|cx| right.poll_receive(cx)).await;
        assert!(matches!(end, Ok(None)), "{end:?}");
    });
}
