//! bowline by the names of `capnp-rpc`, against itself and every live peer, both ways.

use std::future::Future;

use bowline::compat::rpc_twoparty_capnp::Side;
use bowline::compat::{RpcSystem, new_client, new_future_client, twoparty};
use capnp::capability::{FromClientHook, FromServer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::capnp_rpc_peer::{self, Peer};
use crate::engine::{CapnpRpc, Engine};
use crate::interop_capnp::peer;
use crate::{CPP_SERVER_CANNOT, SCENARIOS, assert_all_ok, on_one_thread, python, scenarios};

/// The hosting side of the vat a thread has without asking.
#[derive(Clone, Copy)]
struct Compat;

impl Engine for Compat {
    fn host<C: FromServer<S>, S>(self, server: S) -> C {
        new_client(server)
    }

    fn promise<C: FromClientHook + 'static>(
        self,
        settled: impl Future<Output = capnp::Result<C>> + 'static,
    ) -> C {
        new_future_client(settled)
    }
}

fn connect(
    stream: impl AsyncRead + AsyncWrite + 'static,
    side: Side,
    bootstrap: Option<peer::Client>,
) -> peer::Client {
    let (reader, writer) = tokio::io::split(stream);
    let options = capnp::message::ReaderOptions::new();
    let network = twoparty::VatNetwork::new(reader.compat(), writer.compat_write(), side, options);
    let mut system = RpcSystem::new(Box::new(network), bootstrap.map(|own| own.client));
    let other = if side == Side::Client { Side::Server } else { Side::Client };
    let peers = system.bootstrap(other);
    tokio::task::spawn_local(system);
    peers
}

fn serve(stream: impl AsyncRead + AsyncWrite + 'static) {
    drop(connect(stream, Side::Server, Some(Compat.host(Peer::new(Compat)))));
}

async fn calls(peer: peer::Client, skip: &[&str]) {
    let told = scenarios::run(&peer, Compat, skip).await;
    assert_all_ok(&told, SCENARIOS - skip.len());
}

#[test]
fn compat_calls_compat_over_a_pipe() {
    on_one_thread(async {
        let (left, right) = tokio::io::duplex(64 << 10);
        serve(right);
        calls(connect(left, Side::Client, None), &[]).await;
    });
}

#[test]
fn compat_calls_capnp_rpc_over_a_unix_socket() {
    on_one_thread(async {
        let (left, right) = UnixStream::pair().expect("a socket pair");
        capnp_rpc_peer::serve(right);
        calls(connect(left, Side::Client, None), &[]).await;
    });
}

#[test]
fn capnp_rpc_calls_compat_over_a_unix_socket() {
    on_one_thread(async {
        let (left, right) = UnixStream::pair().expect("a socket pair");
        serve(right);
        let side = capnp_rpc::rpc_twoparty_capnp::Side::Client;
        let peer = capnp_rpc_peer::connect(left, side, None);
        assert_all_ok(&scenarios::run(&peer, CapnpRpc, &[]).await, SCENARIOS);
    });
}

#[test]
fn compat_calls_cpp_over_tcp() {
    on_one_thread(async {
        let listening = python::serve().await;
        let stream = TcpStream::connect(("127.0.0.1", listening.port)).await.expect("it listens");
        calls(connect(stream, Side::Client, None), &CPP_SERVER_CANNOT).await;
    });
}

#[test]
fn cpp_calls_compat_over_tcp() {
    on_one_thread(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream);
            }
        });
        let told = python::call(port).await;
        let passed = told.lines().filter(|line| line.starts_with("ok ")).count();
        assert_eq!(passed, SCENARIOS, "{told}");
    });
}
