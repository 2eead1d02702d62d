//! What HTTP servers are sent: a port of ours, byte for byte.

use std::time::Duration;

use bowline::transport::http::HeadLimits;
use bowline::worker::Service;
use bowline::worker::http::{Body, Port, fetch};
use bowline::worker::value::value;
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::scene::{Log, listening, listening_to, run, vat, worker};

fn service(log: &Log) -> Service {
    worker(log).service_with("default", value!({ desk: 7 })).expect("it has one")
}

/// A port with the service, and with `limits`.
async fn served(log: &Log, limits: HeadLimits) -> String {
    let far = vat();
    let port = Port::new().fetch(service(log).handler(&far)).limits(limits);
    listening(port, far).await
}

/// What is answered to `bytes`, until the end or nothing more comes.
async fn answer(at: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(at).await.expect("it listens");
    // Who is refused early may not read all of it.
    let _ = stream.write_all(bytes).await;
    let mut all = Vec::new();
    let reading = async {
        let mut some = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut some).await {
            all.extend_from_slice(&some[..count]);
        }
    };
    // A connection that is kept has no end.
    let _ = tokio::time::timeout(Duration::from_millis(600), reading).await;
    String::from_utf8_lossy(&all).into_owned()
}

#[test]
fn what_is_no_http_is_refused() {
    run(async {
        let at = served(&Log::default(), HeadLimits::default()).await;
        for (sent, status) in [
            ("GET /204 HTTP/1.1\r\n\r\n", "400"),
            ("GET /204 HTTP/1.1\r\nHost: a b\r\n\r\n", "400"),
            ("GET /204 HTTP/1.1\r\nHost: here\r\nContent-Length: x\r\n\r\n", "400"),
            (
                "POST /count HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nrope",
                "400",
            ),
            ("POST /count HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: gzip\r\n\r\n", "400"),
            ("GET /204 HTTP/3.0\r\nHost: here\r\n\r\n", ""),
            ("GET\r\n\r\n", "400"),
            ("\x00\x00\x00\x00\x01\x00\x00\x00", "400"),
        ] {
            let answered = answer(&at, sent.as_bytes()).await;
            let expected = format!("HTTP/1.1 {status}");
            assert!(
                answered.starts_with(expected.trim_end()) && !answered.contains("HTTP/1.1 2"),
                "{sent}: {answered}"
            );
        }
        // The others do not notice.
        let answered = answer(&at, b"GET /204 HTTP/1.1\r\nHost: here\r\n\r\n").await;
        assert!(answered.starts_with("HTTP/1.1 204"), "{answered}");
    });
}

#[test]
fn a_head_within_the_limits_is_answered_and_one_beyond_is_not() {
    run(async {
        let limits = HeadLimits { bytes_max: 8192, lines_max: 20, ..HeadLimits::default() };
        let at = served(&Log::default(), limits).await;
        let lines = |count: usize| "x: y\r\n".repeat(count);
        // The first line, the host, and the empty one at the end are three.
        for (head, fits) in [
            (lines(17), true),
            (lines(18), false),
            (format!("x: {}\r\n", "y".repeat(7000)), true),
            (format!("x: {}\r\n", "y".repeat(8192)), false),
        ] {
            let sent = format!("GET /204 HTTP/1.1\r\nHost: here\r\n{head}\r\n");
            let answered = answer(&at, sent.as_bytes()).await;
            let first = if fits { "HTTP/1.1 204" } else { "HTTP/1.1 431" };
            assert!(answered.starts_with(first), "{} bytes: {answered}", sent.len());
        }
        // The second request of a connection has the same limits.
        let second = format!("GET /204 HTTP/1.1\r\nHost: here\r\n{}\r\n", lines(40));
        let both = format!("GET /204 HTTP/1.1\r\nHost: here\r\n\r\n{second}");
        let answered = answer(&at, both.as_bytes()).await;
        assert!(answered.starts_with("HTTP/1.1 204") && answered.contains("431"), "{answered}");
    });
}

