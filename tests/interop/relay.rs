//! bowline in the middle: two peers that cannot see each other, and every scenario through a relay.

use bowline::conn::Config;
use bowline::rpc::{Link, Relay};
use bowline::runtime::Vat;
use bowline::transport::{Transport, same_thread};
use bowline::wire::Exception;
use capnp_rpc::rpc_twoparty_capnp::Side;
use tokio::net::{TcpListener, TcpStream};

use crate::bowline_peer::{assert_at_rest, assert_idles, connect, engine, framed, serve_peer, vat};
use crate::engine::CapnpRpc;
use crate::{CPP_SERVER_CANNOT, SCENARIOS, assert_all_ok, capnp_rpc_peer};
use crate::{on_one_thread, python, scenarios};

/// Offers to whoever is behind `near` what whoever is behind `far` offers.
fn relay(middle: &Vat, near: impl Transport + 'static, far: impl Transport + 'static) -> Link {
    Relay::between(middle.here(), near, far, &Config::default()).near().clone()
}

/// With the near side gone, nothing is left of what went through.
async fn ends_at_rest(middle: &Vat, near: &Link) {
    near.abort(Exception::failed("the end"));
    near.closed().await;
    assert_at_rest(middle).await;
}

#[test]
fn bowline_calls_bowline_through_bowline() {
    on_one_thread(async {
        let (left, middle, right) = (vat(), vat(), vat());
        let (a, b) = same_thread();
        let (c, d) = same_thread();
        let served = serve_peer(&right, d);
        let near = relay(&middle, b, c);
        let (link, peer) = connect(&left, a);
        assert_all_ok(&scenarios::run(&peer, engine(&left), &[]).await, SCENARIOS);
        drop(peer);
        assert_idles(&link).await;
        assert_idles(&near).await;
        ends_at_rest(&middle, &near).await;
        assert_idles(&served).await;
        assert_at_rest(&right).await;
    });
}

#[test]
fn capnp_rpc_calls_cpp_through_bowline() {
    on_one_thread(async {
        let middle = vat();
        let listening = python::serve().await;
        let far = TcpStream::connect(("127.0.0.1", listening.port)).await.expect("it listens");
        let (left, right) = tokio::io::duplex(64 << 10);
        let near = relay(&middle, framed(right), framed(far));
        let peer = capnp_rpc_peer::connect(left, Side::Client, None);
        let told = scenarios::run(&peer, CapnpRpc, &CPP_SERVER_CANNOT).await;
        assert_all_ok(&told, SCENARIOS - CPP_SERVER_CANNOT.len());
        drop(peer);
        assert_idles(&near).await;
        ends_at_rest(&middle, &near).await;
    });
}

#[test]
fn cpp_calls_capnp_rpc_through_bowline() {
    on_one_thread(async {
        let middle = vat();
        let (left, right) = tokio::io::duplex(64 << 10);
        capnp_rpc_peer::serve(right);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let accepted = async {
            let (stream, _) = listener.accept().await.expect("the peer connects");
            relay(&middle, framed(stream), framed(left))
        };
        let (near, told) = tokio::join!(accepted, python::call(port));
        let passed = told.lines().filter(|line| line.starts_with("ok ")).count();
        assert_eq!(passed, SCENARIOS, "{told}");
        ends_at_rest(&middle, &near).await;
    });
}
