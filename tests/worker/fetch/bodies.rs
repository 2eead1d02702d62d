//! Bodies: as they come, cut off, given up.

use std::time::Duration;

use bowline::worker::http::Body;
use http::Request;

use super::scene::{Scene, Way, by_every_way};

by_every_way! {
    a_body_is_answered_while_it_is_written,
    rule_59_bodies_may_be_larger_than_a_value,
    a_body_nobody_reads_is_not_taken,
    a_body_that_is_ignored_is_let_go,
    a_request_that_is_cut_off_is_no_request,
    a_body_that_fails_is_no_request,
    a_response_that_is_cut_off_is_no_response,
    who_reads_goes_away,
    a_length_is_told,
    a_body_may_be_limited,
}

async fn a_body_is_answered_while_it_is_written(scene: Scene) {
    let (mut writer, body) = Body::pipe();
    let (first, response) = tokio::join!(writer.write("there "), scene.post("/mirror", body));
    first.expect("it is read");
    let mut body = response.expect("it answers").into_body();
    for part in ["there ", "and ", "back"] {
        if part != "there " {
            writer.write(part).await.expect("it is read");
        }
        assert_eq!(body.chunk().await.expect("there is more").expect("it is whole"), part);
    }
    writer.close().await.expect("it is read");
    assert!(body.chunk().await.is_none());
    assert!(body.chunk().await.is_none(), "it stays over");
}

const LARGE: usize = 36 << 20;

async fn rule_59_bodies_may_be_larger_than_a_value(scene: Scene) {
    let (mut writer, body) = Body::pipe();
    let writing = async {
        for _ in 0..LARGE >> 18 {
            writer.write(vec![7; 1 << 18]).await.expect("it is read");
        }
        writer.close().await.expect("it is read");
    };
    let reading = async {
        let mut body = scene.post("/mirror", body).await.expect("it answers").into_body();
        let mut length = 0;
        while let Some(chunk) = body.chunk().await {
            length += chunk.expect("it is whole").len();
        }
        length
    };
    let (length, ()) = tokio::join!(reading, writing);
    assert_eq!(length, LARGE);
}

async fn a_body_nobody_reads_is_not_taken(scene: Scene) {
    let (mut writer, body) = Body::pipe();
    let (first, response) = tokio::join!(writer.write("x"), scene.post("/mirror", body));
    first.expect("it is read");
    let _unread = response.expect("it answers");
    let mut taken = 0;
    let writing = async {
        loop {
            writer.write(vec![0; 1 << 16]).await.expect("nobody goes away");
            taken += 1 << 16;
        }
    };
    let stopped: Result<(), _> = tokio::time::timeout(Duration::from_millis(500), writing).await;
    stopped.expect_err("there is an end of what is taken");
    // What the sockets of a system hold is theirs.
    let room = if scene.way == Way::Http { 32 << 20 } else { 1 << 20 };
    assert!(taken < room, "{taken} bytes are held for nobody");
}

async fn a_body_that_is_ignored_is_let_go(scene: Scene) {
    let (mut writer, body) = Body::pipe();
    let answered = scene.post("/ignores", body);
    let response = answered.await.expect("it answers");
    assert_eq!(response.into_body().text(100).await.expect("text"), "read by nobody");
    while writer.write(vec![0; 1 << 16]).await.is_ok() {}
}

async fn a_request_that_is_cut_off_is_no_request(scene: Scene) {
    let (mut writer, body) = Body::pipe();
    let cutting = async {
        writer.write("half").await.expect("there is room");
        drop(writer);
    };
    let (answered, ()) = tokio::join!(scene.post("/count", body), cutting);
    if let Ok(response) = answered {
        assert_ne!(response.status(), 200, "half a body was taken for a whole one");
    }
    if scene.way == Way::Here {
        assert_eq!(scene.log.hear().await, "no whole body");
    }
}

async fn a_body_that_fails_is_no_request(scene: Scene) {
    let broken = bowline::worker::stream::ReadableStream::from_stream(futures::stream::iter([
        Ok("half"),
        Err("torn"),
    ]));
    let answered = scene.post("/count", broken).await;
    if let Ok(response) = answered {
        assert_ne!(response.status(), 200, "half a body was taken for a whole one");
    }
}

async fn a_response_that_is_cut_off_is_no_response(scene: Scene) {
    let mut body = scene.get("/half").await.expect("it answers").into_body();
    // What was sent before that need not have arrived.
    let mut last = body.chunk().await;
    if let Some(Ok(half)) = &last {
        assert_eq!(half, "half");
        last = body.chunk().await;
    }
    let why = last.expect("it is not over").expect_err("nor is there more");
    assert!(!why.to_string().is_empty());
}

async fn who_reads_goes_away(scene: Scene) {
    let mut body = scene.get("/endless").await.expect("it answers").into_body();
    assert!(!body.chunk().await.expect("there is more").expect("it is good").is_empty());
    drop(body);
    assert_eq!(scene.log.hear().await, "nobody reads");
}

async fn a_length_is_told(scene: Scene) {
    let response = scene.post("/mirror", "four").await.expect("it answers");
    assert_eq!(response.body().length(), Some(4));
    assert_eq!(response.into_body().text(4).await.expect("text"), "four");
    // A stream that ends early is not what was promised.
    let (mut writer, body) = Body::pipe();
    let request = Request::post("http://knots.test/count").header("content-length", "10");
    let request = request.body(body).expect("a good request");
    let writing = async {
        // Who is promised ten may refuse the end after four.
        let _ = writer.write("four").await;
        let _ = writer.close().await;
    };
    let (answered, ()) = tokio::join!(scene.service.fetch(&scene.here, request), writing);
    if scene.way != Way::Here {
        assert!(!answered.is_ok_and(|response| response.status() == 200), "four are no ten");
    }
}

async fn a_body_may_be_limited(scene: Scene) {
    for (limit, fits) in [(4, true), (3, false)] {
        let response = scene.post("/mirror", "four").await.expect("it answers");
        assert_eq!(response.into_body().bytes(limit).await.is_ok(), fits);
    }
    let response = scene.post("/mirror", vec![0xff]).await.expect("it answers");
    let why = response.into_body().text(10).await.expect_err("it is no text");
    assert_eq!(why.to_string(), "the body is no UTF-8");
}
