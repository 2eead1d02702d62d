//! Rules of calls beside those of `calls`, `disposal` and `visibility`: whatever is called is named so by who is called.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use bowline::runtime::Local;
use bowline::worker::stream::ReadableStream;
use bowline::worker::value::{CloneError, External, ExternalKind, Value, View, value};
use bowline::worker::{
    AbortController, Answer, Args, Call, Ctx, JsError, RpcStub, RpcTarget, Worker, args,
};

use crate::cast::{Counter, Log, Stage, everywhere, failed, got, number, run, settle};
use crate::resource::Dummy;

everywhere! {
    rule_3_a_property_nobody_awaits_is_not_asked_for,
    rule_7_a_method_takes_any_number_of_arguments,
    rule_8_calls_that_carry_streams_and_signals_keep_their_place,
    rule_8_calls_on_a_promise_keep_their_order_while_it_resolves,
    rule_10_get_put_and_delete_are_ordinary_names,
    rule_12_a_service_in_a_result_is_called_before_it_is_there,
    rule_38_names_of_handlers_are_ordinary_ones_of_a_target,
    rule_42_a_list_is_disposed_with_the_stubs_in_it,
    rule_42_a_result_that_is_a_stub_is_disposed_directly,
    rule_45_duplicates_of_one_stub_are_disposed_once,
    rule_62_the_stack_of_the_other_side_stays_there,
    rule_63_an_error_says_whether_it_was_thrown_there,
    rule_64_causes_own_properties_and_several_errors_arrive,
    rule_65_a_thrown_object_is_an_error_and_let_go,
    rule_66_what_cannot_be_sent_is_a_data_clone_error_of_whoever_sends_it,
}

const DISPOSED: &str = "Error: RPC stub used after being disposed.";

thread_local! {
    /// How often `late` was read.
    static READS: Cell<u32> = const { Cell::new(0) };
}

/// Whatever is called says its name.
struct Parrot;

impl RpcTarget for Parrot {
    fn method(self: Rc<Self>, name: &str, _: Call) -> Answer {
        Answer::now(Ok(name))
    }

    fn getter(self: Rc<Self>, name: &str, _: &Local) -> Answer {
        if name != "late" {
            return Answer::Missing;
        }
        READS.set(READS.get() + 1);
        Answer::later(async {
            let mut waited = false;
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            Ok("read")
        })
    }
}

/// What cannot be cloned.
pub(crate) fn uncloneable() -> Value {
    let refusal = Some(CloneError::unsupported("WeakMap"));
    Value::external(External::new(Dummy { kind: ExternalKind::Refused, refusal }))
}

/// What the service does in these tests.
pub(crate) fn method(name: &str, call: Call) -> Answer {
    match name {
        "parrot" => Answer::now(Ok(RpcStub::new(call.here(), Parrot))),
        "bound" => {
            let worker = Worker::new("parrot").entrypoint("default", |_: Ctx| Parrot);
            let service = worker.service("default").expect("it was just added");
            Answer::now(Ok(value!({ parrot: (service.stub(call.here())) })))
        }
        "countArguments" => Answer::now(Ok(call.args().len() as f64)),
        "counters" => {
            let log = Log::default();
            let counter = |count| Value::from(Counter::stub(call.here(), count, &log));
            Answer::now(Ok(Value::array([counter(1.0), counter(2.0)])))
        }
        "fail" => Answer::Now(Err(JsError::thrown(call.args().get(0).clone()))),
        "giveWhatCannotBeSent" => Answer::now(Ok(uncloneable())),
        _ => Answer::Missing,
    }
}

fn parrot(stage: &Stage) -> RpcStub {
    got(stage.svc().call("parrot", args![])).stub().expect("a stub")
}

fn rule_3_a_property_nobody_awaits_is_not_asked_for(stage: &Stage) {
    let parrot = parrot(stage);
    READS.set(0);
    let property = parrot.get("late");
    settle();
    assert_eq!(READS.get(), 0);
    assert_eq!(*run(&property).expect("it reads"), Value::from("read"));
    assert_eq!(READS.get(), 1);
}

fn rule_7_a_method_takes_any_number_of_arguments(stage: &Stage) {
    for count in [0, 1, 3, 300] {
        let args: Args = (0..count).map(f64::from).collect();
        assert_eq!(number(stage.svc().call("countArguments", args)), f64::from(count));
    }
}

fn rule_8_calls_that_carry_streams_and_signals_keep_their_place(stage: &Stage) {
    let counter = got(stage.svc().call("makeCounter", args![0])).stub().expect("a stub");
    let controller = AbortController::new();
    let calls: Vec<_> = (0..30)
        .map(|at| match at % 3 {
            0 => counter.call("increment", args![1]),
            1 => counter.call("increment", args![1, ReadableStream::from("along")]),
            _ => counter.call("increment", args![1, controller.signal()]),
        })
        .collect();
    for (at, call) in calls.into_iter().enumerate().rev() {
        assert_eq!(number(call), at as f64 + 1.0);
    }
    drop(controller);
    settle();
}

fn rule_8_calls_on_a_promise_keep_their_order_while_it_resolves(stage: &Stage) {
    let mut counter = stage.svc().call("makeCounter", args![0]);
    let mut calls: Vec<_> = (0..5).map(|_| counter.call("increment", args![])).collect();
    let resolved = got_from(&mut counter);
    calls.extend((0..5).map(|_| counter.call("increment", args![])));
    calls.extend((0..5).map(|_| resolved.call("increment", args![])));
    for (at, call) in calls.into_iter().enumerate().rev() {
        assert_eq!(number(call), at as f64 + 1.0);
    }
}

