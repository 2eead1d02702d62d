//! Measures a service in Rust behind a binding of the real runtime, beside a Worker in a second process of the
//! runtime in its place: the same caller in JavaScript, in the same run, in turns.
//!
//!     cargo bench --bench workerd -- [ROW] [SECONDS]
//!
//! `SECONDS` is the time for one row, both together; 4 by default. The median of nine rounds counts. The runtime
//! is installed with npm where the tests have it (`BOWLINE_PEERS`, else `target/peers`).

#[path = "../tests/workerd/peer.rs"]
mod peer;

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::Link;
use bowline::runtime::{Local, Vat};
use bowline::transport::http::{Arrival, HeadLimits, admit};
use bowline::transport::{Address, FramedLimits, Listener};
use bowline::worker::{Answer, Call, JsError, Return, RpcStub, RpcTarget, Worker};

use peer::Workerd;

const ROUNDS: usize = 9;
const ROWS: [&str; 5] = ["number", "record", "bytes", "pipelined", "many"];
const HOST: &str = "vat.test";

/// What `workerd/callee.js` is, in Rust.
struct Callee;

impl RpcTarget for Callee {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        let answer = || -> Result<Return, JsError> {
            Ok(match name {
                "add" => (call.arg::<f64>(0)? + call.arg::<f64>(1)?).into(),
                "echo" => call.args().get(0).clone().into(),
                _ => RpcStub::new(call.here(), Account(Cell::new(call.arg(0)?))).into(),
            })
        };
        match name {
            "add" | "echo" | "account" => Answer::Now(answer()),
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        Answer::Missing
    }
}

struct Account(Cell<f64>);

impl RpcTarget for Account {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        match name {
            "deposit" => Answer::now(call.arg::<f64>(0).map(|amount| {
                self.0.set(self.0.get() + amount);
                self.0.get()
            })),
            "branch" => Answer::now(
                call.arg(0).map(|balance| RpcStub::new(call.here(), Self(Cell::new(balance)))),
            ),
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        Answer::Missing
    }
}

/// Serves the Rust callee on a thread of its own until the process ends; its port.
fn served() -> u16 {
    let (tell, hear) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let all = async {
            let vat = Vat::local();
            tokio::task::spawn_local(vat.tokio_driver());
            let address = "tcp:127.0.0.1:0".parse().expect("an address");
            let listener = Listener::bind(&address).await.expect("a free port");
            if let Address::Tcp { port, .. } = listener.address() {
                tell.send(*port).expect("somebody waits");
            }
            serve(vat.here(), listener).await;
        };
        tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), all);
    });
    hear.recv().expect("it serves")
}

async fn serve(here: &Local, mut listener: Listener) {
    let worker = Worker::new("callee").entrypoint("default", |_| Callee);
    let boot = worker.service("default").expect("it has one").bootstrap(here);
    loop {
        let socket = listener.accept().await.expect("it listens");
        let peer = socket.peer().clone();
        let arrived = admit(socket, &HeadLimits::default(), |host| host == HOST).await;
        if let Ok(Arrival::Vat { stream, .. }) = arrived {
            let transport = stream.framed(peer, FramedLimits::default());
            Link::connect(here, transport, Config::default(), Some(&boot));
        }
    }
}

/// Has the caller do a row's work so many times; how long it took.
fn play(caller: &Workerd, row: &str, of: &str, operations: u64) -> Duration {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", caller.port("main"))).expect("it listens");
    let asked = format!(
        "GET /{row}?of={of}&n={operations} HTTP/1.1\r\nHost: caller\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(asked.as_bytes()).expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    assert!(answer.ends_with("done"), "{row} of {of}: {answer}");
    begun.elapsed()
}

/// Nanoseconds for one operation of each binding, and the distance of the quartiles in percent.
fn measure(caller: &Workerd, row: &str, budget: Duration) -> [(f64, f64); 2] {
    let slice = budget / ROUNDS as u32 / 2;
    let mut operations = 1;
    while play(caller, row, "ONE", operations) < slice / 2 {
        operations *= 2;
    }
    let mut rounds = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (of, rounds) in ["ONE", "OTHER"].iter().zip(&mut rounds) {
            let took = play(caller, row, of, operations);
            rounds.push(took.as_secs_f64() * 1e9 / operations as f64);
        }
    }
    rounds.map(|mut figures| {
        figures.sort_by(f64::total_cmp);
        let median = figures[ROUNDS / 2];
        (median, (figures[ROUNDS * 3 / 4] - figures[ROUNDS / 4]) / median * 100.0)
    })
}

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let only = words.next().filter(|word| word.parse::<f64>().is_err());
    let seconds = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(4.0);
    let theirs = Workerd::serve("../../benches/workerd/callee.capnp", &["main"], &[]);
    let at = |name: &str, port: u16| format!("--external-addr={name}=127.0.0.1:{port}");
    let arguments = [at("one", theirs.port("main")), at("other", served())];
    let caller = Workerd::serve("../../benches/workerd/caller.capnp", &["main"], &arguments);
    println!(
        "{:12}{:>14}{:>6}{:>14}{:>6}{:>8}",
        "row", "workerd µs", "± %", "bowline µs", "± %", "ratio"
    );
    for row in ROWS {
        if only.as_deref().is_some_and(|only| only != row) {
            continue;
        }
        let [theirs, ours] = measure(&caller, row, Duration::from_secs_f64(seconds));
        println!(
            "{row:12}{:>14.1}{:>6.0}{:>14.1}{:>6.0}{:>8.2}",
            theirs.0 / 1e3,
            theirs.1,
            ours.0 / 1e3,
            ours.1,
            ours.0 / theirs.0
        );
    }
}
