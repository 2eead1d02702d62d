//! HTTP as calls, with a peer that does it wrong.

use std::rc::Rc;

use bowline::rpc::{Client, serve};
use bowline::runtime::Local;
use bowline::schema::byte_stream_capnp::byte_stream;
use bowline::schema::http_over_capnp_capnp::{
    CommonHeaderName, http_request, http_response, http_service,
    http_service::client_request_context,
};
use bowline::schema::worker_capnp::{event_dispatcher, workerd_bootstrap};
use bowline::worker::http::{Body, over_calls};
use capnp::capability::FromClientHook;
use http::{Request, Response};

use super::scene::{Log, Way, linked, run, vat, worker};

/// A dispatcher of the service, and what it dispatches requests to.
fn event(here: &Local, log: &Log) -> (event_dispatcher::Client, http_service::Client) {
    let far = vat();
    let service = worker(log).service("default").expect("it has one");
    let peer = linked(Way::Pipe, here, &far, &service.bootstrap(&far));
    let bootstrap: workerd_bootstrap::Client = FromClientHook::new(peer.hook());
    let dispatcher = bootstrap.start_event_request().send().pipeline.get_dispatcher();
    let http = dispatcher.get_http_service_request().send().pipeline.get_http();
    (dispatcher, http)
}

/// Takes any response, and what comes of it.
struct Context(Log);

impl client_request_context::Server for Context {
    async fn start_response(
        self: Rc<Self>,
        params: client_request_context::StartResponseParams,
        _: client_request_context::StartResponseResults,
    ) -> capnp::Result<()> {
        let status = params.get()?.get_response()?.get_status_code();
        self.0.say(format!("answered {status}"));
        Ok(())
    }
}

