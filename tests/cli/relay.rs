//! The relay between the demo's two halves, and between peers that are not what they should be.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;

use crate::support::{Ran, Serving, bowline, run, socket_path};

fn connect(to: &Serving) -> TcpStream {
    TcpStream::connect(("127.0.0.1", to.port())).expect("it listens")
}

#[test]
fn its_help_says_what_it_does() {
    let ran = run(&["relay", "--help"]);
    ran.succeeds();
    for word in ["--listen", "--connect", "stdio", "unix:PATH", "order", "Abort"] {
        assert!(ran.out.contains(word), "no `{word}` in {ran:?}");
    }
}

#[test]
fn wrong_usage_leaves_with_2() {
    let one_side = run(&["relay", "--listen", "tcp:127.0.0.1:0"]);
    assert_eq!(one_side.code, Some(2), "{one_side:?}");
    run(&["relay", "--listen", "4000", "--connect", "stdio"]).fails(2, &["`4000`"]);
    let both = run(&["relay", "--listen", "stdio", "--connect", "stdio"]);
    both.fails(2, &["only one side"]);
    let itself = run(&["relay", "--listen", "tcp:localhost:1", "--connect", "tcp:localhost:1"]);
    itself.fails(2, &["finds only itself"]);
}

#[test]
fn an_address_that_is_taken_is_told_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("tcp:{}", taken.local_addr().expect("bound"));
    run(&["relay", "--listen", &address, "--connect", "tcp:127.0.0.1:1"]).fails(1, &["in use"]);
}

#[test]
fn the_demo_works_through_a_relay_and_through_two() {
    let serving = Serving::at("tcp:127.0.0.1:0");
    let second = Serving::relaying_to(&serving.address);
    let first = Serving::relaying_to(&second.address);
    run(&["call", &second.address, "--seconds", "0.05"]).succeeds();
    run(&["call", &first.address, "--seconds", "0.05"]).succeeds();
    for served in [first, second, serving] {
        served.end("INT").succeeds();
    }
}

#[test]
fn the_far_side_may_be_at_the_standard_streams() {
    let path = socket_path("relayed");
    let listen = format!("unix:{}", path.display());
    let mut relay = bowline(&["relay", "--listen", &listen, "--connect", "stdio"]);
    relay.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut relay = relay.spawn().expect("the program is built");
    // The far side: a served vat, whose standard streams are the relay's.
    let (from, to) = (relay.stdout.take().expect("piped"), relay.stdin.take().expect("piped"));
    let serving = bowline(&["serve", "stdio"]).stdin(from).stdout(to).spawn();
    let mut said = [0; 8];
    relay.stderr.as_mut().expect("piped").read_exact(&mut said).expect("it says that it relays");
    assert_eq!(&said, b"relaying");
    run(&["call", &listen, "--seconds", "0.05"]).succeeds();
    // Its one client left, and it with them.
    assert!(relay.wait().expect("it was started").success());
    assert!(serving.expect("the program is built").wait().expect("it was started").success());
}

#[test]
fn a_far_side_that_cannot_be_reached_is_told_to_each_client_and_the_relay_lives_on() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("tcp:{}", free.local_addr().expect("bound"));
    drop(free);
    let mut relaying = Serving::relaying_to(&address);
    for _ in 0..2 {
        let ran = run(&["call", &relaying.address, "--seconds", "0.05"]);
        ran.fails(1, &["disconnected", "connecting to", &address, "refused"]);
        let line = relaying.says("refused");
        assert!(line.starts_with("bowline: tcp:127.0.0.1:"), "{line}");
    }
    relaying.end("TERM").succeeds();
}

