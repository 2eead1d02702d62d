//! Rules of sessions and workers beside those of `sessions`.

use std::cell::RefCell;
use std::rc::Rc;

use bowline::rpc::Client;
use bowline::runtime::Vat;
use bowline::wire::Exception;
use bowline::worker::value::{Value, value};
use bowline::worker::{Call, Ctx, Function, JsError, RpcStub, Service, Worker, args};

use crate::cast::{self, Counter, Log, failed, got, number, play, settle};
use crate::sessions::{Scene, connect, dispatcher, stub};

/// A service of a worker, once bound in its own vat and once in sessions over a link.
struct Both {
    _vats: [Rc<Vat>; 2],
    stubs: [RpcStub; 2],
}

impl Both {
    fn of(worker: &Worker) -> Self {
        let vats = [(); 2].map(|()| Rc::new(Vat::local()));
        let [near, far] = &vats;
        play(&[near, far]);
        let service = worker.service("default").expect("it has one");
        let (peer, _) = connect(near, far, &service.bootstrap(far.here()));
        let remote = Service::remote(move |_| peer.clone());
        let stubs = [service.stub(far.here()), remote.stub(near.here())];
        Self { _vats: vats, stubs }
    }
}

#[test]
fn rule_50_a_session_is_over_with_its_call_if_nothing_is_left_of_it() {
    use capnp::capability::FromClientHook as _;
    let scene = Scene::new();
    let (bootstrap, link) = scene.bootstrap();
    let opened = dispatcher(&bootstrap).js_rpc_session_request().send();
    let session = Client::from_hook(&*opened.pipeline.get_session().into_client_hook());
    let top_level = stub(opened.pipeline.get_top_level());
    assert_eq!(number(top_level.call("calls", args![])), 1.0);
    drop((top_level, opened));
    settle();
    assert!(!session.is_promise(), "it has come to be over");
    drop((session, bootstrap));
    settle();
    assert!(link.is_idle(), "{:?}", link.stats());
}

#[test]
fn rule_52_a_stub_that_is_kept_is_let_go_with_its_connection() {
    let (near, far) = (Rc::new(Vat::local()), Rc::new(Vat::local()));
    play(&[&near, &far]);
    let (log, kept) = (Log::default(), Rc::<RefCell<_>>::default());
    let service = cast::Service { log: log.clone(), kept: Rc::clone(&kept) };
    let service = RpcStub::new(far.here(), service);
    let (peer, link) = connect(&near, &far, &service.client().expect("it is live"));
    let svc = RpcStub::from_client(peer);
    got(svc.call("keepDup", args![Counter::stub(near.here(), 0.0, &log)]));
    settle();
    assert!(log.all().is_empty(), "the callee has it");
    link.abort(Exception::failed("gone"));
    settle();
    assert_eq!(log.all(), ["Counter disposed"]);
    let stale = kept.take().expect("it was kept");
    assert!(failed(stale.call("increment", args![])).is_retryable());
}

#[test]
fn rule_53_stubs_of_a_session_end_with_it() {
    let scene = Scene::new();
    let (bootstrap, link) = scene.bootstrap();
    let opened = dispatcher(&bootstrap).js_rpc_session_request().send();
    let session = opened.pipeline.get_session();
    let top_level = stub(opened.pipeline.get_top_level());
    let counter = got(top_level.call("counter", args![])).stub().expect("a stub");
    assert_eq!(number(counter.call("increment", args![])), 1.0);
    drop((opened, top_level));
    settle();
    assert_eq!(number(counter.call("increment", args![])), 2.0);
    drop(session);
    settle();
    assert!(failed(counter.call("increment", args![])).is_retryable());
    settle();
    assert_eq!(scene.log.count("Counter disposed"), 1);
    drop((counter, bootstrap));
    settle();
    assert!(link.is_idle(), "{:?}", link.stats());
}

