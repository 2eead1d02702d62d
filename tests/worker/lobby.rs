//! Calls within a vat, whoever awaits which of them when, and whatever else is made in between.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures::channel::oneshot;

use bowline::runtime::{Local, Vat};
use bowline::worker::stream::ReadableStream;
use bowline::worker::value::{Value, value};
use bowline::worker::{Answer, Args, Call, JsError, RpcPromise, RpcStub, RpcTarget, args};

use crate::cast::{play, run, settle};

type Heard = Rc<RefCell<Vec<String>>>;

/// Notes what it is asked, in the order it is asked.
#[derive(Clone)]
struct Recorder {
    name: &'static str,
    heard: Heard,
    /// The promise of another call, to be polled from within one.
    other: Rc<RefCell<Option<RpcPromise>>>,
    /// The stub of an object elsewhere.
    elsewhere: Option<RpcStub>,
    /// What a call waits for.
    gate: Rc<RefCell<Option<oneshot::Receiver<()>>>>,
}

impl Recorder {
    fn note(&self, what: &str) {
        self.heard.borrow_mut().push(format!("{} {what}", self.name));
    }

    fn stub(&self, here: &Local, name: &'static str) -> RpcStub {
        RpcStub::new(here, Self { name, ..self.clone() })
    }

    /// Waits until the gate is opened.
    async fn gated(self: Rc<Self>, call: Call) -> Result<RpcStub, JsError> {
        let gate = self.gate.borrow_mut().take().expect("it is shut");
        gate.await.expect("it is opened");
        self.note("is done");
        Ok(self.stub(call.here(), "late"))
    }

    /// Waits once, and is done when it is woken.
    async fn later(self: Rc<Self>, call: Call) -> Result<RpcStub, JsError> {
        let mut waited = false;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.note("is done");
        Ok(self.stub(call.here(), "late"))
    }
}

impl RpcTarget for Recorder {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        self.note(name);
        match name {
            "next" => Answer::now(Ok(self.stub(call.here(), "next"))),
            "number" => Answer::now(Ok(7)),
            "object" => {
                let inner = self.stub(call.here(), "inner");
                Answer::now(Ok(value!({ inner: inner })))
            }
            "streamed" => {
                let double = |call: Call| async move { Ok(call.arg::<f64>(0)? * 2.0) };
                let double = RpcStub::function(call.here(), double);
                let body = ReadableStream::from("bytes");
                Answer::now(Ok(value!({ double: double, body: body })))
            }
            "elsewhere" => Answer::now(Ok(self.elsewhere.clone().expect("it is known"))),
            "throws" => Answer::now(Err::<Value, _>(JsError::new("RangeError", "no"))),
            "panics" => panic!("it does"),
            "later" => Answer::later(self.later(call)),
            "gated" => Answer::later(self.gated(call)),
            "soon" => Answer::later(async move { Ok(self.stub(call.here(), "soon")) }),
            "polls" => {
                let other = self.other.borrow_mut().take();
                Answer::now(Ok(other.is_some_and(|other| poll_once(&mut pin!(other)).is_ready())))
            }
            _ => Answer::now(Ok(())),
        }
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        Answer::Missing
    }

    fn dispose(&self) {
        self.note("disposed");
    }
}

fn poll_once(promise: &mut Pin<&mut RpcPromise>) -> Poll<Result<Value, JsError>> {
    let polled = promise.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    polled.map(|came| came.map(Value::from))
}

/// A vat with a recorder.
struct Scene {
    vat: Rc<Vat>,
    stub: Option<RpcStub>,
    recorder: Recorder,
}

impl Scene {
    fn new() -> Self {
        let vat = Rc::new(Vat::local());
        play(&[&vat]);
        let (heard, other, gate) = (Heard::default(), Rc::default(), Rc::default());
        let recorder = Recorder { name: "svc", heard, other, elsewhere: None, gate };
        let stub = Some(RpcStub::new(vat.here(), recorder.clone()));
        Self { vat, stub, recorder }
    }

    fn call(&self, name: &str) -> RpcPromise {
        self.stub.as_ref().expect("it is not over").call(name, Args::new())
    }

