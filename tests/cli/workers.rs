//! Workers served and called by the program.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use crate::support::{Ran, Serving, bowline, run, socket_path};

/// `bowline call` with what is asked for behind the address.
fn call(serving: &Serving, arguments: &[&str]) -> Ran {
    run(&[&["call", serving.address.as_str()], arguments].concat())
}

#[track_caller]
fn prints(serving: &Serving, arguments: &[&str], text: &str) {
    let ran = call(serving, arguments);
    ran.succeeds();
    assert_eq!(ran.out, format!("{text}\n"), "{arguments:?}");
}

#[test]
fn a_worker_is_called_with_an_expression() {
    let serving = Serving::at("http://127.0.0.1:0");
    assert!(serving.address.starts_with("http://127.0.0.1:"), "{}", serving.address);
    prints(&serving, &["add(1, 2)"], "3");
    prints(&serving, &["await newCounter().increment(5);"], "5");
    prints(&serving, &["newCounter(3).value"], "3");
    prints(&serving, &["newCounter()"], "RpcStub {}");
    prints(&serving, &["users()"], "[]");
    prints(
        &serving,
        &["echo({ a: [1,,-0], b: new Map([[1, /x/g]]) })"],
        "{ a: [ 1, <1 empty item>, -0 ], b: Map(1) { 1 => /x/g } }",
    );
    prints(&serving, &["echo({ a: { b: 'c' } }).a.b"], "'c'");
    prints(
        &serving,
        &["--json", "echo([undefined, new Date(0), 'x'])"],
        "[null,\"1970-01-01T00:00:00.000Z\",\"x\"]",
    );
    prints(&serving, &["echo()"], "undefined");
}

#[test]
fn what_goes_wrong_is_told_in_one_line() {
    let serving = Serving::at("http://127.0.0.1:0");
    let wrong: [(&[&str], i32, &[&str]); 9] = [
        (&["nope()"], 1, &["TypeError: The RPC receiver does not implement the method \"nope\"."]),
        (&["newCounter().value()"], 1, &["TypeError: \"value\" is not a function."]),
        (&["add('a', 1)"], 1, &["TypeError: argument 1"]),
        (&["--json", "echo(5n)"], 1, &["Do not know how to serialize a BigInt"]),
        (&["add(1"], 2, &["`add(1`: column 6: `,` or `)` is missing"]),
        (&["add(users(), 1)"], 2, &["column 5", "what a call gives cannot be one"]),
        (
            &["--entrypoint", "Admin", "users()"],
            2,
            &["--entrypoint", "offers one entrypoint with fixed props", "debug://"],
        ),
        (
            &["--props", "{}", "users()"],
            2,
            &["--props", "offers one entrypoint with fixed props", "debug://"],
        ),
        (&["--connect-host", "nobody", "users()"], 1, &["refused CONNECT nobody", "404"]),
    ];
    for (arguments, code, words) in wrong {
        call(&serving, arguments).fails(code, words);
    }
    run(&["call", "stdio", "users()"]).fails(2, &["a service is not found there"]);
    run(&["call", "localhost:1", "users()"]).fails(2, &["tcp:host:port", "debug://host:port"]);
    drop(serving);
}

#[test]
fn one_port_has_an_entrypoint_at_each_connect_host() {
    let serving = Serving::at("http://127.0.0.1:0");
    prints(&serving, &["--connect-host", "Admin.rpc.internal", "createUser('ann')"], "true");
    prints(&serving, &["users()"], "[ 'ann' ]");
    // The public one cannot make users.
    call(&serving, &["createUser('bob')"])
        .fails(1, &["does not implement the method \"createUser\""]);
}

#[test]
fn a_debug_port_has_all_entrypoints_with_any_props() {
    let serving = Serving::at("debug://127.0.0.1:0");
    prints(
        &serving,
        &["--service", "desk", "--props", "{ user: 'ann', since: 1n }", "props()"],
        "{ user: 'ann', since: 1n }",
    );
    prints(&serving, &["--service", "desk", "props()"], "{}");
    prints(&serving, &["--service", "desk", "--entrypoint", "Admin", "createUser('ann')"], "true");
    prints(&serving, &["--service", "desk", "--entrypoint", "default", "users()"], "[ 'ann' ]");
    call(&serving, &["users()"]).fails(2, &["--service NAME"]);
    call(&serving, &["--service", "desk", "--props", "5", "users()"])
        .fails(2, &["`5`: expected an object"]);
    call(&serving, &["--service", "dsk", "users()"]).fails(1, &["Worker \"dsk\" not found"]);
    call(&serving, &["--service", "desk", "--entrypoint", "Amdin", "users()"]).fails(1, &["Amdin"]);
}

#[test]
fn a_worker_is_served_and_called_over_bare_sockets_too() {
    let path = socket_path("worker");
    for address in ["tcp:127.0.0.1:0".to_owned(), format!("unix:{}", path.display())] {
        let serving = Serving::with(&["serve", "--worker", &address]);
        prints(&serving, &["newCounter(1).increment(2)"], "3");
    }
}

#[test]
fn requests_are_answered_beside_the_calls() {
    let serving = Serving::at("http://127.0.0.1:0");
    prints(&serving, &["--connect-host", "Admin.rpc.internal", "createUser('ann')"], "true");
    let ask = |request: &str| {
        let mut stream =
            std::net::TcpStream::connect(("127.0.0.1", serving.port())).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        answer
    };
    let head = "HTTP/1.1\r\nHost: here\r\nConnection: close\r\n";
    for (request, status, told) in [
        (format!("GET /users {head}\r\n"), 200, "\r\n\r\nann\n"),
        (format!("POST /echo {head}Content-Length: 4\r\n\r\nknot"), 200, "\r\n\r\nknot"),
        (format!("GET / {head}\r\n"), 404, "Workers RPC behind a CONNECT"),
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), 400, "no host"),
    ] {
        let answer = ask(&request);
        let first = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&first) && answer.contains(told), "{request}: {answer}");
    }
}

#[test]
fn a_whole_expression_is_sent_before_anything_is_answered() {
    // C-Y10
    // A peer that takes everything and never answers: what is sent, is sent in the first trip.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("tcp:{}", listener.local_addr().expect("bound"));
    let mut calling = bowline(&["call", &address, "newCounter(1).increment(5).a['b'](2)"])
        .spawn()
        .expect("the program is built");
    let (mut stream, _) = listener.accept().expect("it connects");
    stream.set_read_timeout(Some(Duration::from_millis(700))).expect("a socket");
    let mut sent = Vec::new();
    // It ends when nothing more comes.
    let _ = stream.read_to_end(&mut sent);
    calling.kill().expect("it waits");
    calling.wait().expect("it was started");

    let mut decoding = bowline(&["decode", "-", "--brief"]);
    decoding.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut decoding = decoding.spawn().expect("the program is built");
    let mut into = decoding.stdin.take().expect("piped");
    thread::spawn(move || into.write_all(&sent));
    let decoded = decoding.wait_with_output().expect("it ends");
    let text = String::from_utf8(decoded.stdout).expect("text");
    // The session is begun with two calls; three are those of the expression, on `JsRpcTarget`.
    let calls = text.lines().filter(|line| line.contains("@0xa1a96525142a9d98.0")).count();
    assert!(calls == 3 && text.contains("bootstrap q"), "{text}");
}
