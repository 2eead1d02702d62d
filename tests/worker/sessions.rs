//! Workers, their entrypoints, and the sessions in which peers call them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::{Local, Vat};
use bowline::schema::worker_capnp::{event_dispatcher, js_rpc_target, workerd_bootstrap};
use bowline::transport::same_thread;
use bowline::wire::Exception;
use bowline::worker::value::{Value, value};
use bowline::worker::{
    Answer, Args, Call, Ctx, Function, JsError, RpcStub, RpcTarget, Service, Worker, args,
};

use crate::cast::{Counter, Log, failed, got, number, play, run, settle};

/// An entrypoint that tells what it knows.
struct Office {
    ctx: Ctx,
    log: Log,
    calls: Cell<u32>,
}

/// Notes when it is dropped.
struct Noted(Log, &'static str);

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.note(self.1);
    }
}

impl RpcTarget for Office {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        self.calls.set(self.calls.get() + 1);
        let log = self.log.clone();
        match name {
            "calls" => Answer::now(Ok(self.calls.get())),
            "props" => Answer::now(Ok(self.ctx.props().clone())),
            "env" | "ctx" => Answer::Missing,
            "variable" => Answer::now(call.arg::<String>(0).map(|name| self.ctx.env(&name))),
            "counter" => Answer::now(Ok(Counter::stub(call.here(), 0.0, &log))),
            "number" => Answer::now(self.ctx.variable::<f64>("SECRET")),
            "hang" => Answer::later(async move {
                let _noted = Noted(log, "hang was cancelled");
                std::future::pending::<Result<(), JsError>>().await
            }),
            "abort" => {
                self.ctx.abort(JsError::new("RangeError", "gave up"));
                Answer::later(async move {
                    let _noted = Noted(log, "abort was cancelled");
                    std::future::pending::<Result<(), JsError>>().await
                })
            }
            "abortLater" => {
                let ctx = self.ctx.clone();
                Answer::later(async move {
                    let _noted = Noted(log, "abort was cancelled");
                    call.stub(0)?.invoke(args![]).await?;
                    ctx.abort(JsError::new("RangeError", "gave up"));
                    std::future::pending::<Result<(), JsError>>().await
                })
            }
            "later" => {
                let (told, hear) = futures::channel::oneshot::channel::<()>();
                LATER.with(|later| later.borrow_mut().push(told));
                self.ctx.wait_until(async move {
                    // Whoever tells it may be gone.
                    let _ = hear.await;
                    log.note("waited until then");
                });
                Answer::now(Ok(()))
            }
            "elsewhere" => Answer::later(async move {
                let other = self.ctx.export("Other", value!({ by: "office" }))?;
                other.call("props", args![]).await
            }),
            "down" => Answer::later(async move {
                let depth: u32 = call.arg(0)?;
                match depth {
                    0 => Ok(Value::from("bottom")),
                    _ => {
                        let next = self.ctx.service("SELF")?;
                        next.call("down", args![depth - 1]).await.map(Value::from)
                    }
                }
            }),
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        Answer::Missing
    }
}

thread_local! {
    /// What ends the futures of `later`.
    static LATER: RefCell<Vec<futures::channel::oneshot::Sender<()>>> = RefCell::default();
}

fn worker(log: &Log) -> Worker {
    let make = |log: &Log| {
        let log = log.clone();
        move |ctx| {
            log.note("made");
            Office { ctx, log: log.clone(), calls: Cell::new(0) }
        }
    };
    Worker::new("office").entrypoint("default", make(log)).entrypoint("Other", make(log))
}