/// Sends what `build` builds; what the call comes to.
async fn sent(build: impl FnOnce(http_request::Builder<'_>)) -> String {
    let (here, log) = (vat(), Log::default());
    let (_dispatcher, http) = event(&here, &log);
    let mut request = http.request_request();
    request.get().set_context(serve(&here, Context(log.clone())));
    build(request.get().init_request());
    match request.send().promise.await {
        Ok(_) => log.hear().await,
        Err(why) => why.extra,
    }
}

fn good(mut request: http_request::Builder<'_>) -> http_request::Builder<'_> {
    request.set_url("http://knots.test/204");
    request.reborrow().init_body_size().set_fixed(0);
    request
}

#[test]
fn requests_that_are_no_http_are_refused() {
    run(async {
        let told = sent(|request| {
            good(request);
        });
        assert_eq!(told.await, "answered 204");
        let told = sent(|request| good(request).set_url("http://a b/")).await;
        assert!(told.contains("jsg.TypeError: Invalid URL: http://a b/"), "{told}");
        for (name, value, what) in
            [("a b", "c", "name"), ("a", "b\r\nc: d", "value"), ("", "", "name")]
        {
            let told = sent(|request| {
                let mut pair = good(request).init_headers(1).get(0).init_uncommon();
                pair.set_name(name);
                pair.set_value(value);
            });
            let told = told.await;
            assert!(told.contains(&format!("jsg.TypeError: Invalid header {what}.")), "{told}");
        }
        let told = sent(|request| {
            let mut common = good(request).init_headers(1).get(0).init_common();
            common.set_name(CommonHeaderName::Invalid);
            common.set_value("x");
        });
        let told = told.await;
        assert!(told.contains("Invalid header name."), "{told}");
    });
}

#[test]
fn there_may_be_1024_headers_and_no_more() {
    run(async {
        for (count, fits) in [(1024, true), (1025, false)] {
            let told = sent(|request| {
                let mut headers = good(request).init_headers(count);
                for at in 0..count {
                    let mut pair = headers.reborrow().get(at).init_uncommon();
                    pair.set_name(format!("x-{at}").as_str());
                    pair.set_value("y");
                }
            });
            let told = told.await;
            assert_eq!(told == "answered 204", fits, "{told}");
            assert_eq!(told.contains("over the limit of 1024 headers"), !fits, "{told}");
        }
    });
}

#[test]
fn an_event_is_one_request_or_one_call() {
    run(async {
        let here = vat();
        let (dispatcher, _http) = event(&here, &Log::default());
        let again = dispatcher.get_http_service_request().send().promise.await;
        let why = again.err().expect("it was used");
        assert!(why.extra.contains("EventDispatcher can only be used for one request."), "{why}");
        let again = dispatcher.js_rpc_session_request().send().promise.await;
        let why = again.err().expect("it was used");
        assert!(why.extra.contains("EventDispatcher can only be used for one request."), "{why}");
    });
}

#[test]
fn a_body_that_is_not_as_long_as_was_said_is_none() {
    run(async {
        for (parts, told) in [(&["four", "5"][..], "answered 200"), (&["two"], "no whole body")] {
            let (here, log) = (vat(), Log::default());
            let (_dispatcher, http) = event(&here, &log);
            let mut request = http.request_request();
            request.get().set_context(serve(&here, Context(log.clone())));
            let mut head = request.get().init_request();
            head.set_url("http://knots.test/count");
            head.init_body_size().set_fixed(4);
            let request = request.send();
            let body = request.pipeline.get_request_body();
            let mut outcomes = Vec::new();
            for part in parts {
                let mut write = body.write_request();
                write.get().set_bytes(part.as_bytes());
                outcomes.push(write.send().promise.await.is_ok());
            }
            outcomes.push(body.end_request().send().promise.await.is_ok());
            assert_eq!(outcomes.last(), Some(&false), "{outcomes:?}");
            assert_eq!(log.hear().await, told);
        }
    });
}

/// Answers requests as `answer` does.
struct Peer<F>(Local, F);

impl<F: Answering> workerd_bootstrap::Server for Peer<F> {
    async fn start_event(
        self: Rc<Self>,
        _: workerd_bootstrap::StartEventParams,
        mut results: workerd_bootstrap::StartEventResults,
    ) -> capnp::Result<()> {
        let dispatcher = Event(self);
        results.get().set_dispatcher(serve(&dispatcher.0.0.clone(), dispatcher));
        Ok(())
    }
}

struct Event<F>(Rc<Peer<F>>);

impl<F: Answering> event_dispatcher::Server for Event<F> {
    async fn get_http_service(
        self: Rc<Self>,
        _: event_dispatcher::GetHttpServiceParams,
        mut results: event_dispatcher::GetHttpServiceResults,
    ) -> capnp::Result<()> {
        let service = Asked(Rc::clone(&self.0));
        results.get().set_http(serve(&self.0.0, service));
        Ok(())
    }
}

struct Asked<F>(Rc<Peer<F>>);

impl<F: Answering> http_service::Server for Asked<F> {
    async fn request(
        self: Rc<Self>,
        params: http_service::RequestParams,
        _: http_service::RequestResults,
    ) -> capnp::Result<()> {
        self.0.1(params.get()?.get_context()?).await
    }
}

trait Answering: AsyncFn(client_request_context::Client) -> capnp::Result<()> + 'static {}

impl<F: AsyncFn(client_request_context::Client) -> capnp::Result<()> + 'static> Answering for F {}

/// What is heard of a peer that answers so.
async fn heard(answer: impl Answering) -> Result<Response<Body>, String> {
    let (here, far) = (vat(), vat());
    let peer: workerd_bootstrap::Client = serve(&far, Peer(far.clone(), answer));
    let peer = Client::from_hook(&*peer.into_client_hook());
    let handler = over_calls(&here, &linked(Way::Pipe, &here, &far, &peer));
    let request = Request::get("http://knots.test/").body(Body::empty()).expect("good");
    handler.fetch(request).await.map_err(|why| why.to_string())
}

fn starting(
    context: &client_request_context::Client,
    build: impl FnOnce(http_response::Builder<'_>),
) -> capnp::capability::RemotePromise<client_request_context::start_response_results::Owned> {
    let mut request = context.start_response_request();
    build(request.get().init_response());
    request.send()
}

async fn write(body: &byte_stream::Client, bytes: &str) -> bool {
    let mut write = body.write_request();
    write.get().set_bytes(bytes.as_bytes());
    write.send().promise.await.is_ok()
}

#[test]
fn a_peer_that_gives_no_response_has_failed_the_request() {
    run(async {
        let told = heard(async |_| Ok(())).await.expect_err("there is none");
        assert_eq!(told, "Error: no response was given");
        let told = heard(async |_| Err(capnp::Error::failed("jsg.RangeError: far off".to_owned())));
        assert_eq!(told.await.expect_err("it failed"), "RangeError: far off");
        let told = heard(async |context| {
            let started = starting(&context, |mut response| response.set_status_code(99));
            started.promise.await.map(drop)
        });
        let told = told.await.expect_err("there is no such status");
        assert_eq!(told, "TypeError: The status of a response is from 100 to 999.");
    });
}

#[test]
fn a_second_response_is_refused_and_changes_nothing() {
    run(async {
        let response = heard(async |context| {
            let first = starting(&context, |mut response| {
                response.set_status_code(201);
                response.init_body_size().set_fixed(0);
            });
            first.promise.await?;
            let again = starting(&context, |mut response| response.set_status_code(202));
            let why = again.promise.await.err().expect("it was given");
            assert!(why.extra.contains("the response was given before"), "{why}");
            Ok(())
        });
        assert_eq!(response.await.expect("it answers").status(), 201);
    });
}

#[test]
fn a_response_that_is_cut_off_or_too_short_is_no_whole_one() {
    run(async {
        for (length, parts, ends) in
            [(None, &["half"][..], false), (Some(4), &["two"], true), (Some(4), &[], false)]
        {
            let response = heard(async move |context| {
                let started = starting(&context, |mut response| {
                    response.set_status_code(200);
                    if let Some(length) = length {
                        response.init_body_size().set_fixed(length);
                    }
                });
                let body = started.pipeline.get_body();
                for part in parts {
                    write(&body, part).await;
                }
                if ends {
                    let ended = body.end_request().send().promise.await;
                    assert!(ended.is_err(), "it was not the end");
                }
                drop(body);
                started.promise.await.map(drop)
            });
            let response = response.await.expect("it answers");
            assert_eq!(response.body().length(), length);
            let read = response.into_body().bytes(100).await;
            assert!(read.is_err(), "{parts:?}: {read:?}");
        }
    });
}
