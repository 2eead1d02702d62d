//! One end is ours: a Worker of the real runtime calls a service in Rust, and Rust calls a Worker.

use std::future::Future;
use std::thread;
use std::time::Duration;

use bowline::conn::Config;
use bowline::rpc::Link;
use bowline::runtime::{Local, Vat};
use bowline::transport::http::{Arrival, HeadLimits, admit};
use bowline::transport::{Address, FramedLimits, Listener};
use bowline::worker::stream::{ReadableStream, StreamError, identity};
use bowline::worker::value::{Value, value};
use bowline::worker::{Asking, Call, JsError, RpcStub, Service, args};

use bowline::worker::debug_port::Props;

use crate::world::{Caller, callee as workerd_callee, callee_with_debug_port};

const HOST: &str = "vat.test";

/// Runs `main` on a thread with an executor of its own, with a vat that is driven there.
pub(crate) fn on_a_vat<F: Future<Output = ()>>(main: impl FnOnce(Local) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let all = async {
        let vat = Vat::local();
        tokio::task::spawn_local(vat.tokio_driver());
        main(vat.here().clone()).await;
    };
    tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), all);
}

/// Serves the two entrypoints of the Rust callee until the process ends; their ports.
fn served() -> [u16; 2] {
    served_by(|| {
        let worker = crate::callee::worker();
        let main = worker.service("default").expect("it has one");
        [main, worker.service_with("Clerk", value!({ desk: 7 })).expect("it has one")]
    })
}

/// Serves what `make` makes until the process ends, each at a port of its own.
pub(crate) fn served_by<const N: usize>(
    make: impl FnOnce() -> [Service; N] + Send + 'static,
) -> [u16; N] {
    let (tell, hear) = std::sync::mpsc::channel();
    thread::spawn(move || {
        on_a_vat(|here| async move {
            for service in make() {
                let listener = listener().await;
                tell.send(port_of(listener.address())).expect("somebody waits");
                let here = here.clone();
                tokio::task::spawn_local(async move { serve(&here, listener, &service).await });
            }
            std::future::pending().await
        });
    });
    std::array::from_fn(|_| hear.recv().expect("it serves"))
}

async fn listener() -> Listener {
    Listener::bind(&"tcp:127.0.0.1:0".parse().expect("an address")).await.expect("a free port")
}

fn port_of(address: &Address) -> u16 {
    match address {
        Address::Tcp { port, .. } => *port,
        other => panic!("{other}"),
    }
}

async fn serve(here: &Local, mut listener: Listener, service: &Service) {
    let boot = service.bootstrap(here);
    loop {
        let socket = listener.accept().await.expect("it listens");
        let peer = socket.peer().clone();
        let arrived = admit(socket, &HeadLimits::default(), |host| host == HOST).await;
        if let Ok(Arrival::Vat { stream, .. }) = arrived {
            let transport = stream.framed(peer, FramedLimits::default());
            Link::connect(here, transport, Config::default(), Some(&boot));
        }
    }
}

