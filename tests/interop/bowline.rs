//! bowline against itself and every live peer, both ways; its tables are empty in the end.

use bowline::runtime::Vat;
use bowline::transport::{Transport, same_thread};
use capnp_rpc::rpc_twoparty_capnp::Side;
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::bowline_peer::{
    assert_at_rest, assert_idles, assert_idles_but, connect, engine, framed, serve_peer, vat,
};
use crate::engine::CapnpRpc;
use crate::{
    CPP_SERVER_CANNOT, SCENARIOS, assert_all_ok, capnp_rpc_peer, on_one_thread, python, scenarios,
};

/// `capnp-rpc` never returns a call that was cancelled, and the scenarios cancel one.
const CAPNP_RPC_NEVER_RETURNS: usize = 1;

/// Runs the scenarios from `vat` over `transport`, and then wants the connection idle but for the
/// questions the peer never returns.
async fn calls(vat: &Vat, transport: impl Transport + 'static, skip: &[&str], lost: usize) {
    let (link, peer) = connect(vat, transport);
    let told = scenarios::run(&peer, engine(vat), skip).await;
    assert_all_ok(&told, SCENARIOS - skip.len());
    drop(peer);
    assert_idles_but(&link, lost).await;
    assert_at_rest(vat).await;
}

#[test]
fn bowline_calls_bowline_over_a_same_thread_link() {
    on_one_thread(async {
        let (near, far) = (vat(), vat());
        let (left, right) = same_thread();
        let served = serve_peer(&far, right);
        calls(&near, left, &[], 0).await;
        assert_idles(&served).await;
        assert_at_rest(&far).await;
    });
}

#[test]
fn bowline_calls_bowline_over_a_pipe() {
    on_one_thread(async {
        let (near, far) = (vat(), vat());
        let (left, right) = tokio::io::duplex(64 << 10);
        let served = serve_peer(&far, framed(right));
        calls(&near, framed(left), &[], 0).await;
        assert_idles(&served).await;
        assert_at_rest(&far).await;
    });
}

#[test]
fn bowline_calls_bowline_over_a_unix_socket() {
    on_one_thread(async {
        let (near, far) = (vat(), vat());
        let (left, right) = UnixStream::pair().expect("a socket pair");
        let served = serve_peer(&far, framed(right));
        calls(&near, framed(left), &[], 0).await;
        assert_idles(&served).await;
        assert_at_rest(&far).await;
    });
}

#[test]
fn bowline_calls_capnp_rpc_over_a_pipe() {
    on_one_thread(async {
        let near = vat();
        let (left, right) = tokio::io::duplex(64 << 10);
        capnp_rpc_peer::serve(right);
        calls(&near, framed(left), &[], CAPNP_RPC_NEVER_RETURNS).await;
    });
}

#[test]
fn bowline_calls_capnp_rpc_over_a_unix_socket() {
    on_one_thread(async {
        let near = vat();
        let (left, right) = UnixStream::pair().expect("a socket pair");
        capnp_rpc_peer::serve(right);
        calls(&near, framed(left), &[], CAPNP_RPC_NEVER_RETURNS).await;
    });
}

#[test]
fn capnp_rpc_calls_bowline_over_a_pipe() {
    on_one_thread(async {
        let far = vat();
        let (left, right) = tokio::io::duplex(64 << 10);
        let served = serve_peer(&far, framed(right));
        let peer = capnp_rpc_peer::connect(left, Side::Client, None);
        assert_all_ok(&scenarios::run(&peer, CapnpRpc, &[]).await, SCENARIOS);
        drop(peer);
        assert_idles(&served).await;
        assert_at_rest(&far).await;
    });
}

#[test]
fn capnp_rpc_calls_bowline_over_a_unix_socket() {
    on_one_thread(async {
        let far = vat();
        let (left, right) = UnixStream::pair().expect("a socket pair");
        let served = serve_peer(&far, framed(right));
        let peer = capnp_rpc_peer::connect(left, Side::Client, None);
        assert_all_ok(&scenarios::run(&peer, CapnpRpc, &[]).await, SCENARIOS);
        drop(peer);
        assert_idles(&served).await;
        assert_at_rest(&far).await;
    });
}

#[test]
fn bowline_calls_cpp_over_tcp() {
    on_one_thread(async {
        let near = vat();
        let listening = python::serve().await;
        let stream = TcpStream::connect(("127.0.0.1", listening.port)).await.expect("it listens");
        calls(&near, framed(stream), &CPP_SERVER_CANNOT, 0).await;
    });
}

#[test]
fn cpp_calls_bowline_over_tcp() {
    on_one_thread(async {
        let far = vat();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let accepted = async {
            let (stream, _) = listener.accept().await.expect("the peer connects");
            serve_peer(&far, framed(stream))
        };
        let (served, told) = tokio::join!(accepted, python::call(port));
        let passed = told.lines().filter(|line| line.starts_with("ok ")).count();
        assert_eq!(passed, SCENARIOS, "{told}");
        served.closed().await;
        assert_at_rest(&far).await;
    });
}

/// Scenarios of megabytes, which take minutes byte by byte.
const TOO_LARGE_FOR_A_BYTE: [&str; 2] = ["data-1mib", "stream"];

#[test]
fn bowline_calls_bowline_over_a_pipe_of_one_byte() {
    on_one_thread(async {
        let (near, far) = (vat(), vat());
        let (left, right) = tokio::io::duplex(1);
        let served = serve_peer(&far, framed(right));
        calls(&near, framed(left), &TOO_LARGE_FOR_A_BYTE, 0).await;
        assert_idles(&served).await;
        assert_at_rest(&far).await;
    });
}

#[test]
fn bowline_calls_capnp_rpc_over_a_pipe_of_one_byte() {
    on_one_thread(async {
        let near = vat();
        let (left, right) = tokio::io::duplex(1);
        capnp_rpc_peer::serve(right);
        calls(&near, framed(left), &TOO_LARGE_FOR_A_BYTE, CAPNP_RPC_NEVER_RETURNS).await;
    });
}