/// A caller's vat and a worker's, between which nothing is joined yet.
pub(crate) struct Scene {
    pub(crate) near: Rc<Vat>,
    pub(crate) far: Rc<Vat>,
    pub(crate) log: Log,
    worker: Worker,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let (near, far) = (Rc::new(Vat::local()), Rc::new(Vat::local()));
        play(&[&near, &far]);
        let log = Log::default();
        let worker = worker(&log);
        Self { near, far, log, worker }
    }

    fn here(&self) -> RpcStub {
        self.worker.service("default").expect("it has one").stub(self.far.here())
    }

    /// What the worker's vat offers to who connects, in the caller's vat.
    pub(crate) fn peer(&self) -> (Client, Link) {
        let service = self.worker.service("default").expect("it has one");
        connect(&self.near, &self.far, &service.bootstrap(self.far.here()))
    }

    pub(crate) fn bootstrap(&self) -> (workerd_bootstrap::Client, Link) {
        let (client, link) = self.peer();
        (capnp::capability::FromClientHook::new(client.hook()), link)
    }
}

pub(crate) fn connect(near: &Vat, far: &Vat, boot: &Client) -> (Client, Link) {
    let (left, right) = same_thread();
    Link::connect(far.here(), right, Config::default(), Some(boot));
    let link = Link::connect(near.here(), left, Config::default(), None);
    (link.bootstrap(), link)
}

pub(crate) fn dispatcher(bootstrap: &workerd_bootstrap::Client) -> event_dispatcher::Client {
    bootstrap.start_event_request().send().pipeline.get_dispatcher()
}

pub(crate) fn stub(top_level: js_rpc_target::Client) -> RpcStub {
    use capnp::capability::FromClientHook as _;
    RpcStub::from_client(Client::from_hook(&*top_level.into_client_hook()))
}

#[test]
fn rule_67_every_invocation_has_an_instance_of_its_own() {
    let scene = Scene::new();
    let office = scene.here();
    assert_eq!(number(office.call("calls", args![])), 1.0);
    assert_eq!(number(office.call("calls", args![])), 1.0);
    assert_eq!(scene.log.count("made"), 2);
}

#[test]
fn rules_37_and_38_handlers_are_no_methods_of_an_entrypoint_and_ordinary_ones_of_a_target() {
    let scene = Scene::new();
    let office = scene.here();
    for name in
        ["fetch", "connect", "alarm", "webSocketMessage", "webSocketClose", "webSocketError"]
    {
        let error = failed(office.call(name, args![]));
        let says =
            format!("TypeError: '{name}' is a reserved method and cannot be called over RPC.");
        assert_eq!(error.to_string(), says);
        let plain = RpcStub::wrap(scene.far.here(), Value::object([(name, 1)])).expect("plain");
        assert_eq!(number(plain.get(name).read()), 1.0);
    }
    assert!(scene.log.all().is_empty(), "nothing was made for it");
}

#[test]
fn rule_32_env_and_ctx_are_not_reachable() {
    let scene = Scene::new();
    scene.worker.set_variable("SECRET", "hush");
    let office = scene.here();
    for name in ["env", "ctx"] {
        let error = failed(office.get(name).get("SECRET").read());
        assert!(error.message().contains(&format!("\"{name}\"")), "{error}");
    }
    assert_eq!(*got(office.call("variable", args!["SECRET"])), Value::from("hush"));
}

#[test]
fn a_variable_that_does_not_fit_is_named() {
    let scene = Scene::new();
    let office = scene.here();
    let missing = failed(office.call("number", args![]));
    assert_eq!(missing.to_string(), "TypeError: env.SECRET: expected f64, found undefined");
    scene.worker.set_variable("SECRET", "hush");
    let wrong = failed(office.call("number", args![]));
    assert_eq!(wrong.to_string(), "TypeError: env.SECRET: expected f64, found string \"hush\"");
}

#[test]
fn rules_70_and_71_props_come_with_the_binding_or_from_the_same_worker() {
    let scene = Scene::new();
    assert_eq!(*got(scene.here().call("props", args![])), value!({}));
    let service =
        scene.worker.service_with("Other", value!({ role: "admin" })).expect("it has one");
    let office = service.stub(scene.far.here());
    assert_eq!(*got(office.call("props", args![])), value!({ role: "admin" }));
    assert_eq!(*got(scene.here().call("elsewhere", args![])), value!({ by: "office" }));
}