#[test]
fn a_head_that_takes_too_long_is_given_up() {
    run(async {
        let limits = HeadLimits { patience: Duration::from_millis(50), ..HeadLimits::default() };
        let at = served(&Log::default(), limits).await;
        let mut stream = TcpStream::connect(&at).await.expect("it listens");
        stream.write_all(b"GET /204 HTT").await.expect("it listens");
        let mut all = String::new();
        let reading = stream.read_to_string(&mut all);
        tokio::time::timeout(Duration::from_secs(5), reading)
            .await
            .expect("it does not wait for ever")
            .expect("text");
        assert_eq!(all, "");
    });
}

#[test]
fn a_connection_without_a_request_is_given_up() {
    run(async {
        let limits = HeadLimits { idle_max: Duration::from_millis(50), ..HeadLimits::default() };
        let at = served(&Log::default(), limits).await;
        let mut stream = TcpStream::connect(&at).await.expect("it listens");
        stream.write_all(b"GET /204 HTTP/1.1\r\nHost: here\r\n\r\n").await.expect("it listens");
        let mut all = String::new();
        let reading = stream.read_to_string(&mut all);
        tokio::time::timeout(Duration::from_secs(5), reading)
            .await
            .expect("it does not wait for ever")
            .expect("text");
        assert!(all.starts_with("HTTP/1.1 204"), "{all}");
    });
}

#[test]
fn requests_of_one_connection_are_answered_in_order() {
    run(async {
        let at = served(&Log::default(), HeadLimits::default()).await;
        let sent = "POST /mirror HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\none\
                    POST /mirror HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n\
                    GET /fails HTTP/1.1\r\nHost: here\r\n\r\n\
                    GET http://whole.test/told HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
        let answered = answer(&at, sent.as_bytes()).await;
        let at = |what: &str| answered.find(what).unwrap_or_else(|| panic!("{what}: {answered}"));
        assert!(at("one") < at("two"));
        assert!(at("two") < at("500 Internal Server Error"));
        assert!(at("500 Internal Server Error") < at("GET http://whole.test/told"));
        // What went wrong is not told.
        assert!(!answered.contains("knot"), "{answered}");
    });
}

#[test]
fn a_body_that_is_cut_off_fails_in_the_handler() {
    for body in
        ["Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"]
    {
        run(async {
            let log = Log::default();
            let at = served(&log, HeadLimits::default()).await;
            let mut stream = TcpStream::connect(&at).await.expect("it listens");
            let sent = format!("POST /count HTTP/1.1\r\nHost: here\r\n{body}");
            stream.write_all(sent.as_bytes()).await.expect("it listens");
            stream.shutdown().await.expect("it listens");
            assert_eq!(log.hear().await, "no whole body");
        });
    }
}

#[test]
fn an_asker_that_hangs_up_cancels_the_handler() {
    run(async {
        let log = Log::default();
        let at = served(&log, HeadLimits::default()).await;
        let mut stream = TcpStream::connect(&at).await.expect("it listens");
        stream.write_all(b"GET /endless HTTP/1.1\r\nHost: here\r\n\r\n").await.expect("it listens");
        let mut some = [0; 100];
        assert!(stream.read(&mut some).await.expect("it answers") > 0);
        drop(stream);
        assert_eq!(log.hear().await, "nobody reads");
    });
}

#[test]
fn a_connect_to_no_vat_reaches_the_handler() {
    run(async {
        let at = served(&Log::default(), HeadLimits::default()).await;
        let answered =
            answer(&at, b"CONNECT other.test:80 HTTP/1.1\r\nHost: other.test:80\r\n\r\n").await;
        assert!(answered.starts_with("HTTP/1.1 404"), "{answered}");
    });
}

