//! Objects that live and die without the graph, and what has them enter it.

use std::rc::Rc;

use bowline::runtime::{Local, Vat};
use bowline::worker::value::Value;
use bowline::worker::{Answer, Call, RpcStub, RpcTarget, args};

use crate::cast::{Counter, Log, failed, number, play, settle};

fn scene() -> (Rc<Vat>, Log) {
    let vat = Rc::new(Vat::local());
    play(&[&vat]);
    (vat, Log::default())
}

fn nodes(vat: &Vat) -> usize {
    vat.here().with(|graph| {
        assert_eq!(graph.check(), Ok(()));
        graph.stats().nodes
    })
}

fn elsewhere<R: Send + 'static>(away: impl FnOnce() -> R + Send + 'static) -> R {
    std::thread::spawn(away).join().expect("it does not panic")
}

#[test]
fn an_object_that_is_only_called_here_never_enters_the_graph() {
    let (vat, log) = scene();
    let stub = Counter::stub(vat.here(), 1.0, &log);
    assert_eq!(number(stub.call("increment", args![2])), 3.0);
    assert_eq!(number(stub.call("child", args![5]).call("increment", args![])), 6.0);
    assert_eq!(nodes(&vat), 0, "it lodges, and so does its child");
    drop(stub);
    settle();
    assert_eq!(log.count("Counter disposed"), 2);
}

#[test]
fn a_stub_that_is_returned_as_a_value_lodges_on() {
    let (vat, log) = scene();
    let stub = RpcStub::new(vat.here(), Maker(log.clone()));
    for name in ["stub", "value"] {
        let made = stub.call(name, args![]).call("increment", args![2]);
        assert_eq!(number(made), 3.0);
        settle();
        assert_eq!(nodes(&vat), 0, "returned as a {name}");
    }
    drop(stub);
    settle();
    assert_eq!(log.count("Counter disposed"), 2);
}

#[test]
fn a_capability_that_is_asked_for_is_the_same_object() {
    let (vat, log) = scene();
    let stub = Counter::stub(vat.here(), 1.0, &log);
    let before = stub.call("increment", args![10]);
    let client = stub.client().expect("it was not disposed");
    let by_client = RpcStub::from_client(client.clone());
    let after = by_client.call("increment", args![100]);
    let last = stub.call("increment", args![1000]);
    assert_eq!(number(last), 1111.0, "all came to it, in order");
    assert_eq!((number(before), number(after)), (11.0, 111.0));
    assert!(stub.client().expect("it was not disposed").is_same(&client), "it is made once");
    assert_eq!(nodes(&vat), 1);
    drop((stub, client));
    settle();
    assert_eq!(log.count("Counter disposed"), 0, "a handle is left");
    drop(by_client);
    settle();
    assert_eq!(log.count("Counter disposed"), 1);
    assert_eq!(nodes(&vat), 0);
}

#[test]
fn a_stub_dropped_on_another_thread_lets_its_object_go_on_its_own() {
    let (vat, log) = scene();
    let (dropped, disposed) =
        (Counter::stub(vat.here(), 1.0, &log), Counter::stub(vat.here(), 2.0, &log));
    let kept = disposed.clone();
    elsewhere(move || {
        drop(dropped);
        disposed.dispose();
    });
    assert_eq!(log.count("Counter disposed"), 0, "its thread has not looked yet");
    failed(kept.call("increment", args![]));
    settle();
    assert_eq!(log.count("Counter disposed"), 2);
    assert_eq!(nodes(&vat), 0);
}

#[test]
fn a_stub_first_used_on_another_thread_is_the_same_object() {
    let (vat, log) = scene();
    let stub = Counter::stub(vat.here(), 1.0, &log);
    let promise = elsewhere({
        let stub = stub.clone();
        move || stub.call("increment", args![10])
    });
    settle();
    assert_eq!(number(stub.call("increment", args![100])), 111.0, "the call before was made");
    assert_eq!(number(promise), 11.0);
    drop(stub);
    settle();
    assert_eq!(log.count("Counter disposed"), 1);
    assert_eq!(
        nodes(&vat),
        1,
        "what stands where a call from elsewhere may push streams stays with the vat"
    );
}

#[test]
fn objects_are_disposed_of_in_the_order_they_were_let_go() {
    let (vat, log) = scene();
    let named = |name| RpcStub::new(vat.here(), Named(name, log.clone()));
    let (lodger, hosted, other) = (named("lodger"), named("hosted"), named("other"));
    drop(hosted.client().expect("it was not disposed"));
    [lodger, hosted, other].into_iter().for_each(drop);
    settle();
    assert_eq!(log.all(), ["lodger", "hosted", "other"]);
    assert_eq!(nodes(&vat), 0);
}

#[test]
fn a_stub_outlives_its_vat() {
    let (vat, log) = scene();
    let [called, asked, dropped] =
        [1.0, 2.0, 3.0].map(|count| Counter::stub(vat.here(), count, &log));
    play(&[]);
    let here = vat.here().clone();
    drop(vat);
    assert_eq!(log.count("Counter disposed"), 3, "the vat takes its objects along");
    let why = failed(called.call("increment", args![]));
    assert_eq!(why.message(), "Network connection lost.");
    assert!(asked.client().is_ok_and(|client| client.mailbox().is_closed()));
    drop(dropped);
    let late = Counter::stub(&here, 4.0, &log);
    assert_eq!(log.count("Counter disposed"), 4, "nobody could ever dispose of it");
    assert_eq!(failed(late.call("increment", args![])).message(), "Network connection lost.");
}

/// Makes counters.
struct Maker(Log);

impl RpcTarget for Maker {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        let made = Counter::stub(call.here(), 1.0, &self.0);
        match name {
            "stub" => Answer::now(Ok(made)),
            _ => Answer::now(Ok(Value::from(made))),
        }
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        Answer::Missing
    }
}

/// Says its name when it is disposed.
struct Named(&'static str, Log);

impl RpcTarget for Named {
    fn method(self: Rc<Self>, _: &str, _: Call) -> Answer {
        Answer::Missing
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        Answer::Missing
    }

    fn dispose(&self) {
        self.1.note(self.0);
    }
}
