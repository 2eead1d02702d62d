//! Requests, responses and headers that are values.

use bowline::worker::http::Body;
use bowline::worker::stream::ReadableStream;
use bowline::worker::value::{Blob, Guard, Headers, Value, View, value};
use http::header::{HeaderMap, HeaderValue};
use http::{Request, Response};

use super::scene::run;

#[test]
fn rule_21_requests_are_values_and_back() {
    run(async {
        let request = Request::put("https://a.test/b?c").header("x-asked", "yes");
        let value = Value::from(request.body(Body::from("rope")).expect("good"));
        let View::Request(seen) = value.view() else { panic!("{value:?}") };
        assert_eq!(seen.url(), "https://a.test/b?c");
        let Some(View::Headers(headers)) = seen.init().get("headers") else { panic!("headers") };
        assert_eq!(headers.data().guard, Guard::Request);
        let back = Request::<Body>::try_from(&value).expect("it is one");
        assert_eq!(
            (back.method().as_str(), back.uri().to_string()),
            ("PUT", "https://a.test/b?c".into())
        );
        assert_eq!(back.headers()["x-asked"], "yes");
        assert_eq!(back.into_body().text(4).await.expect("text"), "rope");
        // A body is read once.
        let why = Request::<Body>::try_from(&value).expect_err("it was taken");
        assert_eq!(why.name(), "TypeError");
    });
}

#[test]
fn rule_21_responses_are_values_and_back() {
    run(async {
        let response =
            Response::builder().status(404).header("set-cookie", "a=1").header("set-cookie", "b=2");
        let value = Value::from(response.body(Body::from("nothing")).expect("good"));
        let View::Response(seen) = value.view() else { panic!("{value:?}") };
        assert_eq!(
            seen.init().get("statusText").and_then(View::as_str).expect("a text"),
            "Not Found"
        );
        let back = Response::<Body>::try_from(&value).expect("it is one");
        assert_eq!(back.status(), 404);
        assert_eq!(back.headers().get_all("set-cookie").iter().count(), 2);
        assert_eq!(back.into_body().text(7).await.expect("text"), "nothing");
        // No body is null, and can be taken again and again.
        let value = Value::from(Response::new(Body::empty()));
        for _ in 0..2 {
            let back = Response::<Body>::try_from(&value).expect("it is one");
            assert_eq!((back.status().as_u16(), back.body().length()), (200, Some(0)));
        }
    });
}

#[test]
fn rule_21_headers_and_bodies_are_values_and_back() {
    run(async {
        let mut headers = HeaderMap::new();
        headers.append("x", HeaderValue::from_static("1"));
        headers.append("x", HeaderValue::from_bytes("\u{e9}".as_bytes()).expect("good"));
        assert_eq!(HeaderMap::try_from(&Value::from(&headers)).expect("they are"), headers);
        let blob = Blob { content_type: "text/x".into(), bytes: "knot".into() };
        let view = value!({ all: (Value::uint8_array(b"knot".to_vec())) })
            .get("all")
            .map(|all| all.to_value());
        for body in [
            Value::blob(blob),
            "knot".into(),
            view.expect("it is there"),
            ReadableStream::from("knot").into(),
        ] {
            let body = Body::try_from(&body).expect("a body");
            assert_eq!(body.text(4).await.expect("text"), "knot");
        }
        for none in [Value::NULL, Value::UNDEFINED] {
            assert_eq!(Body::try_from(&none).expect("no body").length(), Some(0));
        }
    });
}

#[test]
fn what_is_no_http_is_refused_by_name() {
    let headers =
        |name: &str, value: &str| Value::headers([(name, value)].into_iter().collect::<Headers>());
    for (value, told) in [
        (5.into(), "TypeError: expected a Request, found number"),
        (value!({ url: "https://a.test/" }), "TypeError: expected a Request, found Object"),
        (Value::request("https://a b/", value!({})), "TypeError: Invalid URL: https://a b/"),
        (
            Value::request("/", value!({ method: "a b" })),
            "TypeError: Invalid HTTP method string: a b",
        ),
        (Value::request("/", value!({ method: 1 })), "TypeError: expected a method, found number"),
        (Value::request("/", value!({ headers: [] })), "TypeError: expected Headers, found Array"),
        (
            Value::request("/", value!({ headers: (headers("a b", "c")) })),
            "TypeError: Invalid header: a b",
        ),
        (
            Value::request("/", value!({ headers: (headers("a", "b\r\nc: d")) })),
            "TypeError: Invalid header: a",
        ),
        (Value::request("/", value!({ body: 1 })), "TypeError: expected a body, found number"),
    ] {
        let why = Request::<Body>::try_from(&value).expect_err(told);
        assert_eq!(why.to_string(), told);
    }
    // Many of one name are as many as a value holds.
    let many: Headers = (0..40_000).map(|n| (format!("x-{n}"), "y")).collect();
    let why = HeaderMap::try_from(&Value::headers(many)).expect_err("too many");
    assert_eq!(why.name(), "TypeError");
    let refused = |status: Value| {
        let value = Value::response(Value::NULL, value!({ status: (status) }));
        Response::<Body>::try_from(&value).expect_err("it is none").to_string()
    };
    for (status, shown) in [
        (Value::from(99), "99"),
        (1000.into(), "1000"),
        (f64::NAN.into(), "NaN"),
        ((-1).into(), "-1"),
    ] {
        let told = format!("RangeError: The status of a Response is from 100 to 999, not {shown}.");
        assert_eq!(refused(status), told);
    }
    assert_eq!(refused("200".into()), "TypeError: expected a status, found string");
    let none = Response::<Body>::try_from(&Value::response(1, value!({}))).expect_err("no body");
    assert_eq!(none.to_string(), "TypeError: expected a body, found number");
}