#[test]
fn rule_72_invocations_are_32_deep_at_most() {
    let scene = Scene::new();
    scene.worker.bind("SELF", scene.worker.service("default").expect("it has one"));
    let office = scene.here();
    assert_eq!(*got(office.call("down", args![31])), Value::from("bottom"));
    let error = failed(office.call("down", args![32]));
    assert!(error.message().starts_with("Subrequest depth limit exceeded."), "{error}");
}

#[test]
fn rule_74_an_unknown_entrypoint_is_an_error_when_it_is_bound() {
    let scene = Scene::new();
    let error = scene.worker.service("Ofice").expect_err("there is none");
    assert_eq!(
        error.message(),
        "the worker \"office\" has no entrypoint \"Ofice\"; it has Other, default"
    );
}

#[test]
fn rule_75_a_session_takes_one_call_and_an_event_one_session() {
    let scene = Scene::new();
    let (bootstrap, _link) = scene.bootstrap();
    let dispatcher = dispatcher(&bootstrap);
    let opened = dispatcher.js_rpc_session_request().send();
    let top_level = stub(opened.pipeline.get_top_level());
    assert_eq!(number(top_level.call("calls", args![])), 1.0);
    let error = failed(top_level.call("calls", args![]));
    assert!(error.message().contains("takes one call"), "{error}");
    let again = dispatcher.js_rpc_session_request().send();
    let why = run(again.promise).err().expect("it was used");
    assert!(why.extra.contains("EventDispatcher can only be used for one request."), "{why}");
    assert_eq!(scene.log.count("made"), 1);
}

#[test]
fn rule_54_a_session_lasts_as_long_as_a_stub_of_it() {
    use capnp::capability::FromClientHook as _;
    let scene = Scene::new();
    let (bootstrap, link) = scene.bootstrap();
    let opened = dispatcher(&bootstrap).js_rpc_session_request().send();
    let session = Client::from_hook(&*opened.pipeline.get_session().into_client_hook());
    let top_level = stub(opened.pipeline.get_top_level());
    let counter = got(top_level.call("counter", args![]));
    settle();
    assert!(session.is_promise(), "a call has returned, and its session is not over");
    drop((top_level, opened));
    assert_eq!(number(counter.stub().expect("a stub").call("increment", args![])), 1.0);
    settle();
    assert!(session.is_promise(), "its stub is there");
    drop(counter);
    settle();
    assert!(!session.is_promise(), "it is over");
    assert_eq!(scene.log.count("Counter disposed"), 1);
    drop((session, bootstrap));
    settle();
    assert!(link.is_idle(), "{:?}", link.stats());
}

#[test]
fn rule_55_a_session_that_is_released_is_cancelled() {
    let scene = Scene::new();
    let (bootstrap, link) = scene.bootstrap();
    let opened = dispatcher(&bootstrap).js_rpc_session_request().send();
    let session = opened.pipeline.get_session();
    let top_level = stub(opened.pipeline.get_top_level());
    let hanging = top_level.call("hang", args![]);
    run(opened.promise).expect("it opens");
    settle();
    assert_eq!(scene.log.count("hang was cancelled"), 0);
    drop((session, opened.pipeline));
    let error = failed(hanging);
    assert!(error.is_retryable(), "{error}");
    settle();
    assert_eq!(scene.log.count("hang was cancelled"), 1);
    drop((bootstrap, top_level));
    settle();
    assert!(link.is_idle(), "{:?}", link.stats());
}

#[test]
fn rule_55_a_caller_that_goes_away_cancels_what_it_called() {
    let scene = Scene::new();
    let (peer, link) = scene.peer();
    let office = Service::remote(move |_| peer.clone()).stub(scene.near.here());
    let hanging = office.call("hang", args![]);
    settle();
    assert_eq!(scene.log.count("made"), 1);
    drop(hanging);
    settle();
    assert_eq!(scene.log.count("hang was cancelled"), 1);
    drop(office);
    settle();
    assert!(link.is_idle(), "{:?}", link.stats());
}

