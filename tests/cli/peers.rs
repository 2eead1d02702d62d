//! Peers that are not what they should be: each costs one line, and the server its other peers nothing.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use crate::support::{Serving, run};

/// Listens, and does `attend` with the first who connects. The address.
fn peer(attend: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("tcp:{}", listener.local_addr().expect("bound"));
    thread::spawn(move || attend(listener.accept().expect("somebody connects").0));
    address
}

/// Passes bytes on, until `limit` of them have passed.
fn pass(mut from: TcpStream, mut to: TcpStream, limit: usize) {
    let mut buffer = [0; 4096];
    let mut passed = 0;
    while passed < limit {
        match from.read(&mut buffer) {
            Ok(bytes @ 1..) if to.write_all(&buffer[..bytes]).is_ok() => passed += bytes,
            _ => break,
        }
    }
    // The other side may have gone first.
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

#[test]
fn a_peer_that_hangs_up_at_once() {
    let address = peer(drop);
    run(&["call", &address]).fails(1, &[&address, "disconnected"]);
}

#[test]
fn a_peer_that_hangs_up_in_the_middle_of_a_stream() {
    let serving = Serving::at("tcp:127.0.0.1:0");
    let port = serving.port();
    let address = peer(move |near| {
        let far = TcpStream::connect(("127.0.0.1", port)).expect("it serves");
        let (near_reader, far_writer) = (near.try_clone(), far.try_clone());
        thread::spawn(move || pass(far, near, usize::MAX));
        pass(near_reader.expect("a socket"), far_writer.expect("a socket"), 1 << 20);
    });
    run(&["call", &address]).fails(1, &[&address, "a stream", "disconnected"]);
    // The server lost that peer, and serves the next.
    run(&["call", &serving.address, "--seconds", "0.05"]).succeeds();
    let ended = serving.end("TERM");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // Where the cut lies within a frame the server says so; it does for most sizes of a write.
    let is_of_the_cut = |line: &str| line.ends_with("the peer's stream ended within a frame");
    assert!(ended.err.lines().all(is_of_the_cut), "{ended:?}");
}

#[test]
fn a_peer_that_speaks_another_protocol() {
    let address = peer(|mut stream| {
        let mut asked = [0; 16];
        stream.read_exact(&mut asked).expect("a question");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("it listens");
        // Until it hangs up.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    run(&["call", &address]).fails(1, &[&address, "disconnected"]);
}

#[test]
fn a_peer_that_says_nothing_is_waited_for_but_not_for_ever() {
    let address = peer(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    run(&["call", &address]).fails(1, &[&address, "no answer within 5 s"]);
}

#[test]
fn garbage_sent_to_a_server_costs_that_connection_alone() {
    let mut serving = Serving::at("tcp:127.0.0.1:0");
    let garbage: [(&[u8], &str); 4] = [
        (b"GET / HTTP/1.1\r\n\r\n", "segments, over the limit"),
        (&[0xff; 64], "segments, over the limit"),
        (&[0, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], "malformed message"),
        (&[0, 0, 0, 0, 9], "ended within a frame"),
    ];
    for (garbage, rule) in garbage {
        let mut stream = TcpStream::connect(("127.0.0.1", serving.port())).expect("it serves");
        stream.write_all(garbage).expect("it listens");
        stream.shutdown(Shutdown::Write).expect("connected");
        let mut abort = Vec::new();
        stream.read_to_end(&mut abort).expect("it says why, and hangs up");
        let abort = String::from_utf8_lossy(&abort);
        assert!(abort.contains(rule), "no `{rule}` in {abort:?}");
        let line = serving.says(rule);
        assert!(line.starts_with("bowline: tcp:127.0.0.1:"), "{line}");
    }
    run(&["call", &serving.address, "--seconds", "0.05"]).succeeds();
    serving.end("TERM").succeeds();
}

#[test]
fn what_is_no_http_is_told_with_its_sender_named_once() {
    let mut serving = Serving::at("http://127.0.0.1:0");
    let mut stream = TcpStream::connect(("127.0.0.1", serving.port())).expect("it serves");
    stream.write_all(&[0; 16]).expect("it listens");
    let line = serving.says("HTTP head");
    assert_eq!(line.matches("tcp:127.0.0.1:").count(), 1, "{line}");
    serving.end("TERM").succeeds();
}