#[test]
fn a_port_without_a_handler_says_so() {
    run(async {
        let at = listening(Port::new(), vat()).await;
        let answered = answer(&at, b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").await;
        assert!(
            answered.starts_with("HTTP/1.1 404") && answered.contains("no HTTP is served here"),
            "{answered}"
        );
    });
}

// C-M12
#[test]
fn a_port_has_so_many_guests_of_either_kind() {
    run(async {
        let (far, log) = (vat(), Log::default());
        let bootstrap = service(&log).bootstrap(&far);
        let port = Port::new().fetch(service(&log).handler(&far));
        let port = port.vat("vat.test".parse().expect("a host"), bootstrap);
        let at = listening_to(port, far, 2).await;
        // One who asks for pages and stays, one who asked for the vat: there is no room for a third.
        let mut guests = Vec::new();
        for head in ["GET /204 HTTP/1.1\r\nHost: here\r\n\r\n", "CONNECT vat.test HTTP/1.1\r\n\r\n"]
        {
            let mut guest = TcpStream::connect(&*at).await.expect("it listens");
            guest.write_all(head.as_bytes()).await.expect("it is read");
            let mut answered = [0; 9];
            guest.read_exact(&mut answered).await.expect("there is room");
            assert_eq!(&answered, b"HTTP/1.1 ", "{head}");
            guests.push(guest);
        }
        let page = b"GET /204 HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
        for _ in 0..2 {
            assert_eq!(answer(&at, page).await, "", "there is no room");
            drop(guests.pop());
            let answered = answer(&at, page).await;
            assert!(answered.starts_with("HTTP/1.1 204"), "there is room again: {answered}");
            let again = TcpStream::connect(&*at).await.expect("it listens");
            guests.insert(0, again);
        }
    });
}

/// Asks somebody who answers with `bytes` and hangs up.
async fn asked(bytes: &'static [u8]) -> Result<String, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address =
        format!("tcp:{}", listener.local_addr().expect("bound")).parse().expect("an address");
    tokio::task::spawn_local(async move {
        let (mut stream, _) = listener.accept().await.expect("somebody comes");
        let mut head = [0; 1024];
        let _ = stream.read(&mut head).await;
        stream.write_all(bytes).await.expect("somebody reads");
    });
    let request = Request::get("http://knots.test/").body(Body::empty()).expect("good");
    let response = fetch(&vat(), &address, request).await.map_err(|why| {
        assert!(why.is_retryable(), "{why}");
        why.to_string()
    })?;
    response.into_body().text(100).await.map_err(|why| why.to_string())
}

#[test]
fn an_answer_that_is_no_http_is_an_error() {
    run(async {
        assert_eq!(
            asked(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nknot").await.as_deref(),
            Ok("knot")
        );
        assert_eq!(
            asked(b"HTTP/1.1 200 OK\r\n\r\nuntil the end").await.as_deref(),
            Ok("until the end")
        );
        for wrong in [
            &b""[..],
            b"HTTP/1.1 2",
            b"no HTTP at all\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nknot",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nknot\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nknot\r\n",
        ] {
            let told = asked(wrong).await;
            assert!(told.is_err(), "{}: {told:?}", String::from_utf8_lossy(wrong));
        }
    });
}

#[test]
fn nobody_at_the_address_is_a_lost_connection() {
    run(async {
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address =
            format!("tcp:{}", free.local_addr().expect("bound")).parse().expect("an address");
        drop(free);
        let request = || Request::get("http://knots.test/").body(Body::empty()).expect("good");
        let why = fetch(&vat(), &address, request()).await.expect_err("nobody is there");
        assert!(why.is_retryable(), "{why}");
        let mut nowhere = request();
        *nowhere.uri_mut() = "/path/alone".parse().expect("a path");
        let why = fetch(&vat(), &address, nowhere).await.expect_err("it has no host");
        assert_eq!(why.to_string(), "TypeError: Invalid URL: /path/alone");
    });
}