    /// What was heard since it was asked before.
    #[track_caller]
    fn heard(&self, expected: &[&str]) {
        assert_eq!(self.recorder.heard.take(), expected);
    }

    /// The end: every object is disposed of once, and nothing is left.
    #[track_caller]
    fn over(mut self, expected: &[&str]) {
        self.stub = None;
        settle();
        self.heard(expected);
        self.vat.here().with(|graph| {
            assert_eq!(graph.check(), Ok(()));
            let stats = graph.stats();
            // What stands in for the result of a call nobody looks at stays with the vat.
            assert!(stats.nodes <= 1 && stats.calls == 0, "{}", graph.dump());
        });
    }
}

fn call(promise: &RpcPromise, name: &str) -> RpcPromise {
    promise.call(name, Args::new())
}

#[test]
fn calls_are_heard_in_the_order_they_were_made_whichever_is_awaited_first() {
    let scene = Scene::new();
    let (one, two, three) = (scene.call("one"), scene.call("two"), scene.call("three"));
    run(two).expect("it is answered");
    scene.heard(&["svc one", "svc two", "svc three"]);
    run(one).expect("it was answered before");
    run(three).expect("it was answered meanwhile");
    scene.over(&["svc disposed"]);
}

#[test]
fn a_call_that_takes_a_stub_along_keeps_its_place_among_those_that_do_not() {
    let scene = Scene::new();
    let stub = scene.stub.as_ref().expect("it is there");
    let one = scene.call("one");
    let two = stub.call("two", args![Value::from(stub)]);
    let (three, four) = (scene.call("three"), scene.call("four"));
    run(four).expect("it is answered");
    scene.heard(&["svc one", "svc two", "svc three", "svc four"]);
    for promise in [three, two, one] {
        run(promise).expect("it was answered");
    }
    scene.over(&["svc disposed"]);
}

#[test]
fn calls_nobody_awaits_are_made_by_the_next_turn() {
    let scene = Scene::new();
    let kept = scene.call("kept");
    scene.call("detached").detach();
    drop(scene.call("dropped"));
    settle();
    scene.heard(&["svc kept", "svc detached"]);
    run(kept).expect("it was answered");
    scene.over(&["svc disposed"]);
}

#[test]
fn a_dropped_promise_is_asked_for_if_others_go_on_from_it() {
    let scene = Scene::new();
    let next = scene.call("next");
    let number = call(&next, "number");
    drop(next);
    assert_eq!(run(number).expect("it is answered").as_f64(), Some(7.0));
    settle();
    scene.heard(&["svc next", "next number", "next disposed"]);
    drop(call(&scene.call("next"), "number"));
    scene.over(&["svc disposed"]);
}

#[test]
fn what_others_go_on_from_can_be_awaited_after_them() {
    let scene = Scene::new();
    let next = scene.call("next");
    let number = call(&next, "number");
    assert_eq!(run(number).expect("it is answered").as_f64(), Some(7.0));
    let stub = run(next).expect("it was answered").stub().expect("it is a stub");
    settle();
    run(stub.call("again", Args::new())).expect("it is still good");
    scene.heard(&["svc next", "next number", "next again"]);
    drop(stub);
    scene.over(&["next disposed", "svc disposed"]);
}

#[test]
fn what_goes_on_from_an_error_fails_with_it_and_asks_nobody() {
    let scene = Scene::new();
    for method in ["throws", "panics"] {
        let first = scene.call(method);
        let second = call(&first, "number");
        let third = call(&second, "number");
        let [third, second, first] =
            [third, second, first].map(|it| run(it).expect_err("it fails").to_string());
        assert_eq!([&third, &second], [&first; 2]);
        assert!(["RangeError: no", "Error: the object panicked"].contains(&&*first), "{first}");
        scene.heard(&[&format!("svc {method}")]);
    }
    scene.over(&["svc disposed"]);
}

#[test]
fn an_object_that_takes_its_time_holds_up_what_goes_on_from_it_and_nothing_else() {
    let scene = Scene::new();
    let late = scene.call("later");
    let number = call(&late, "number");
    let other = scene.call("other");
    run(number).expect("it is answered");
    scene.heard(&["svc later", "svc other", "svc is done", "late number"]);
    run(other).expect("it was answered");
    run(late).expect("it was answered");
    scene.over(&["late disposed", "svc disposed"]);
}

