//! The program serves a Worker to the real runtime, and calls one there.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::DELAY;
use crate::peer::Workerd;
use crate::slow::slowed;
use crate::world::{Caller, World, callee_with_debug_port};

fn bowline(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn call(port: u16, arguments: &[&str]) -> Output {
    let address = format!("http://127.0.0.1:{port}");
    let all = [&["call", address.as_str(), "--connect-host", "vat.test"], arguments].concat();
    bowline(&all).output().expect("the program is built")
}

#[track_caller]
fn prints(port: u16, arguments: &[&str], text: &str) {
    let ran = call(port, arguments);
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!((&*out, &*err), (&*format!("{text}\n"), ""), "{arguments:?}");
}

#[track_caller]
fn fails(port: u16, arguments: &[&str], told: &str) {
    let ran = call(port, arguments);
    let err = String::from_utf8_lossy(&ran.stderr);
    assert_eq!((ran.status.code(), err.trim_end()), (Some(1), told), "{arguments:?}");
}

#[test]
fn the_program_calls_a_worker_of_the_runtime() {
    let world = World::shared();
    let port = world.callee.port("main");
    prints(port, &["ping()"], "'pong'");
    prints(port, &["add(1, 2.5)"], "3.5");
    prints(port, &["account('program', 5).branch(30).deposit(3)"], "33");
    prints(port, &["bank('program').vault.second.balance"], "2");
    prints(port, &["curried()(1)('b')(3n)"], "'1b3'");
    prints(port, &["rates"], "{ loan: 7, deposit: 2 }");
    prints(port, &["rates.loan"], "7");
    prints(port, &["nothing()"], "undefined");
    prints(
        port,
        &[
            "echo({ map: new Map([[1, new Set([NaN])]]), at: new Date(0), r: /a/g, u: new Uint8Array([1, 2]), h: [,1] })",
        ],
        "{\n  map: Map(1) { 1 => Set(1) { NaN } },\n  at: 1970-01-01T00:00:00.000Z,\n  r: /a/g,\n  u: Uint8Array(2) [ 1, 2 ],\n  h: [ <1 empty item>, 1 ]\n}",
    );
    prints(
        port,
        &["--json", "echo({ at: new Date(0), n: [undefined, NaN] })"],
        "{\"at\":\"1970-01-01T00:00:00.000Z\",\"n\":[null,null]}",
    );
    prints(world.callee.port("clerk"), &["who()"], "'clerk at 7'");
    fails(port, &["fail('type')"], "bowline: TypeError: not of this type");
    fails(
        port,
        &["nope()"],
        "bowline: TypeError: The RPC receiver does not implement the method \"nope\".",
    );
}

#[test]
fn the_program_calls_any_entrypoint_behind_a_debug_port() {
    let callee = callee_with_debug_port();
    let address = format!("debug://127.0.0.1:{}", callee.port("debug-port"));
    let call = |arguments: &[&str]| {
        let ran =
            bowline(&[&["call", address.as_str(), "--service", "callee"], arguments].concat())
                .output()
                .expect("the program is built");
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).expect("text")
    };
    assert_eq!(call(&["account('debug', 1).deposit(2)"]), "3\n");
    let clerk = call(&["--entrypoint", "Clerk", "--props", "{ desk: 'nine' }", "who()"]);
    assert_eq!(clerk, "'clerk at nine'\n");
}

#[test]
fn a_whole_expression_takes_one_round_trip() {
    let world = World::shared();
    let port = slowed(world.callee.port("main"), DELAY);
    let time = |expression: &str| {
        let best = (0..3).map(|_| {
            let began = Instant::now();
            assert!(call(port, &[expression]).status.success());
            began.elapsed()
        });
        best.min().unwrap_or_default()
    };
    let (one, many) =
        (time("ping()"), time("account('trip', 5).branch(1).branch(2).branch(30).deposit(3)"));
    // One for the CONNECT and one for the call.
    assert!(one >= 4 * DELAY, "{one:?}: the link is not slow");
    assert!(
        many < one + DELAY && many < Duration::from_secs(5),
        "{many:?}, and {one:?} for one call"
    );
}

/// The program while it serves. Dropping kills it.
struct Serving(Child, u16);

impl Serving {
    fn start() -> Self {
        let mut serving = bowline(&["serve", "http://127.0.0.1:0"]);
        let mut process = serving.stdout(Stdio::piped()).spawn().expect("the program is built");
        let mut line = String::new();
        let out = process.stdout.as_mut().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("text");
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        Self(process, port.unwrap_or_else(|| panic!("it said {line:?}")))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_worker_of_the_runtime_calls_the_program() {
    let serving = Serving::start();
    let at = |name: &str| format!("--external-addr={name}=127.0.0.1:{}", serving.1);
    let caller = Caller::new(Workerd::serve("desk.capnp", &["main"], &[at("desk"), at("admin")]));
    for (situation, told) in [
        ("sum", json!(3)),
        ("counter", json!([11, 16, 16])),
        ("pipelined", json!(3)),
        ("values", json!([7, "/x/g", [1, 2], "5"])),
        ("requests", json!([200, "knot", 404])),
        (
            "rights",
            json!([
                true,
                ["ann"],
                "The RPC receiver does not implement the method \"createUser\"."
            ]),
        ),
    ] {
        assert_eq!(caller.ask(&format!("/{situation}")), json!({ "told": told }), "{situation}");
    }
}
