//! Rust calls a Worker of the real runtime.

use std::future::Future;

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::{Local, Vat};
use bowline::transport::FramedLimits;
use bowline::transport::http::{ConnectHost, HeadLimits, dial};
use bowline::worker::debug_port::{DebugPort, Props};
use bowline::worker::http::{Body, over_calls, to_address};
use bowline::worker::value::{Value, value};
use bowline::worker::{Call, JsError, RpcStub, Service, args};
use http::Request;

use crate::vat::bootstrap;
use crate::world::{callee as workerd_callee, callee_with_debug_port};

const HOST: &str = "vat.test";

/// Runs `main` on a thread with an executor of its own, with a vat that is driven there.
fn on_a_vat<F: Future<Output = ()>>(main: impl FnOnce(Local) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let all = async {
        let vat = Vat::local();
        tokio::task::spawn_local(vat.tokio_driver());
        main(vat.here().clone()).await;
    };
    tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), all);
}

/// What the vat behind HTTP at `port` offers.
fn reached(here: &Local, port: u16) -> Client {
    let (client, resolver) = Client::promise(here);
    let near = here.clone();
    here.spawn(Box::pin(async move {
        let address = format!("tcp:127.0.0.1:{port}").parse().expect("an address");
        let host: ConnectHost = HOST.parse().expect("a host");
        let stream = dial(&address, &host, &HeadLimits::default()).await.expect("it listens");
        let peer = bowline::transport::Peer::Memory;
        let transport = stream.framed(peer, FramedLimits::default());
        resolver.resolve(Ok(Link::connect(&near, transport, Config::default(), None).bootstrap()));
    }));
    client
}

#[test]
fn rust_calls_a_worker() {
    let callee = workerd_callee(&[]);
    let port = callee.port("main");
    on_a_vat(|here| async move {
        let svc = Service::remote(move |here| reached(here, port)).stub(&here);
        calls(&here, &svc).await.expect("it works");
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
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Err(JsError::error("the account was never closed"))
}

/// By HTTP beside the calls, and by HTTP as calls.
#[test]
fn rust_makes_requests_of_a_worker() {
    let callee = callee_with_debug_port();
    let (port, debug_port) = (callee.port("main"), callee.port("debug-port"));
    on_a_vat(|here| async move {
        let address = format!("tcp:127.0.0.1:{port}").parse().expect("an address");
        let by_http =
            Service::remote(move |here| reached(here, port)).with_fetch(to_address(&here, address));
        requests(&here, &by_http).await;
        let debug_port = DebugPort::new(bootstrap(&here, debug_port).await);
        let entrypoint = debug_port.entrypoint("callee", None, &Props::default());
        let way = over_calls(&here, &entrypoint);
        let by_calls = Service::remote(move |_| entrypoint.clone()).with_fetch(way);
        requests(&here, &by_calls).await;
        let props = Props::json(r#"{"desk":12}"#);
        let clerk = debug_port.entrypoint("callee", Some("Clerk"), &props);
        let way = over_calls(&here, &clerk);
        let clerk = Service::remote(move |_| clerk.clone()).with_fetch(way);
        let who = clerk.stub(&here).call("who", args![]).await.expect("it is there");
        assert_eq!(who.to::<String>().expect("a text"), "clerk at 12");
        let request = Request::get("https://knots.test/").body(Body::empty()).expect("good");
        let response = clerk.fetch(&here, request).await.expect("it answers");
        assert_eq!(response.into_body().text(100).await.expect("text"), "clerk at 12");
    });
}

async fn requests(here: &Local, service: &Service) {
    // One after the other, and calls between.
    for body in [Body::from("rope"), Body::from(""), Body::empty()] {
        let length = body.length();
        let request = Request::post("https://knots.test/tie?n=1").header("x-any", "y").body(body);
        let request = request.expect("a good request");
        let response = service.fetch(here, request).await.expect("it answers");
        assert_eq!(response.status(), 202);
        assert_eq!(response.headers()["content-type"], "application/json");
        let told = response.into_body().text(1000).await.expect("text");
        let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
        assert_eq!(
            (told["method"].as_str(), told["body"].as_str().map(str::len)),
            (Some("POST"), length.map(|length| length as usize))
        );
        assert!(told["url"].as_str().is_some_and(|url| url.ends_with("://knots.test/tie?n=1")));
        let sum = service.stub(here).call("add", args![1, 2]).await.expect("it adds");
        assert_eq!(sum.as_f64(), Some(3.0));
    }
    // What is written comes back before the rest is written, and all of it in the end.
    let (mut writer, body) = Body::pipe();
    let request = Request::post("https://knots.test/mirror").body(body).expect("a good request");
    let (first, response) = tokio::join!(writer.write("there "), service.fetch(here, request));
    first.expect("it is read");
    let response = response.expect("it answers");
    assert_eq!(response.headers()["x-mirror"], "1");
    let mut body = response.into_body();
    assert_eq!(&body.chunk().await.expect("there is more").expect("it is whole")[..], b"there ");
    let writing = async {
        for _ in 0..30 {
            writer.write(vec![b'A'; 100_000]).await.expect("it is read");
        }
        writer.close().await.expect("it is read");
    };
    let (all, ()) = tokio::join!(body.bytes(4 << 20), writing);
    assert_eq!(all.expect("it is whole").len(), 3_000_000);
    // A body that is cut off is no whole body there either: the request fails, or its response does.
    let (mut writer, body) = Body::pipe();
    let request = Request::post("https://knots.test/tie").body(body).expect("a good request");
    let cutting = async {
        writer.write("half").await.expect("there is room");
        drop(writer);
    };
    let (response, ()) = tokio::join!(service.fetch(here, request), cutting);
    if let Ok(response) = response {
        let status = response.status();
        assert!(status != 202, "half a body was taken for a whole one");
    }
}
