//! Calls cancelled by the thousand, and peers that die: nothing of them stays.

use bowline::transport::same_thread;
use capnp::ErrorKind;
use capnp_rpc::rpc_twoparty_capnp::Side;
use tokio::net::TcpStream;

use crate::bowline_peer::{assert_at_rest, assert_idles, connect, framed, serve_peer, vat};
use crate::interop_capnp::peer;
use crate::{capnp_rpc_peer, on_one_thread, python};

/// How many calls run at once.
const TOGETHER: usize = 100;

/// Makes so many calls that never return, and cancels each while it runs.
async fn cancels(peer: &peer::Client, count: usize) {
    for _ in 0..count / TOGETHER {
        let running: Vec<_> = (0..TOGETHER).map(|_| peer.never_request().send()).collect();
        // Behind them: when it is back, they run.
        peer.null_request().send().promise.await.expect("null returns");
        drop(running);
    }
    let count = u32::try_from(count).expect("a small count");
    for _ in 0..400 {
        let answer = peer.cancelled_request().send().promise.await.expect("it returns");
        if answer.get().expect("it is a count").get_count() == count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("not every call was cancelled");
}

#[test]
fn ten_thousand_cancelled_calls_to_bowline_leave_nothing_on_either_side() {
    on_one_thread(async {
        let (near, far) = (vat(), vat());
        let (left, right) = same_thread();
        let served = serve_peer(&far, right);
        let (link, peer) = connect(&near, left);
        cancels(&peer, 10_000).await;
        drop(peer);
        assert_idles(&link).await;
        assert_idles(&served).await;
        assert_at_rest(&near).await;
        assert_at_rest(&far).await;
    });
}

#[test]
fn calls_capnp_rpc_cancels_leave_nothing_in_bowline() {
    on_one_thread(async {
        let far = vat();
        let (left, right) = tokio::io::duplex(64 << 10);
        let served = serve_peer(&far, framed(right));
        let peer = capnp_rpc_peer::connect(left, Side::Client, None);
        cancels(&peer, 1000).await;
        drop(peer);
        assert_idles(&served).await;
        assert_at_rest(&far).await;
    });
}

#[test]
fn calls_cancelled_at_cpp_leave_nothing_in_bowline() {
    on_one_thread(async {
        let near = vat();
        let listening = python::serve().await;
        let stream = TcpStream::connect(("127.0.0.1", listening.port)).await.expect("it listens");
        let (link, peer) = connect(&near, framed(stream));
        cancels(&peer, 1000).await;
        drop(peer);
        assert_idles(&link).await;
        assert_at_rest(&near).await;
    });
}

#[test]
fn a_cpp_peer_that_is_killed_mid_call_fails_the_call_as_disconnected() {
    on_one_thread(async {
        let near = vat();
        let listening = python::serve().await;
        let stream = TcpStream::connect(("127.0.0.1", listening.port)).await.expect("it listens");
        let (link, peer) = connect(&near, framed(stream));
        let running = peer.never_request().send();
        peer.null_request().send().promise.await.expect("null returns");
        drop(listening);
        let Err(error) = running.promise.await else { panic!("it never returns") };
        assert_eq!(error.kind, ErrorKind::Disconnected, "{error}");
        let Err(error) = peer.null_request().send().promise.await else { panic!("it is gone") };
        assert_eq!(error.kind, ErrorKind::Disconnected, "{error}");
        link.closed().await;
        drop((peer, running.pipeline));
        assert_at_rest(&near).await;
    });
}
