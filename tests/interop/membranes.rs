//! Every scenario through membranes, against live peers: a membrane that lets everything through is not
//! noticed, and leaves nothing.

use std::cell::Cell;
use std::rc::Rc;

use bowline::conn::Config;
use bowline::rpc::{Client, Crossing, Link, Membrane, Verdict};
use bowline::runtime::Vat;
use bowline::transport::Transport;
use capnp::capability::FromClientHook;
use capnp_rpc::rpc_twoparty_capnp::Side;
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::bowline_peer::{assert_at_rest, assert_idles, assert_idles_but, engine, framed, vat};
use crate::capnp_rpc_peer::Peer;
use crate::engine::{CapnpRpc, Engine};
use crate::interop_capnp::peer;
use crate::scenarios;
use crate::{CPP_SERVER_CANNOT, SCENARIOS, assert_all_ok, capnp_rpc_peer, on_one_thread, python};

/// A client behind two membranes, the outer of which asks about every call and counts them.
fn behind_two(vat: &Vat, client: &Client) -> (Client, Rc<Cell<usize>>) {
    let asked = Rc::new(Cell::new(0));
    let count = Rc::clone(&asked);
    let inner = Membrane::open(vat.here());
    let outer = Membrane::new(vat.here(), move |_: &Crossing| {
        count.set(count.get() + 1);
        Verdict::Allow
    });
    (outer.wrap(&inner.wrap(client)), asked)
}

/// Serves a peer behind two membranes.
fn serve_walled(vat: &Vat, transport: impl Transport + 'static) -> (Link, Rc<Cell<usize>>) {
    let own: peer::Client = engine(vat).host(Peer::new(engine(vat)));
    let (walled, asked) = behind_two(vat, &Client::from_hook(own.as_client_hook()));
    (Link::connect(vat.here(), transport, Config::default(), Some(&walled)), asked)
}

/// Runs the scenarios from `vat`, which puts two membranes before what the peer offers.
async fn calls(vat: &Vat, transport: impl Transport + 'static, skip: &[&str], lost: usize) {
    let link = Link::connect(vat.here(), transport, Config::default(), None);
    let (walled, asked) = behind_two(vat, &link.bootstrap());
    let peer: peer::Client = FromClientHook::new(walled.hook());
    let told = scenarios::run(&peer, engine(vat), skip).await;
    assert_all_ok(&told, SCENARIOS - skip.len());
    drop(peer);
    assert!(asked.get() > SCENARIOS, "{} calls crossed", asked.get());
    assert_idles_but(&link, lost).await;
    assert_at_rest(vat).await;
}

#[test]
fn bowline_calls_capnp_rpc_through_membranes() {
    on_one_thread(async {
        let near = vat();
        let (left, right) = UnixStream::pair().expect("a socket pair");
        capnp_rpc_peer::serve(right);
        // It never returns a call that was cancelled, and the scenarios cancel one.
        calls(&near, framed(left), &[], 1).await;
    });
}

#[test]
fn bowline_calls_cpp_through_membranes() {
    on_one_thread(async {
        let near = vat();
        let listening = python::serve().await;
        let stream = TcpStream::connect(("127.0.0.1", listening.port)).await.expect("it listens");
        calls(&near, framed(stream), &CPP_SERVER_CANNOT, 0).await;
    });
}

#[test]
fn capnp_rpc_calls_bowline_through_membranes() {
    on_one_thread(async {
        let far = vat();
        let (left, right) = UnixStream::pair().expect("a socket pair");
        let (served, asked) = serve_walled(&far, framed(right));
        let peer = capnp_rpc_peer::connect(left, Side::Client, None);
        assert_all_ok(&scenarios::run(&peer, CapnpRpc, &[]).await, SCENARIOS);
        drop(peer);
        assert!(asked.get() > SCENARIOS, "{} calls crossed", asked.get());
        assert_idles(&served).await;
        assert_at_rest(&far).await;
    });
}

#[test]
fn cpp_calls_bowline_through_membranes() {
    on_one_thread(async {
        let far = vat();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let accepted = async {
            let (stream, _) = listener.accept().await.expect("the peer connects");
            serve_walled(&far, framed(stream)).0
        };
        let (served, told) = tokio::join!(accepted, python::call(port));
        let passed = told.lines().filter(|line| line.starts_with("ok ")).count();
        assert_eq!(passed, SCENARIOS, "{told}");
        served.closed().await;
        assert_at_rest(&far).await;
    });
}
