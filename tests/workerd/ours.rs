//! Rust calls a Worker of the real runtime.

use std::error::Error;
use std::future::{Future, IntoFuture};
use std::time::Duration;

use bowline::runtime::{Local, Vat};
use bowline::worker::debug_port::Props;
use bowline::worker::http::Body;
use bowline::worker::stream::{ReadableStream, StreamError, identity};
use bowline::worker::value::{Blob, Value, value};
use bowline::worker::{Asking, Call, JsError, RpcStub, Service, args};
use http::header::SET_COOKIE;
use http::{HeaderMap, Request, Response};

use crate::world::{callee as workerd_callee, callee_with_debug_port};

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

#[test]
fn requests_and_responses_pass_between_rust_and_a_worker() {
    let callee = workerd_callee(&[]);
    let port = callee.port("main");
    on_a_vat(|here| async move {
        let svc = at(port).stub(&here);
        http_values(&svc).await.expect("it works");
    });
}

async fn http_values(svc: &RpcStub) -> Result<(), Box<dyn Error>> {
    let response = svc.call("response", args![]).await?;
    let response = Response::<Body>::try_from(&*response)?;
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["x-made"], "here");
    assert_eq!(response.into_body().text(100).await?, "created");
    let request = || Request::put("https://a.test/b?c").header("x-asked", "yes");
    let asked = request().body(Body::from("d"))?;
    let told = svc.call("request", args![Value::from(asked)]).await?;
    assert_eq!(told.to::<String>()?, "PUT https://a.test/b?c yes");
    let (mut writer, body) = Body::pipe();
    let asked = Value::from(request().body(body)?);
    let writing = async {
        for part in ["carried ", "in ", "parts"] {
            writer.write(part).await?;
        }
        writer.close().await
    };
    let (told, written) =
        tokio::join!(svc.call("requestBody", args![asked]).into_future(), writing);
    written?;
    assert_eq!(told?.to::<String>()?, "carried in parts");
    let asked = Value::from(request().body(Body::from("there and back"))?);
    let back = svc.call("echo", args![asked]).await?;
    let back = Request::<Body>::try_from(&*back)?;
    assert_eq!(back.headers()["x-asked"], "yes");
    assert_eq!(back.into_body().text(100).await?, "there and back");
    let headers =
        HeaderMap::from_iter([(SET_COOKIE, "a=1".try_into()?), (SET_COOKIE, "b=2".try_into()?)]);
    let back = svc.call("echo", args![Value::from(&headers)]).await?;
    let back = HeaderMap::try_from(&*back)?;
    assert_eq!(back.get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
    let blob = Blob { content_type: "text/x".into(), bytes: "knot".into() };
    let back = svc.call("echo", args![Value::blob(blob.clone())]).await?;
    assert_eq!(*back, Value::blob(blob));
    Ok(())
}

/// By HTTP beside the calls, and by HTTP as calls.
#[test]
fn rust_makes_requests_of_a_worker() {
    let callee = callee_with_debug_port();
    let (port, debug_port) = (callee.port("main"), callee.port("debug-port"));
    on_a_vat(|here| async move {
        requests(&here, &at(port)).await;
        let asked = |entrypoint: Option<&str>, props| {
            let address = format!("debug://127.0.0.1:{debug_port}").parse().expect("an address");
            let (service, entrypoint) = ("callee".into(), entrypoint.map(str::to_owned));
            Service::at(address, Asking { service, entrypoint, props, ..Asking::default() })
        };
        requests(&here, &asked(None, Props::default())).await;
        let clerk = asked(Some("Clerk"), Props::json(r#"{"desk":12}"#));
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