#[test]
fn rule_56_what_waits_is_independent_of_what_else_waits() {
    let log = Log::default();
    let noted = log.clone();
    let worker = Worker::new("office").entrypoint("default", move |ctx: Ctx| {
        let log = noted.clone();
        Function::new(move |_: Call| {
            let (first, second) = (log.clone(), log.clone());
            ctx.wait_until(async move { first.note("one") });
            ctx.wait_until(async { panic!("it was asked to") });
            ctx.wait_until(async move { second.note("other") });
            async { Ok(1) }
        })
    });
    let both = Both::of(&worker);
    for office in &both.stubs {
        assert_eq!(number(office.invoke(args![])), 1.0);
        settle();
        assert_eq!(log.all(), ["one", "other"]);
        log.forget();
    }
}

#[test]
fn rule_60_a_forwarded_stub_ends_with_whoever_forwarded_it() {
    let scene = Scene::new();
    let third = Rc::new(Vat::local());
    play(&[&scene.near, &scene.far, &third]);
    let kept = Rc::<RefCell<Option<RpcStub>>>::default();
    let keep = Rc::clone(&kept);
    let keeper = RpcStub::function(third.here(), move |call: Call| {
        let dup = call.stub(0).and_then(|stub| stub.dup());
        let dup = dup.map(|stub| drop(keep.replace(Some(stub))));
        async move { dup.map(|()| Value::UNDEFINED) }
    });
    let (end, link) = connect(&scene.near, &third, &keeper.client().expect("it is live"));
    let (peer, _) = scene.peer();
    let office = Service::remote(move |_| peer.clone()).stub(scene.near.here());
    let counter = got(office.call("counter", args![])).stub().expect("a stub");
    got(RpcStub::from_client(end).invoke(args![counter]));
    settle();
    let counter = kept.take().expect("it was kept");
    assert_eq!(number(counter.call("increment", args![])), 1.0, "through who introduced it");
    link.abort(Exception::failed("gone"));
    settle();
    assert!(failed(counter.call("increment", args![])).is_retryable());
    assert_eq!(scene.log.count("Counter disposed"), 1);
}

#[test]
fn rule_68_whatever_can_be_called_can_be_an_entrypoint() {
    let worker = Worker::new("adder").entrypoint("default", |_: Ctx| {
        Function::new(|call: Call| async move { Ok(call.arg::<f64>(0)? + 1.0) })
            .with_properties(value!({ version: 3 }))
    });
    for adder in &Both::of(&worker).stubs {
        assert_eq!(number(adder.invoke(args![41])), 42.0);
        assert_eq!(number(adder.get("version").read()), 3.0);
    }
}

#[test]
fn rule_71_a_binding_to_an_entrypoint_of_its_own_can_be_a_result() {
    let worker = Worker::new("office")
        .entrypoint("default", |ctx: Ctx| {
            Function::new(move |call: Call| {
                let props = value!({ role: (call.args().get(0).clone()) });
                let other = ctx.export("Other", props);
                async move { other }
            })
        })
        .entrypoint("Other", |ctx: Ctx| {
            Function::new(move |_: Call| {
                let props = ctx.props().clone();
                async move { Ok::<_, JsError>(props) }
            })
        });
    for office in &Both::of(&worker).stubs {
        let [admin, guest] = ["admin", "guest"].map(|role| office.invoke(args![role]));
        assert_eq!(*got(admin.invoke(args![])), value!({ role: "admin" }));
        let guest = got(guest).stub().expect("a stub");
        assert_eq!(*got(guest.invoke(args![])), value!({ role: "guest" }));
        assert_eq!(*got(guest.invoke(args![])), value!({ role: "guest" }));
    }
}

#[test]
fn rule_73_a_worker_of_this_process_runs_on_its_callers_thread() {
    let worker = Worker::new("where").entrypoint("default", |_: Ctx| {
        Function::new(|_: Call| async { Ok(format!("{:?}", std::thread::current().id())) })
    });
    let [bound, _] = &Both::of(&worker).stubs;
    let here = format!("{:?}", std::thread::current().id());
    assert_eq!(*got(bound.invoke(args![])), Value::from(here));
}
