//! What a request gets: by HTTP (C-K6), and as a call (C-K7).

use bowline::worker::args;
use bowline::worker::http::Body;
use http::{Method, Request, StatusCode};

use super::scene::{Scene, Way, by_every_way, reached, worker};

by_every_way! {
    rule_37_a_request_gets_a_response,
    rule_37_an_entrypoint_without_a_handler_says_so,
    rule_58_an_aborted_context_fails_its_request,
    rule_67_props_and_bindings_are_there_for_requests,
    rule_72_requests_count_as_invocations,
    a_handler_that_fails,
    a_handler_that_panics_fails_its_request_alone,
    requests_and_calls_take_turns,
    many_requests_at_once,
    responses_without_a_body,
    any_method,
    who_asks_goes_away,
}

async fn rule_37_a_request_gets_a_response(scene: Scene) {
    let request = Request::put("http://knots.test/told?n=1&m=%20").header("x-any", "y");
    let request = request.body(Body::from("rope")).expect("a good request");
    let response = scene.service.fetch(&scene.here, request).await.expect("it answers");
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    assert_eq!(response.headers()["x-own"].as_bytes(), "\u{e9}".as_bytes());
    let told = response.into_body().text(1000).await.expect("text");
    assert_eq!(told, "PUT http://knots.test/told?n=1&m=%20 y rope");
}

async fn rule_37_an_entrypoint_without_a_handler_says_so(scene: Scene) {
    let told = "Error: Handler does not export a fetch() function.";
    scene.failed_with(scene.get("/mute").await, told);
    let mute = worker(&scene.log).service("Mute").expect("it has one");
    let mute = reached(scene.way, &scene.here, mute).await;
    let request = Request::get("http://knots.test/").body(Body::empty()).expect("good");
    scene.failed_with(mute.fetch(&scene.here, request).await, told);
}

async fn rule_58_an_aborted_context_fails_its_request(scene: Scene) {
    scene.failed_with(scene.get("/aborts").await, "Error: gave up");
}

async fn rule_67_props_and_bindings_are_there_for_requests(scene: Scene) {
    let response = scene.get("/desk").await.expect("it answers");
    assert_eq!(response.into_body().text(10).await.expect("text"), "7.0");
    let told = "TypeError: the worker \"answerer\" has no service bound as \"NOBODY\"";
    scene.failed_with(scene.get("/nobody").await, told);
}

async fn rule_72_requests_count_as_invocations(scene: Scene) {
    let why = scene.get("/deeper").await;
    if scene.way == Way::Http {
        return scene.failed_with(why, "");
    }
    let why = why.expect_err("it is too deep");
    assert!(why.message().starts_with("Subrequest depth limit exceeded."), "{why}");
}

async fn a_handler_that_fails(scene: Scene) {
    scene.failed_with(scene.get("/fails").await, "TypeError: no such knot");
}

async fn a_handler_that_panics_fails_its_request_alone(scene: Scene) {
    let (never, panics) = tokio::join!(
        async {
            tokio::time::timeout(std::time::Duration::from_millis(300), scene.get("/never")).await
        },
        scene.get("/panics"),
    );
    scene.failed_with(panics, "Error: the object panicked");
    assert!(never.is_err(), "it waits on");
    assert_eq!(scene.get("/204").await.expect("it answers").status(), 204);
}

async fn requests_and_calls_take_turns(scene: Scene) {
    let stub = scene.service.stub(&scene.here);
    for _ in 0..3 {
        let why = stub.call("nowhere", args![]).await.expect_err("there is no such method");
        assert!(why.message().contains("does not implement"), "{why}");
        assert_eq!(scene.get("/204").await.expect("it answers").status(), 204);
    }
}

async fn many_requests_at_once(scene: Scene) {
    let asking = (0..50).map(|n| {
        let scene = &scene;
        async move {
            let response = scene.post("/mirror", n.to_string()).await.expect("it answers");
            response.into_body().text(10).await.expect("text")
        }
    });
    let told = futures::future::join_all(asking).await;
    assert_eq!(told, (0..50).map(|n| n.to_string()).collect::<Vec<_>>());
}

async fn responses_without_a_body(scene: Scene) {
    for status in ["204", "304"] {
        let response = scene.get(&format!("/{status}")).await.expect("it answers");
        assert_eq!(response.status().as_str(), status);
        assert_eq!(response.into_body().bytes(0).await.expect("it is whole").len(), 0);
    }
    let request = Request::head("http://knots.test/half").body(Body::empty()).expect("good");
    let response = scene.service.fetch(&scene.here, request).await.expect("it answers");
    assert_eq!(response.status(), 200);
}

async fn any_method(scene: Scene) {
    for method in ["DELETE", "PATCH", "OPTIONS", "QUERY", "M-SEARCH"] {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = Request::builder().method(&method).uri("http://knots.test/told");
        let request = request.body(Body::empty()).expect("a good request");
        let response = scene.service.fetch(&scene.here, request).await.expect("it answers");
        let told = response.into_body().text(100).await.expect("text");
        assert_eq!(told, format!("{method} http://knots.test/told  "));
    }
}

async fn who_asks_goes_away(scene: Scene) {
    let never = scene.get("/never");
    tokio::select! {
        answered = never => panic!("{answered:?}"),
        told = scene.log.hear() => assert_eq!(told, "asked"),
    }
    assert_eq!(scene.log.hear().await, "dropped");
}
