//! What is called in these tests, and who waits for it.

use std::cell::{Cell, RefCell};
use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::{Local, Turn, Vat};
use bowline::transport::{Framed, FramedLimits, Peer, Transport, memory_pipe, same_thread};
use bowline::worker::value::{Value, value};
use bowline::worker::{
    Answer, Args, Call, Ctx, JsError, Received, Return, RpcPromise, RpcStub, RpcTarget, Worker,
};

thread_local! {
    /// The vats that take turns while somebody waits.
    static VATS: RefCell<Vec<Rc<Vat>>> = const { RefCell::new(Vec::new()) };
}

/// These vats take turns from now on.
pub(crate) fn play(vats: &[&Rc<Vat>]) {
    VATS.with(|all| all.replace(vats.iter().map(|vat| Rc::clone(vat)).collect()));
}

fn turn() {
    let vats = VATS.with(|vats| vats.borrow().clone());
    for vat in vats {
        while vat.turn(std::time::Instant::now()) == Turn::More {}
    }
}

/// Polls until it is done. A future that never is fails the test.
pub(crate) fn run<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..10_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        turn();
    }
    panic!("it is never done");
}

/// Takes turns until nothing more comes of it.
pub(crate) fn settle() {
    (0..20).for_each(|_| turn());
}

/// Where the callee is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// In the caller's vat.
    Here,
    /// In another vat, over a link that passes messages by move.
    Link,
    /// In another vat, over a pipe of bytes.
    Pipe,
    /// A worker in the caller's vat, through a service binding.
    Bound,
    /// A worker in another vat, in sessions over a pipe of bytes.
    Session,
}

/// A caller's vat, and a service it can call.
pub(crate) struct Stage {
    pub(crate) near: Rc<Vat>,
    far: Rc<Vat>,
    links: Vec<Link>,
    pub(crate) svc: Option<RpcStub>,
    pub(crate) log: Log,
    pub(crate) kept: Rc<RefCell<Option<RpcStub>>>,
}

impl Stage {
    pub(crate) fn new(place: Where) -> Self {
        let near = Rc::new(Vat::local());
        let near_by = matches!(place, Where::Here | Where::Bound);
        let far = if near_by { Rc::clone(&near) } else { Rc::new(Vat::local()) };
        play(&[&near, &far]);
        let mut stage = Self {
            near,
            far,
            links: Vec::new(),
            svc: None,
            log: Log::default(),
            kept: Rc::default(),
        };
        let service = Service { log: stage.log.clone(), kept: Rc::clone(&stage.kept) };
        stage.svc = Some(match place {
            Where::Here => RpcStub::new(stage.far.here(), service),
            Where::Link | Where::Pipe => {
                let stub = RpcStub::new(stage.far.here(), service);
                RpcStub::from_client(stage.link(place, &stub.client().expect("it is live")))
            }
            Where::Bound => stage.worker().stub(stage.near.here()),
            Where::Session => {
                let boot = stage.worker().bootstrap(stage.far.here());
                let peer = stage.link(place, &boot);
                bowline::worker::Service::remote(move |_| peer.clone()).stub(stage.near.here())
            }
        });
        stage
    }

    /// The service as the default entrypoint of a worker.
    fn worker(&self) -> bowline::worker::Service {
        let (log, kept) = (self.log.clone(), Rc::clone(&self.kept));
        let make = move |_: Ctx| Service { log: log.clone(), kept: Rc::clone(&kept) };
        let worker = Worker::new("svc").entrypoint("default", make);
        worker.service("default").expect("it was just added")
    }

    /// Connects the two vats; gives what the far one offers.
    fn link(&mut self, place: Where, boot: &Client) -> Client {
        let (left, right): (Box<dyn Transport>, Box<dyn Transport>) = if place == Where::Link {
            let (left, right) = same_thread();
            (Box::new(left), Box::new(right))
        } else {
            let (left, right) = memory_pipe(1 << 12);
            let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
            (Box::new(framed(left)), Box::new(framed(right)))
        };
        let near = Link::connect(self.near.here(), left, Config::default(), None);
        self.links.push(Link::connect(self.far.here(), right, Config::default(), Some(boot)));
        let client = near.bootstrap();
        self.links.push(near);
        client
    }

    /// The service.
    pub(crate) fn svc(&self) -> &RpcStub {
        self.svc.as_ref().expect("it was not let go")
    }

    /// The caller's vat.
    pub(crate) fn here(&self) -> &Local {
        self.near.here()
    }
}

impl Drop for Stage {
    /// At the end of a scenario no table holds anything.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.svc = None;
            self.kept.take();
            settle();
            for link in &self.links {
                assert!(link.is_idle(), "{:?}", link.stats());
            }
        }
        VATS.with(|vats| vats.borrow_mut().clear());
    }
}

/// Plays a scenario, which gives back all the memory it takes.
pub(crate) fn play_at(place: Where, scenario: fn(&Stage)) {
    crate::support::leaves_nothing(|| scenario(&Stage::new(place)));
}

/// Each scenario is played in one vat, over a link and over a pipe.
macro_rules! everywhere {
    ($($name:ident),* $(,)?) => {
        mod here { $(#[test] fn $name() {
            crate::cast::play_at(crate::cast::Where::Here, super::$name);
        })* }
        mod link { $(#[test] fn $name() {
            crate::cast::play_at(crate::cast::Where::Link, super::$name);
        })* }
        mod bound { $(#[test] fn $name() {
            crate::cast::play_at(crate::cast::Where::Bound, super::$name);
        })* }
        mod session { $(#[test] fn $name() {
            crate::cast::play_at(crate::cast::Where::Session, super::$name);
        })* }
        mod pipe { $(#[test] fn $name() {
            crate::cast::play_at(crate::cast::Where::Pipe, super::$name);
        })* }
    };
}
pub(crate) use everywhere;

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

    pub(crate) fn forget(&self) {
        self.0.borrow_mut().clear();
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.0.borrow().iter().filter(|noted| *noted == what).count()
    }
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
            "value" => Answer::property(call),
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
            "makeSpoken" => {
                let disposed = move || log.note("word disposed");
                Answer::Now(Ok(Return::new("a word").on_dispose(disposed)))
            }
            "makeDisposableCounter" => {
                let counter = Counter::stub(&here, 0.0, &log);
                let disposed = move || log.note("result disposed");
                Answer::Now(Ok(Return::new(counter).on_dispose(disposed)))
            }
            "makeFragile" => Answer::now(Ok(crate::panics::fragile(&here))),
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
            "makeLarge" => {
                Answer::now(call.arg::<usize>(0).map(|length| Value::uint8_array(vec![0; length])))
            }
            "panic" => panic!("it was asked to"),
            "hang" => Answer::later(std::future::pending::<Result<Value, JsError>>()),
            "prop" | "func" => Answer::property(call),
            name => match crate::streams::calls::method(name, call) {
                Answer::Missing => return None,
                answer => answer,
            },
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