#[test]
fn what_a_future_brings_the_first_time_it_is_polled_is_gone_on_from() {
    let scene = Scene::new();
    let soon = scene.call("soon");
    let (number, other) = (call(&soon, "number"), scene.call("other"));
    assert_eq!(run(number).expect("it is answered").as_f64(), Some(7.0));
    for promise in [soon, other] {
        run(promise).expect("it was answered");
    }
    let number = call(&call(&scene.call("soon"), "soon"), "number");
    assert_eq!(run(number).expect("it is answered").as_f64(), Some(7.0));
    let mut heard = scene.recorder.heard.take();
    heard.retain(|what| !what.ends_with("disposed"));
    let before = ["svc soon", "svc other", "soon number"];
    assert_eq!(heard[..1], before[..1]);
    assert_eq!(heard[3..], ["svc soon", "soon soon", "soon number"]);
}

#[test]
fn properties_of_what_will_come_are_gone_on_from() {
    let scene = Scene::new();
    let object = scene.call("object");
    let number = object.get("inner").call("number", Args::new());
    assert_eq!(run(number).expect("it is answered").as_f64(), Some(7.0));
    let missing = call(&object, "missing");
    let why = run(missing).expect_err("there is none").to_string();
    assert!(why.contains("does not implement the method \"missing\""), "{why}");
    run(object).expect("it was answered");
    settle();
    scene.heard(&["svc object", "inner number", "inner disposed"]);
    let why = run(call(&scene.call("number"), "round")).expect_err("it is a number").to_string();
    assert!(why.contains("does not implement the method \"round\""), "{why}");
    scene.heard(&["svc number"]);
    scene.over(&["svc disposed"]);
}

#[test]
fn a_function_that_comes_with_a_stream_is_called_before_it_came() {
    let scene = Scene::new();
    let streamed = scene.call("streamed");
    let doubled = streamed.call("double", args![21]);
    assert_eq!(run(doubled).expect("it is answered").as_f64(), Some(42.0));
    run(streamed).expect("it was answered");
    scene.heard(&["svc streamed"]);
    scene.over(&["svc disposed"]);
}

#[test]
fn a_call_awaited_by_the_object_before_it_is_answered_there() {
    let scene = Scene::new();
    let (polls, one, two) = (scene.call("polls"), scene.call("one"), scene.call("two"));
    scene.recorder.other.replace(Some(one));
    assert_eq!(run(polls).expect("it is answered").as_bool(), Some(true));
    scene.heard(&["svc polls", "svc one", "svc two"]);
    run(two).expect("it was answered");
    scene.over(&["svc disposed"]);
}

#[test]
fn an_object_that_awaits_its_own_answer_has_none() {
    let scene = Scene::new();
    let (own, next) = (scene.call("polls"), scene.call("one"));
    scene.recorder.other.replace(Some(own));
    run(next).expect("it is answered");
    scene.heard(&["svc polls", "svc one"]);
    scene.over(&["svc disposed"]);
}

#[test]
fn a_chain_leads_into_another_vat() {
    let mut scene = Scene::new();
    let far = Rc::new(Vat::local());
    play(&[&scene.vat, &far]);
    scene.recorder.elsewhere = Some(scene.recorder.stub(far.here(), "far"));
    scene.stub = Some(RpcStub::new(scene.vat.here(), scene.recorder.clone()));
    settle();
    scene.heard(&["svc disposed"]);
    let number = call(&call(&scene.call("elsewhere"), "next"), "number");
    let one = scene.call("one");
    assert_eq!(run(number).expect("it is answered").as_f64(), Some(7.0));
    run(one).expect("it is answered");
    settle();
    let mut heard = scene.recorder.heard.take();
    // What is of two vats has no order but that of each.
    heard.sort();
    let of_far = ["far disposed", "far next"];
    let expected = [&of_far[..], &["next disposed", "next number", "svc elsewhere", "svc one"]];
    assert_eq!(heard, expected.concat(), "the handle that was returned was given away");
    scene.recorder.elsewhere = None;
    scene.stub = None;
    settle();
    scene.heard(&["svc disposed"]);
}

