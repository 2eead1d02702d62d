//! Live peers: every engine of the interop schema against every other, real bytes between them.
//!
//! The peers are tried against each other too, so that a scenario they cannot do is known as theirs.

#[path = "../data/interop_capnp.rs"]
#[allow(warnings, clippy::all, unreachable_pub, reason = "generated")]
#[rustfmt::skip]
mod interop_capnp;

mod bowline;
mod bowline_peer;
mod cancels;
mod capnp_rpc_peer;
mod compat;
mod crc;
mod engine;
mod objects;
mod python;
mod relay;
#[cfg(feature = "cli")]
mod relay_process;
mod scenarios;

use capnp_rpc::rpc_twoparty_capnp::Side;
use engine::CapnpRpc;
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// How many scenarios there are: a list that loses one should be noticed.
const SCENARIOS: usize = 25;

/// Python's exceptions all leave as `failed`, and a tail call to the caller's own object aborts the
/// C++ process.
const CPP_SERVER_CANNOT: [&str; 2] = ["exception-kinds", "tail-call-back"];

/// The C++ server reflects calls with results sent to `yourself`, and `capnp-rpc` stalls on them.
const CAPNP_RPC_CANNOT_AT_CPP: [&str; 3] = ["promise-to-client", "embargo", "echo-promise"];

fn on_one_thread(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), test);
}

fn assert_all_ok(told: &[(&str, Result<(), String>)], count: usize) {
    let failed: Vec<_> = told.iter().filter(|(_, tried)| tried.is_err()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(told.len(), count);
}

#[test]
fn capnp_rpc_calls_capnp_rpc_over_a_pipe() {
    on_one_thread(async {
        let (left, right) = tokio::io::duplex(64 << 10);
        capnp_rpc_peer::serve(right);
        let peer = capnp_rpc_peer::connect(left, Side::Client, None);
        assert_all_ok(&scenarios::run(&peer, CapnpRpc, &[]).await, SCENARIOS);
    });
}

#[test]
fn capnp_rpc_calls_capnp_rpc_over_a_unix_socket() {
    on_one_thread(async {
        let (left, right) = UnixStream::pair().expect("a socket pair");
        capnp_rpc_peer::serve(right);
        let peer = capnp_rpc_peer::connect(left, Side::Client, None);
        assert_all_ok(&scenarios::run(&peer, CapnpRpc, &[]).await, SCENARIOS);
    });
}

#[test]
fn capnp_rpc_calls_cpp_over_tcp() {
    on_one_thread(async {
        let listening = python::serve().await;
        let stream = TcpStream::connect(("127.0.0.1", listening.port)).await.expect("it listens");
        let peer = capnp_rpc_peer::connect(stream, Side::Client, None);
        let skip = [&CPP_SERVER_CANNOT[..], &CAPNP_RPC_CANNOT_AT_CPP].concat();
        let told = scenarios::run(&peer, CapnpRpc, &skip).await;
        assert_all_ok(&told, SCENARIOS - skip.len());
    });
}

#[test]
fn cpp_calls_capnp_rpc_over_tcp() {
    on_one_thread(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                capnp_rpc_peer::serve(stream);
            }
        });
        let told = python::call(port).await;
        assert_eq!(
            told.lines().filter(|line| line.starts_with("ok ")).count(),
            SCENARIOS,
            "{told}"
        );
    });
}
