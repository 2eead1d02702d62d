//! Measures calls of the Workers face within a vat:
//!
//!     cargo bench --bench worker -- [ROW [xOPERATIONS]] [SECONDS]
//!
//! With `x1000` the row's work is done a thousand times and nothing is measured: the difference of two such runs
//! under `valgrind --tool=callgrind` is what it takes. `SECONDS` is the time for one row; 1 by default. The median of nine rounds counts.
//! Allocations are counted by the gate alone: counting them takes time.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bowline::runtime::{Local, Vat};
use bowline::worker::value::{Value, value};
use bowline::worker::{Answer, Args, Call, Received, RpcPromise, RpcStub, RpcTarget, Worker, args};

const ROUNDS: usize = 9;

/// What is called.
struct Link(f64);

impl RpcTarget for Link {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        match name {
            "add" => Answer::now(call.arg::<f64>(0).map(|n| n + 1.0)),
            "later" => Answer::later(async move { Ok(call.arg::<f64>(0)? + 1.0) }),
            "echo" => Answer::now(Ok(call.args().get(0).clone())),
            "next" => Answer::now(Ok(RpcStub::new(call.here(), Self(self.0 + 1.0)))),
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, name: &str, _: &Local) -> Answer {
        match name {
            "depth" => Answer::now(Ok(self.0)),
            _ => Answer::Missing,
        }
    }
}

fn done(promise: RpcPromise) -> Received {
    let mut promise = pin!(promise);
    let mut cx = Context::from_waker(Waker::noop());
    match promise.as_mut().poll(&mut cx) {
        Poll::Ready(Ok(received)) => received,
        Poll::Ready(Err(why)) => panic!("{why}"),
        Poll::Pending => panic!("it is answered at once"),
    }
}

/// Seven objects, each asked for on the one before, and a call of the last, awaited once.
fn chain(stub: &RpcStub) -> Received {
    let mut at = stub.call("next", Args::new());
    for _ in 0..6 {
        at = at.call("next", Args::new());
    }
    done(at.call("add", args![1]))
}

fn median(work: &dyn Fn(), budget: Duration) -> f64 {
    let timed = |operations: u64| {
        let begun = Instant::now();
        (0..operations).for_each(|_| work());
        begun.elapsed()
    };
    let mut operations = 1u64;
    while timed(operations) < budget / ROUNDS as u32 / 2 {
        operations *= 2;
    }
    let mut rounds: Vec<f64> =
        (0..ROUNDS).map(|_| timed(operations).as_secs_f64() / operations as f64).collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

type Row<'a> = (&'static str, Box<dyn Fn() + 'a>);

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let only = words.next().filter(|word| word.parse::<f64>().is_err());
    let seconds = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(1.0);
    let operations: Option<u64> =
        words.next().and_then(|word| word.strip_prefix('x')?.parse().ok());
    let vat = Vat::local();
    let here = vat.here();
    let stub = RpcStub::new(here, Link(0.0));
    let worker = Worker::new("link").entrypoint("default", |_| Link(0.0));
    let bound = worker.service("default").expect("it has one").stub(here);
    let object = value!({ name: "bowline", turns: [1, 2.5, null] });
    let rows: [Row<'_>; 6] = [
        ("worker-number", Box::new(|| drop(black_box(done(stub.call("add", args![1])))))),
        ("worker-async", Box::new(|| drop(black_box(done(stub.call("later", args![1])))))),
        ("worker-binding", Box::new(|| drop(black_box(done(bound.call("add", args![1])))))),
        (
            "worker-object",
            Box::new(|| drop(black_box(done(stub.call("echo", args![Value::from(&object)]))))),
        ),
        (
            "worker-stub",
            Box::new(|| drop(black_box(done(stub.call("next", args![])).stub().expect("a stub")))),
        ),
        ("worker-chain8", Box::new(|| drop(black_box(chain(&stub))))),
    ];
    println!("{:16}{:>10}", "row", "ns");
    for (name, work) in &rows {
        if only.as_deref().is_some_and(|only| only != *name) {
            continue;
        }
        if let Some(operations) = operations {
            (0..operations).for_each(|_| work());
            continue;
        }
        let figure = median(work, Duration::from_secs_f64(seconds)) * 1e9;
        println!("{name:16}{figure:>10.0}");
    }
}