#[test]
fn a_call_of_a_vat_that_ends_before_it_fails() {
    let Scene { vat, stub, recorder } = Scene::new();
    let stub = stub.expect("it is there");
    let promise = stub.call("next", Args::new());
    let number = call(&promise, "number");
    play(&[]);
    drop(vat);
    run(promise).expect_err("the vat is gone");
    run(number).expect_err("the vat is gone");
    assert_eq!(recorder.heard.take(), ["svc disposed"]);
}

#[test]
fn an_object_that_only_a_call_had_is_disposed_though_the_vat_ends_before_its_next_turn() {
    let mut scene = Scene::new();
    // With a driver, promises that are polled leave what they can to it.
    let driver = scene.vat.timeless_driver();
    let promise = scene.call("number");
    scene.stub = None;
    assert!(poll_once(&mut pin!(promise)).is_ready());
    scene.heard(&["svc number"]);
    play(&[]);
    drop(driver);
    let Scene { vat, recorder, .. } = scene;
    drop(vat);
    assert_eq!(recorder.heard.take(), ["svc disposed"]);
}

#[test]
fn a_call_that_enters_late_finds_its_object_though_its_last_stub_was_dropped() {
    let mut scene = Scene::new();
    let driver = scene.vat.timeless_driver();
    let other = scene.recorder.stub(scene.vat.here(), "other");
    let (open, gate) = oneshot::channel();
    scene.recorder.gate.replace(Some(gate));
    let mut in_graph = Box::pin(other.call("gated", Args::new()));
    assert!(poll_once(&mut in_graph.as_mut()).is_pending());
    scene.heard(&["other gated"]);
    let promise = scene.call("number");
    scene.stub = None;
    // It gives back what was dropped, and then has what waits in the lobby enter.
    assert!(poll_once(&mut in_graph.as_mut()).is_pending());
    scene.heard(&["svc number", "svc disposed"]);
    drop(driver);
    run(promise).expect("it was answered");
    open.send(()).expect("it is waited for");
    run(in_graph).expect("it is answered");
    drop(other);
    scene.over(&["other is done", "late disposed", "other disposed"]);
}

/// Has `away` run on another thread while the vat of the scene takes turns.
fn beside<R: Send + 'static>(scene: &Scene, away: impl FnOnce() -> R + Send + 'static) -> R {
    let thread = std::thread::spawn(away);
    let begun = Instant::now();
    while !thread.is_finished() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the other thread waits for ever");
        let _ = scene.vat.turn(Instant::now());
        std::thread::yield_now();
    }
    thread.join().expect("it does not panic")
}

fn wait(promise: RpcPromise) -> Result<Value, JsError> {
    futures::executor::block_on(promise).map(Value::from)
}

#[test]
fn a_promise_that_goes_to_another_thread_is_awaited_gone_on_from_and_dropped_there() {
    let scene = Scene::new();
    let next = scene.call("next");
    let number = beside(&scene, move || {
        let number = call(&next, "number");
        let came = wait(next).expect("it is answered");
        assert!(RpcStub::from_value(&came).is_ok());
        wait(number)
    });
    assert_eq!(number.expect("it is answered").as_f64(), Some(7.0));
    settle();
    scene.heard(&["svc next", "next number", "next disposed"]);

    // It was answered here already when it leaves.
    let (next, one) = (scene.call("next"), scene.call("one"));
    run(one).expect("it is answered");
    let number = beside(&scene, move || wait(call(&next, "number")));
    assert_eq!(number.expect("it is answered").as_f64(), Some(7.0));
    settle();
    scene.heard(&["svc next", "svc one", "next number", "next disposed"]);

    // It is in the graph, and was answered there.
    let next = scene.call("next");
    settle();
    let number = beside(&scene, move || wait(call(&next, "number")));
    assert_eq!(number.expect("it is answered").as_f64(), Some(7.0));
    settle();
    scene.heard(&["svc next", "next number", "next disposed"]);

    let (dropped, detached) = (scene.call("dropped"), scene.call("detached"));
    std::thread::spawn(move || {
        drop(dropped);
        detached.detach();
    })
    .join()
    .expect("it does not panic");
    settle();
    scene.heard(&["svc detached"]);
    scene.over(&["svc disposed"]);
}