#[test]
fn rule_56_what_waits_until_then_goes_on_and_keeps_the_session() {
    use capnp::capability::FromClientHook as _;
    let scene = Scene::new();
    let (bootstrap, _link) = scene.bootstrap();
    let opened = dispatcher(&bootstrap).js_rpc_session_request().send();
    let session = Client::from_hook(&*opened.pipeline.get_session().into_client_hook());
    let top_level = stub(opened.pipeline.get_top_level());
    got(top_level.call("later", args![]));
    drop((top_level, opened));
    settle();
    assert!(session.is_promise() && scene.log.count("waited until then") == 0);
    let told = LATER.with(|later| later.borrow_mut().pop()).expect("it waits");
    told.send(()).expect("it listens");
    settle();
    assert!(!session.is_promise() && scene.log.count("waited until then") == 1);
}

#[test]
fn rule_58_a_context_that_is_aborted_fails_its_call() {
    let scene = Scene::new();
    let (peer, link) = scene.peer();
    let remote = Service::remote(move |_| peer.clone()).stub(scene.near.here());
    for office in [scene.here(), remote] {
        let now = RpcStub::function(scene.near.here(), |_| async { Ok(()) });
        for name in ["abort", "abortLater"] {
            let error = failed(office.call(name, args![&now]));
            assert_eq!(error.to_string(), "RangeError: gave up");
            settle();
            assert_eq!(scene.log.count("abort was cancelled"), 1);
            scene.log.forget();
        }
        assert_eq!(number(office.call("calls", args![])), 1.0);
    }
    settle();
    assert!(link.is_idle(), "{:?}", link.stats());
}

#[test]
fn rule_60_a_stub_is_forwarded_to_a_third_vat_and_works_there() {
    let scene = Scene::new();
    let third = Rc::new(Vat::local());
    play(&[&scene.near, &scene.far, &third]);
    let keeper = Function::new(|call: Call| async move {
        let counter = call.stub(0)?;
        counter.call("increment", Args::new().with(10)).await?;
        counter.call("increment", Args::new().with(1)).await
    });
    let keeper = RpcStub::new(third.here(), keeper);
    let (far_end, link) = connect(&scene.near, &third, &keeper.client().expect("it is live"));
    let (peer, _) = scene.peer();
    let office = Service::remote(move |_| peer.clone()).stub(scene.near.here());
    let counter = got(office.call("counter", args![])).stub().expect("a stub");
    assert_eq!(number(RpcStub::from_client(far_end).invoke(args![&counter])), 11.0);
    assert_eq!(number(counter.call("increment", args![])), 12.0);
    drop(counter);
    settle();
    assert_eq!(scene.log.count("Counter disposed"), 1);
    assert!(link.is_idle(), "{:?}", link.stats());
}

#[test]
fn a_lost_connection_is_made_again_by_the_next_call() {
    let scene = Scene::new();
    let links: Rc<RefCell<Vec<Link>>> = Rc::default();
    let service = scene.worker.service("default").expect("it has one");
    let boot = service.bootstrap(scene.far.here());
    let (made, near, far) = (Rc::clone(&links), Rc::clone(&scene.near), Rc::clone(&scene.far));
    let service = Service::remote(move |_| {
        let (peer, link) = connect(&near, &far, &boot);
        made.borrow_mut().push(link);
        peer
    });
    let office = service.stub(scene.near.here());
    assert!(links.borrow().is_empty(), "nothing was called yet");
    assert_eq!(number(office.call("calls", args![])), 1.0);
    let hanging = office.call("hang", args![]);
    settle();
    links.borrow()[0].abort(Exception::failed("gone"));
    let error = failed(hanging);
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(error.message(), "Network connection lost.");
    assert_eq!(number(office.call("calls", args![])), 1.0);
    assert_eq!(links.borrow().len(), 2);
}