#[test]
fn a_far_side_that_cannot_be_reached_ends_a_relay_at_its_standard_streams() {
    let relay = ["relay", "--listen", "stdio", "--connect", "unix:/nowhere/at/all.sock"];
    let mut relay = bowline(&relay);
    let ran = relay.stdin(Stdio::piped()).stdout(Stdio::piped()).output();
    let output = ran.expect("the program is built");
    let abort = String::from_utf8_lossy(&output.stdout);
    assert!(abort.contains("connecting to unix:/nowhere"), "{abort}");
    let ran = Ran { code: output.status.code(), out: String::new(), err: String::new() };
    assert_eq!(ran.code, Some(1));
}

#[test]
fn hostile_bytes_cost_their_own_connections_and_the_next_client_nothing() {
    let serving = Serving::at("tcp:127.0.0.1:0");
    let mut relaying = Serving::relaying_to(&serving.address);
    let hostile: [(&[u8], &str); 5] = [
        (b"GET / HTTP/1.1\r\n\r\n", "segments, over the limit"),
        (&[0xff; 64], "segments, over the limit"),
        (&[0, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], "malformed message"),
        (&[0, 0, 0, 0, 9], "ended within a frame"),
        // A call to an export that never was: of question 0, to import 77.
        (&CALL_TO_NOTHING, "addresses unknown export 77"),
    ];
    for (bytes, rule) in hostile {
        let mut stream = connect(&relaying);
        stream.write_all(bytes).expect("it listens");
        stream.shutdown(Shutdown::Write).expect("connected");
        let mut abort = Vec::new();
        stream.read_to_end(&mut abort).expect("it says why, and hangs up");
        let abort = String::from_utf8_lossy(&abort);
        assert!(abort.contains(rule), "no `{rule}` in {abort:?}");
        let line = relaying.says(rule);
        assert!(line.contains("the near side ended"), "{line}");
    }
    run(&["call", &relaying.address, "--seconds", "0.05"]).succeeds();
    relaying.end("TERM").succeeds();
    serving.end("TERM").succeeds();
}

/// `Message.call`, its target `importedCap` 77, no params.
const CALL_TO_NOTHING: [u8; 96] = {
    bytes_of([
        11 << 32,
        1 << 32 | 1 << 48,
        2,
        3 << 32 | 3 << 48,
        0,
        0x1234,
        0,
        8 | 1 << 32 | 1 << 48,
        0,
        0,
        77,
        0,
    ])
};

const fn bytes_of(words: [u64; 12]) -> [u8; 96] {
    let mut bytes = [0; 96];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = words[at / 8].to_le_bytes()[at % 8];
        at += 1;
    }
    bytes
}

#[test]
fn a_far_side_of_another_protocol_is_told_to_the_client() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("tcp:{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            // It may be gone already.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let mut relaying = Serving::relaying_to(&address);
    let ran = run(&["call", &relaying.address]);
    ran.fails(1, &[&relaying.address, "disconnected"]);
    let line = relaying.says("the far side ended");
    assert!(line.contains("segments, over the limit"), "{line}");
    relaying.end("TERM").succeeds();
}

#[test]
fn a_side_that_hangs_up_takes_the_other_along() {
    // The far side sees the end of a client that says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("tcp:{}", listener.local_addr().expect("bound"));
    let relaying = Serving::relaying_to(&address);
    let near = connect(&relaying);
    let (mut far, _) = listener.accept().expect("it connects");
    drop(near);
    let mut sent = Vec::new();
    far.read_to_end(&mut sent).expect("it ends");
    // A Bootstrap, and no Abort behind it.
    assert!(sent.len() < 64, "{sent:?}");
    // And the near side sees the end of the far one.
    let mut near = connect(&relaying);
    let (mut far, _) = listener.accept().expect("it connects");
    // What is not read when a socket is closed would have it reset.
    far.read_exact(&mut [0; 48]).expect("a Bootstrap");
    drop(far);
    let mut abort = Vec::new();
    near.read_to_end(&mut abort).expect("it ends");
    assert!(String::from_utf8_lossy(&abort).contains("closed the connection"), "{abort:?}");
    relaying.end("TERM").succeeds();
}
