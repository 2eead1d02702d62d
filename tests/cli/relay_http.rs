//! The relay where one side or both speak HTTP, and vats behind a CONNECT.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use crate::support::{Serving, run};

const ANY: &str = "http://127.0.0.1:0";
const GRANTED: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

fn connect(to: &Serving) -> TcpStream {
    TcpStream::connect(("127.0.0.1", to.port())).expect("it listens")
}

/// What is answered to `bytes`, to the end of the stream.
fn answer(to: &Serving, bytes: &[u8]) -> String {
    let mut stream = connect(to);
    stream.write_all(bytes).expect("it listens");
    // It may be closed already.
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it ends");
    String::from_utf8_lossy(&answer).into_owned()
}

/// An HTTP server that plays `script` with each who comes: what it reads first, and what it answers.
fn http_server(script: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).unwrap_or(0);
            // It may be gone already.
            let _ = stream.write_all(&script(&buffer[..count]));
        }
    });
    address
}

#[test]
fn an_http_address_is_told_from_a_bad_one_and_needs_a_name() {
    let bare = "tcp:127.0.0.1:1";
    run(&["relay", "--listen", ANY, "--connect", bare]).fails(2, &["--connect-host", ANY]);
    let bad = ["http://", "http://a", "http://a:b", "http://a:1/x", "https://a:1"];
    for bad in bad {
        let relay = ["relay", "--listen", ANY, "--connect", bad, "--connect-host", "vat.test"];
        run(&relay).fails(2, &["bad address", bad]);
    }
    let host = ["relay", "--listen", ANY, "--connect", bare, "--connect-host", "a b"];
    let host = run(&host);
    assert_eq!(host.code, Some(2), "{host:?}");
    assert!(host.err.contains("one word of visible ASCII"), "{host:?}");
}

// C-K1
#[test]
fn the_demo_works_through_two_relays_with_http_between() {
    let serving = Serving::at("tcp:127.0.0.1:0");
    let second = Serving::relaying_http("http://127.0.0.1:0", &serving.address);
    assert!(second.address.starts_with("http://127.0.0.1:"), "{}", second.address);
    let third = Serving::relaying_http(ANY, &second.address);
    let first = Serving::relaying_http("tcp:127.0.0.1:0", &third.address);
    run(&["call", &first.address, "--seconds", "0.05"]).succeeds();
    for served in [first, third, second, serving] {
        served.end("INT").succeeds();
    }
}

/// A Bootstrap of question 0.
const BOOTSTRAP: [u8; 48] = {
    let mut bytes = [0; 48];
    // One segment of five words: Message.bootstrap, with an empty struct of one word.
    bytes[4] = 5;
    bytes[12] = 1;
    bytes[14] = 1;
    bytes[16] = 8;
    bytes[28] = 1;
    bytes[30] = 1;
    bytes
};

// C-K2
#[test]
fn messages_may_come_with_the_head_that_asks_for_the_vat() {
    let serving = Serving::at("tcp:127.0.0.1:0");
    let relaying = Serving::relaying_http(ANY, &serving.address);
    for head in [
        "CONNECT vat.test HTTP/1.1\r\n\r\n",
        "CONNECT vat.test HTTP/1.0\r\nHost: else\r\nX: odd\r\n\r\n",
    ] {
        let mut stream = connect(&relaying);
        stream.write_all(&[head.as_bytes(), &BOOTSTRAP].concat()).expect("it listens");
        // Granted, and a Return of some words with a capability in it: nothing of it is waited for.
        let mut granted = [0; GRANTED.len() + 8];
        stream.read_exact(&mut granted).expect("it answers");
        assert_eq!(&granted[..GRANTED.len()], GRANTED);
        let words = usize::from(granted[GRANTED.len() + 4]);
        let mut message = vec![0; words * 8];
        stream.read_exact(&mut message).expect("a whole message");
        // `return` is the third of the messages.
        assert_eq!(u16::from_le_bytes([message[8], message[9]]), 3, "{message:?}");
    }
    relaying.end("TERM").succeeds();
    serving.end("TERM").succeeds();
}

// C-K4
#[test]
fn messages_without_a_head_are_a_bad_request() {
    let serving = Serving::at("tcp:127.0.0.1:0");
    let mut relaying = Serving::relaying_http(ANY, &serving.address);
    let told = answer(&relaying, &BOOTSTRAP);
    assert!(told.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{told}");
    let line = relaying.says("expected an HTTP head");
    assert!(line.starts_with("bowline: tcp:127.0.0.1:"), "{line}");
    // They who say nothing at all cost no line.
    drop(connect(&relaying));
    relaying.end("TERM").succeeds();
    serving.end("TERM").succeeds();
}

// C-K3
#[test]
fn plain_http_passes_byte_for_byte_on_a_connection_of_its_own() {
    let mirror = http_server(|asked| [b"HTTP/1.1 200 OK\r\n\r\nmirror: ", asked].concat());
    let relaying = Serving::relaying_http(ANY, &mirror);
    for request in [
        "GET /a?b HTTP/1.1\r\nHost:  odd\r\nX:\ty\r\n\r\n",
        "CONNECT vat.Test HTTP/1.1\r\n\r\nbehind",
        "POST / HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody",
    ] {
        let told = answer(&relaying, request.as_bytes());
        assert_eq!(told, format!("HTTP/1.1 200 OK\r\n\r\nmirror: {request}"));
    }
    relaying.end("TERM").succeeds();
}

#[test]
fn plain_http_that_cannot_be_passed_on_is_a_bad_gateway() {
    let get = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let relaying = Serving::relaying_http(ANY, "tcp:127.0.0.1:1");
    let told = answer(&relaying, get);
    assert!(told.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{told}");
    assert!(told.ends_with("tcp:127.0.0.1:1 serves no HTTP\n"), "{told}");
    relaying.end("TERM").succeeds();
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", free.local_addr().expect("bound"));
    drop(free);
    let mut relaying = Serving::relaying_http(ANY, &address);
    let told = answer(&relaying, get);
    assert!(told.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{told}");
    assert!(relaying.says("refused").contains("connecting to tcp:"));
    relaying.end("TERM").succeeds();
}

#[test]
fn a_far_side_that_does_not_grant_is_told_to_the_client_and_in_a_line() {
    for (response, rule) in [
        ("HTTP/1.1 404 Not Found\r\n\r\n", "refused CONNECT vat.test: 404 Not Found"),
        ("SSH-2.0-server\r\n\r\n", "does not begin with a status line"),
        ("", "ended within the HTTP head"),
    ] {
        let far = http_server(move |_| response.as_bytes().to_vec());
        let mut relaying = Serving::relaying_http("tcp:127.0.0.1:0", &far);
        let ran = run(&["call", &relaying.address, "--seconds", "0.05"]);
        ran.fails(1, &["disconnected", rule]);
        relaying.says(rule);
        relaying.end("TERM").succeeds();
    }
}