fn got_from(promise: &mut bowline::worker::RpcPromise) -> RpcStub {
    run(promise).expect("it returns").stub().expect("a stub")
}

fn rule_10_get_put_and_delete_are_ordinary_names(stage: &Stage) {
    let parrot = parrot(stage);
    for name in ["get", "put", "delete", "call", "apply", "bind"] {
        assert_eq!(*got(parrot.call(name, args![])), Value::from(name));
    }
}

fn rule_12_a_service_in_a_result_is_called_before_it_is_there(stage: &Stage) {
    let bound = stage.svc().call("bound", args![]);
    assert_eq!(*got(bound.get("parrot").call("hello", args![])), Value::from("hello"));
}

fn rule_38_names_of_handlers_are_ordinary_ones_of_a_target(stage: &Stage) {
    let parrot = parrot(stage);
    for name in
        ["fetch", "connect", "alarm", "webSocketMessage", "webSocketClose", "webSocketError"]
    {
        assert_eq!(*got(parrot.call(name, args![])), Value::from(name));
    }
}

fn rule_42_a_list_is_disposed_with_the_stubs_in_it(stage: &Stage) {
    let list = got(stage.svc().call("counters", args![]));
    let at = |index| RpcStub::from_value(&list.at(index).expect("there are two").to_value());
    let counters = [at(0).expect("a stub"), at(1).expect("a stub")];
    assert_eq!(number(counters[1].call("increment", args![])), 3.0);
    list.dispose();
    for counter in counters {
        assert_eq!(failed(counter.call("increment", args![])).to_string(), DISPOSED);
    }
    // There is nothing of a number to dispose.
    let sum = got(stage.svc().call("add", args![1, 2]));
    sum.dispose();
    assert_eq!(sum.as_f64(), Some(3.0));
}

fn rule_42_a_result_that_is_a_stub_is_disposed_directly(stage: &Stage) {
    let result = got(stage.svc().call("makeCounter", args![1]));
    let counter = result.stub().expect("a stub");
    counter.dispose();
    settle();
    assert_eq!(stage.log.all(), ["Counter disposed"]);
    assert!(result.stub().expect("the same stub").is_disposed());
}

fn rule_45_duplicates_of_one_stub_are_disposed_once(stage: &Stage) {
    let log = Log::default();
    let counter = Counter::stub(stage.here(), 0.0, &log);
    let dup = || counter.dup().expect("it is live");
    let back = got(stage.svc().call("echo", args![value!([(dup()), (dup())])]));
    let one = RpcStub::from_value(&back.at(0).expect("there are two").to_value());
    assert_eq!(number(one.expect("a stub").call("increment", args![])), 1.0);
    back.dispose();
    drop(back);
    settle();
    assert_eq!(number(counter.call("increment", args![])), 2.0);
    assert!(log.all().is_empty());
    drop(counter);
    settle();
    assert_eq!(log.all(), ["Counter disposed"]);
}

fn rule_62_the_stack_of_the_other_side_stays_there(stage: &Stage) {
    let thrown = Value::error("RangeError", "too far", [("stack", "RangeError\n at secret.js:1")]);
    let error = failed(stage.svc().call("fail", args![thrown]));
    assert_eq!((&*error.name(), &*error.message()), ("RangeError", "too far"));
    assert!(error.property("stack").is_none(), "{error}");
}

fn rule_63_an_error_says_whether_it_was_thrown_there(stage: &Stage) {
    let error = failed(stage.svc().call("fail", args![Value::error("Error", "no", NONE)]));
    assert!(error.is_remote() && !error.is_retryable() && !error.is_overloaded());
    let parrot = parrot(stage);
    parrot.dispose();
    assert!(!failed(parrot.call("hello", args![])).is_remote());
}

/// No properties.
const NONE: [(&str, Value); 0] = [];

fn rule_64_causes_own_properties_and_several_errors_arrive(stage: &Stage) {
    let cause = Value::error("RangeError", "inner", [("depth", 2)]);
    let errors = Value::array([Value::error("TypeError", "first", NONE), Value::from("second")]);
    let all: [(&str, Value); 3] =
        [("cause", cause.clone()), ("code", Value::from(42)), ("errors", errors.clone())];
    let thrown = Value::error("AggregateError", "several", all);
    let error = failed(stage.svc().call("fail", args![thrown]));
    assert_eq!((&*error.name(), &*error.message()), ("AggregateError", "several"));
    assert_eq!(error.cause().map(|cause| cause.to_value()), Some(cause));
    assert_eq!(error.property("errors").map(|errors| errors.to_value()), Some(errors));
    assert_eq!(error.property("code").and_then(View::as_f64), Some(42.0));
}

fn rule_65_a_thrown_object_is_an_error_and_let_go(stage: &Stage) {
    let log = Log::default();
    let error = failed(stage.svc().call("fail", args![Counter::stub(stage.here(), 0.0, &log)]));
    assert_eq!(&*error.name(), "Error");
    assert!(error.is_remote() && RpcStub::from_value(error.value()).is_err());
    settle();
    assert_eq!(log.all(), ["Counter disposed"]);
}

fn rule_66_what_cannot_be_sent_is_a_data_clone_error_of_whoever_sends_it(stage: &Stage) {
    let svc = stage.svc();
    let says = "DataCloneError: Could not serialize object of type \"WeakMap\". \
                This type does not support serialization.";
    let error = failed(svc.call("echo", args![value!({ a: [(uncloneable())] })]));
    assert_eq!((error.to_string().as_str(), error.is_remote()), (says, false));
    let error = failed(svc.call("giveWhatCannotBeSent", args![]));
    assert_eq!((error.to_string().as_str(), error.is_remote()), (says, true));
    assert_eq!(number(svc.call("add", args![1, 2])), 3.0);
}