/// Streams in both directions, with the real runtime at the other end.
async fn stream_calls(svc: &RpcStub) -> Result<(), JsError> {
    let mut letters: ReadableStream = svc.call("letters", args![30]).await?.to()?;
    assert_eq!(letters.read_all(100).await?, "abcdefghijklmnopqrstuvwxyzabcd");
    let mut exactly: ReadableStream = svc.call("exactly", args![9]).await?.to()?;
    assert_eq!(exactly.length(), Some(9));
    assert_eq!(exactly.read_all(100).await?, "xxxxxxxxx");
    let mut chunks: ReadableStream = svc.call("chunks", args![40, 50_000]).await?.to()?;
    assert_eq!(chunks.read_all(1 << 22).await?.len(), 2_000_000);

    let said = svc.call("text", args![ReadableStream::from("to and fro")]).await?;
    assert_eq!(said.to::<String>()?, "to and fro");
    let large = ReadableStream::from(vec![1; 3_000_000]);
    let length = svc.call("length", args![large]).await?;
    assert_eq!(length.get("length").and_then(|length| length.as_f64()), Some(3_000_000.0));
    let (to, mut from) = identity();
    let written = svc.call("writeInto", args![to, "written there"]);
    assert_eq!(from.read_all(100).await?, "written there");
    assert_eq!(written.await?.as_f64(), Some(13.0));
    let mut back: ReadableStream =
        svc.call("echo", args![ReadableStream::from("back again")]).await?.to()?;
    assert_eq!(back.read_all(100).await?, "back again");

    let mut breaking: ReadableStream = svc.call("breaking", args![]).await?.to()?;
    let why = breaking.read_all(100).await.expect_err("it is torn");
    assert_eq!(why.to_string(), "ReadableStream received over RPC disconnected prematurely.");
    let (mut to, from) = identity();
    let first = svc.call("firstOf", args![from]);
    to.write("first").await?;
    assert_eq!(first.await?.as_f64(), Some(5.0));
    let why = loop {
        if let Err(why) = to.write("more").await {
            break why;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert!(matches!(why, StreamError::Cancelled(_)), "{why}");
    cancelled_here(svc).await
}

async fn cancelled_here(svc: &RpcStub) -> Result<(), JsError> {
    let mut endless: ReadableStream = svc.call("endless", args!["ours"]).await?.to()?;
    for _ in 0..3 {
        assert!(!endless.next().await.transpose()?.unwrap_or_default().is_empty());
    }
    endless.cancel("enough");
    for _ in 0..100 {
        let happened = svc.call("happened", args!["ours"]).await?;
        if let Some(told) = happened.at(0) {
            let told = told.as_str().map(|told| told.to_string());
            // The reason arrives, or the end of the writes before it.
            assert!(told.is_some_and(|told| told.starts_with("cancelled: ")));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(JsError::error("the stream was never cancelled"))
}

#[test]
fn streams_pass_between_rust_and_a_worker() {
    let callee = workerd_callee(&[]);
    let port = callee.port("main");
    on_a_vat(|here| async move {
        let svc = at(port).stub(&here);
        stream_calls(&svc).await.expect("it works");
    });
}

/// The service behind HTTP at `port`.
pub(crate) fn at(port: u16) -> Service {
    let address = format!("http://127.0.0.1:{port}").parse().expect("an address");
    let connect_host = Some(HOST.parse().expect("a host"));
    Service::at(address, Asking { connect_host, ..Asking::default() })
}

const SITUATIONS: &[&str] = &[
    "values",
    "all_values_at_once",
    "circles_and_aliases",
    "arguments_of_any_number",
    "a_large_value",
    "a_target_is_called",
    "targets_inside_an_object",
    "functions",
    "getters",
    "what_is_hidden",
    "a_duplicate_outlives_its_original",
    "an_object_with_a_disposer",
    "pipelined_calls",
    "one_promise_called_often",
    "calls_arrive_in_order",
    "a_hundred_sessions_at_once",
    "a_failure_fails_what_is_pipelined_on_it",
    "a_chain_of_eight",
    "callbacks",
    "a_callback_that_fails",
    "a_callback_within_a_callback",
    "a_stub_of_ours_comes_back",
    "a_stub_of_theirs_goes_back",
    "a_callback_is_kept_with_dup_only",
    "a_target_passed_is_disposed_once_the_call_is_over",
    "failures",
    "what_cannot_be_passed",
    "a_callee_that_gives_up",
    "a_promise_is_disposed_while_it_waits",
    "streams_from_there",
    "streams_to_there",
    "a_writable_stream_there",
    "a_stream_goes_there_and_back",
    "a_stream_is_cancelled_here",
    "a_stream_is_cancelled_there",
    "a_stream_breaks",
];

#[test]
fn a_worker_calls_a_service_in_rust() {
    let [main, clerk] = served();
    let caller = Caller::of(main, clerk);
    let wrong: Vec<String> = SITUATIONS
        .iter()
        .filter_map(|situation| {
            let told = caller.ask(&format!("/{situation}?of=ONE&key={situation}"));
            told.get("wrong").map(|wrong| format!("{situation}: {wrong}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rust_calls_a_worker() {
    let callee = workerd_callee(&[]);
    let port = callee.port("main");
    on_a_vat(|here| async move {
        let svc = at(port).stub(&here);
        calls(&here, &svc).await.expect("it works");
    });
}

#[test]
fn rust_asks_a_debug_port_for_an_entrypoint_with_props() {
    let callee = callee_with_debug_port();
    let port = callee.port("debug-port");
    on_a_vat(|here| async move {
        let asking = Asking {
            service: "callee".into(),
            entrypoint: Some("Clerk".into()),
            props: Props::json("{\"desk\": 12}"),
            ..Asking::default()
        };
        let address = format!("debug://127.0.0.1:{port}").parse().expect("an address");
        let clerk = Service::at(address, asking).stub(&here);
        let told = clerk.call("who", args![]).await.expect("it works");
        assert_eq!(*told, Value::from("clerk at 12"));
    });
}

#[test]
fn either_side_may_start_first() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("it is bound").port();
    drop(free);
    on_a_vat(|here| async move {
        let svc = at(port).stub(&here);
        let why = svc.call("ping", args![]).await.expect_err("nobody is there");
        assert!(why.is_retryable(), "{why}");
        let callee = workerd_callee(&[format!("--socket-addr=main=127.0.0.1:{port}")]);
        let pong = svc.call("ping", args![]).await.expect("it is there");
        assert_eq!(*pong, Value::from("pong"));
        drop(callee);
    });
}

async fn calls(here: &Local, svc: &RpcStub) -> Result<(), JsError> {
    assert_eq!(svc.call("add", args![1, 2]).await?.as_f64(), Some(3.0));
    assert_eq!(*svc.call("nothing", args![]).await?, Value::UNDEFINED);
    let all = value!({ a: [1, "x", null, 2.5], d: (Value::date(86_400_000.0)), m: (Value::map([("k", 1)])) });
    assert_eq!(*svc.call("echo", args![&all]).await?, all);
    let deep = svc.call("account", args!["k", 1]).call("branch", args![20]);
    assert_eq!(deep.call("deposit", args![4]).await?.as_f64(), Some(24.0));
    assert_eq!(svc.get("rates").get("loan").await?.as_f64(), Some(7.0));
    let account = svc.call("account", args!["key", 10]).await?.stub()?;
    assert_eq!(account.call("deposit", args![5]).await?.as_f64(), Some(15.0));
    assert_eq!(account.get("balance").await?.as_f64(), Some(15.0));
    account.dispose();
    let said =
        svc.call("curried", args![]).invoke(args!["a"]).invoke(args!["b"]).invoke(args!["c"]);
    assert_eq!(said.await?.to::<String>()?, "abc");
    let shout =
        RpcStub::function(
            here,
            |call: Call| async move { Ok(format!("{}!", call.arg::<String>(0)?)) },
        );
    assert_eq!(svc.call("call", args![&shout, "ahoy"]).await?.to::<String>()?, "ahoy!");
    let back = svc.call("returned", args![&shout]).await?.stub()?;
    assert_eq!(back.invoke(args!["back"]).await?.to::<String>()?, "back!");
    let bank = svc.call("bank", args!["bank"]).await?;
    let first =
        bank.get("vault").and_then(|vault| vault.get("first")).map(|first| first.to_value());
    let first = RpcStub::from_value(&first.expect("there is one"))?;
    assert_eq!(first.call("deposit", args![10]).await?.as_f64(), Some(11.0));
    bank.dispose();
    let why = svc.call("fail", args!["custom"]).await.expect_err("it fails");
    assert_eq!((&*why.name(), &*why.message(), why.is_remote()), ("OutOfInk", "no ink", true));
    let why = svc.call("nowhere", args![]).await.expect_err("it fails");
    assert_eq!(why.message(), "The RPC receiver does not implement the method \"nowhere\".");
    let promises: Vec<_> = (0..100).map(|n| svc.call("add", args![n, 1])).collect();
    for (n, promise) in promises.into_iter().enumerate() {
        assert_eq!(promise.await?.as_f64(), Some(n as f64 + 1.0));
    }
    // What was disposed has had its disposer run there.
    for _ in 0..100 {
        if *svc.call("happened", args!["key"]).await? == value!(["closed at 15"]) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(JsError::error("the account was never closed"))
}
