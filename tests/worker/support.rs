//! What is called in these tests, and who waits for it.

use std::cell::{Cell, RefCell};
use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bowline::runtime::{Local, Vat};
use bowline::worker::value::{Value, value};
use bowline::worker::{
    Answer, Args, Call, JsError, Received, Return, RpcPromise, RpcStub, RpcTarget,
};

/// Polls until it is done. A future that never is fails the test.
pub(crate) fn run<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..10_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
    panic!("it is never done");
}

/// What a call brought; it did not fail.
pub(crate) fn got(promise: RpcPromise) -> Received {
    run(promise).expect("it returns")
}

pub(crate) fn number(promise: RpcPromise) -> f64 {
    got(promise).as_f64().expect("a number")
}

/// What a call failed with.
pub(crate) fn failed(promise: RpcPromise) -> JsError {
    run(promise).expect_err("it fails")
}

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn note(&self, what: impl Into<String>) {
        self.0.borrow_mut().push(what.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.0.borrow().iter().filter(|noted| *noted == what).count()
    }
}

/// Takes turns until there is nothing left to do.
pub(crate) fn settle(vat: &Vat) {
    while vat.turn(std::time::Instant::now()) == bowline::runtime::Turn::More {}
}

/// As the service that was recorded has it.
pub(crate) struct Counter {
    pub(crate) count: Cell<f64>,
    pub(crate) log: Log,
}

impl Counter {
    pub(crate) fn new(count: f64, log: &Log) -> Self {
        Self { count: Cell::new(count), log: log.clone() }
    }

    pub(crate) fn stub(here: &Local, count: f64, log: &Log) -> RpcStub {
        RpcStub::new(here, Self::new(count, log))
    }
}

impl RpcTarget for Counter {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        match name {
            "increment" => {
                let by = if call.args().is_empty() { Ok(1.0) } else { call.arg::<f64>(0) };
                Answer::now(by.map(|by| {
                    self.count.set(self.count.get() + by);
                    self.count.get()
                }))
            }
            "child" => Answer::now(call.arg(0).map(|n| Self::stub(call.here(), n, &self.log))),
            "value" => Answer::Property(call),
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, name: &str, _: &Local) -> Answer {
        match name {
            "value" => Answer::now(Ok(self.count.get())),
            "increment" | "child" => Answer::Method,
            _ => Answer::Missing,
        }
    }

    fn dispose(&self) {
        self.log.note("Counter disposed");
    }
}

/// A service with a bit of everything.
pub(crate) struct Service {
    pub(crate) log: Log,
    pub(crate) kept: Rc<RefCell<Option<RpcStub>>>,
}

impl Service {
    pub(crate) fn stub(vat: &Vat) -> (RpcStub, Log) {
        let log = Log::default();
        let service = Self { log: log.clone(), kept: Rc::default() };
        (RpcStub::new(vat.here(), service), log)
    }

    fn answer(&self, name: &str, call: Call) -> Option<Answer> {
        let here = call.here().clone();
        let log = self.log.clone();
        Some(match name {
            "add" => Answer::now(sum(&call)),
            "echo" => Answer::now(Ok(call.args().get(0).clone())),
            "makeCounter" => Answer::now(call.arg(0).map(|n| Counter::stub(&here, n, &log))),
            "makeNested" => {
                let counter = Counter::stub(&here, 7.0, &log);
                Answer::now(Ok(value!({ a: { b: { c: (counter), v: 99 } }, list: [1, 2, 3] })))
            }
            "makeDisposable" => {
                let disposed = move || log.note("result disposed");
                Answer::Now(Ok(Return::new(value!({ v: 1 })).on_dispose(disposed)))
            }
            "makeFunc" => Answer::now(call.arg::<f64>(0).map(|k| times(&here, k))),
            "callCb" => Answer::later(call_back(call)),
            "incr" => Answer::later(async move {
                let counter = call.stub(0)?;
                counter.call("increment", Args::new().with(call.args().get(1))).await
            }),
            "keep" => Answer::now(call.stub(0).map(|stub| {
                self.kept.replace(Some(stub));
            })),
            "keepDup" => Answer::now(call.stub(0).and_then(|stub| stub.dup()).map(|stub| {
                self.kept.replace(Some(stub));
            })),
            "throw" => {
                Answer::Now(Err(JsError::new("MyError", "my message").with_property("code", 42)))
            }
            "hang" => Answer::later(std::future::pending::<Result<Value, JsError>>()),
            "prop" | "func" => Answer::Property(call),
            _ => return None,
        })
    }
}

fn sum(call: &Call) -> Result<f64, JsError> {
    Ok(call.arg::<f64>(0)? + call.arg::<f64>(1)?)
}

fn times(here: &Local, k: f64) -> RpcStub {
    RpcStub::function(here, move |call| async move { Ok(k * call.arg::<f64>(0)?) })
}

async fn call_back(call: Call) -> Result<Received, JsError> {
    let function = call.stub(0)?;
    function.invoke(Args::new().with(call.args().get(1))).await
}

impl RpcTarget for Service {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        self.answer(name, call).unwrap_or(Answer::Missing)
    }

    fn getter(self: Rc<Self>, name: &str, here: &Local) -> Answer {
        match name {
            "prop" => Answer::now(Ok(value!({ hello: "world", n: 5 }))),
            "func" => Answer::now(Ok(times(here, 3.0))),
            "throwing" => Answer::Now(Err(JsError::new("RangeError", "prop threw"))),
            "add" | "makeCounter" => Answer::Method,
            _ => Answer::Missing,
        }
    }
}
