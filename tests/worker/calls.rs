//! Calls within a vat, by the rules of Workers RPC.

use bowline::worker::value::{Value, View, value};
use bowline::worker::{Args, Call, Function, JsError, RpcStub, args};

use crate::cast::{Counter, Log, Stage, everywhere, failed, got, number, run, settle};

everywhere! {
    rule_2_a_call_returns_what_the_method_returned,
    rule_3_a_property_is_read_when_awaited_and_called_when_called,
    rule_5_an_unknown_name_is_a_type_error_that_names_it,
    rule_6_what_is_no_function_cannot_be_called,
    rule_8_calls_arrive_in_the_order_they_were_made_whichever_is_awaited_first,
    rule_9_a_method_may_be_torn_off,
    rule_12_a_result_is_called_before_it_is_there,
    rule_13_what_is_pipelined_on_a_failure_fails_likewise,
    rule_14_a_promise_that_is_passed_on_is_pipelined_on_in_order,
    rule_15_nothing_is_pipelined_on_what_has_no_properties,
    rule_16_a_result_that_is_there_can_still_be_pipelined_on,
    rule_17_a_promise_that_is_returned_is_awaited,
    rule_18_a_path_is_64_names_long_at_most,
    rule_25_plain_objects_can_be_wrapped_and_nothing_else,
    rule_27_what_is_too_large_is_not_sent_and_the_error_says_how_large,
    rule_34_own_properties_of_a_function_are_read,
    rule_36_dup_and_constructor_are_never_called,
    rules_62_to_65_an_error_arrives_with_all_that_is_its_own,
    rule_65_whatever_is_thrown_arrives_as_javascript_has_it,
    rule_66_a_result_that_cannot_be_sent_fails_the_call,
    a_panic_in_a_method_is_the_error_of_that_call,
    a_callback_is_called_while_the_call_runs,
}

const MISSING: &str = "The RPC receiver does not implement the method";

fn rule_2_a_call_returns_what_the_method_returned(stage: &Stage) {
    let svc = stage.svc();
    assert_eq!(number(svc.call("add", args![1, 2])), 3.0);
    let echoed = got(svc.call("echo", args![value!({ a: [1, "x", null] })]));
    assert_eq!(*echoed, value!({ a: [1, "x", null] }));
}

fn rule_3_a_property_is_read_when_awaited_and_called_when_called(stage: &Stage) {
    let svc = stage.svc();
    let property = svc.get("prop");
    assert_eq!(*run(property).expect("it reads"), value!({ hello: "world", n: 5 }));
    assert_eq!(run(svc.get("prop").get("n")).expect("it reads").as_f64(), Some(5.0));
    assert_eq!(number(svc.call("func", args![2])), 6.0);
    let error = failed(svc.get("throwing").read());
    assert_eq!((&*error.name(), &*error.message()), ("RangeError", "prop threw"));
}

fn rule_5_an_unknown_name_is_a_type_error_that_names_it(stage: &Stage) {
    let svc = stage.svc();
    for promise in
        [svc.call("nope", args![]), svc.get("nope").read(), svc.get("prop").call("nope", args![])]
    {
        let error = failed(promise);
        assert_eq!(error.to_string(), format!("TypeError: {MISSING} \"nope\"."));
        assert!(error.is_remote());
    }
}

fn rule_6_what_is_no_function_cannot_be_called(stage: &Stage) {
    let svc = stage.svc();
    let error = failed(svc.get("prop").call("hello", args![]));
    assert_eq!(error.to_string(), "TypeError: \"prop.hello\" is not a function.");
    let error = failed(svc.invoke(args![]));
    assert_eq!(error.to_string(), "TypeError: \"(this)\" is not a function.");
}

fn rule_8_calls_arrive_in_the_order_they_were_made_whichever_is_awaited_first(stage: &Stage) {
    let counter = Counter::stub(stage.here(), 0.0, &Log::default());
    let promises: Vec<_> = (0..100).map(|_| counter.call("increment", args![])).collect();
    for (at, promise) in promises.into_iter().enumerate().rev() {
        assert_eq!(number(promise), at as f64 + 1.0);
    }
}

fn rule_9_a_method_may_be_torn_off(stage: &Stage) {
    let svc = stage.svc();
    let add = got(svc.get("add").read()).stub().expect("a function");
    assert_eq!(number(add.invoke(args![20, 22])), 42.0);
}

fn rule_12_a_result_is_called_before_it_is_there(stage: &Stage) {
    let svc = stage.svc();
    assert_eq!(number(svc.call("makeCounter", args![10]).call("increment", args![3])), 13.0);
    let deep =
        svc.call("makeCounter", args![1]).call("child", args![100]).call("child", args![200]);
    assert_eq!(number(deep.call("increment", args![1])), 201.0);
    let nested = svc.call("makeNested", args![]);
    assert_eq!(number(nested.get("a").get("b").get("c").call("increment", args![1])), 8.0);
    assert_eq!(number(nested.get("a").get("b").get("v").read()), 99.0);
    assert_eq!(number(svc.call("makeFunc", args![7]).invoke(args![6])), 42.0);
}

fn rule_13_what_is_pipelined_on_a_failure_fails_likewise(stage: &Stage) {
    let svc = stage.svc();
    let error = failed(svc.call("throw", args![]).get("foo").call("bar", args![]));
    assert_eq!(error.to_string(), "MyError: my message");
}

fn rule_14_a_promise_that_is_passed_on_is_pipelined_on_in_order(stage: &Stage) {
    let svc = stage.svc();
    let make = svc.clone();
    let proxy = RpcStub::function(stage.here(), move |_| make.call("makeCounter", args![0]));
    let counter = proxy.invoke(args![]);
    let calls: Vec<_> = (0..10).map(|_| counter.call("increment", args![])).collect();
    for (at, call) in calls.into_iter().enumerate().rev() {
        assert_eq!(number(call), at as f64 + 1.0);
    }
}

fn rule_15_nothing_is_pipelined_on_what_has_no_properties(stage: &Stage) {
    let svc = stage.svc();
    for value in [Value::from(3), value!([1, 2]), Value::from("text"), Value::UNDEFINED] {
        let error = failed(svc.call("echo", args![value]).call("foo", args![]));
        assert_eq!(error.to_string(), format!("TypeError: {MISSING} \"foo\"."));
    }
}

fn rule_16_a_result_that_is_there_can_still_be_pipelined_on(stage: &Stage) {
    let svc = stage.svc();
    let mut nested = svc.call("makeNested", args![]);
    run(&mut nested).expect("it returns");
    assert_eq!(number(nested.get("a").get("b").get("c").call("increment", args![1])), 8.0);
    assert_eq!(number(nested.get("a").get("b").get("v").read()), 99.0);
    let mut sum = svc.call("add", args![1, 2]);
    run(&mut sum).expect("it returns");
    let error = failed(sum.call("foo", args![]));
    assert_eq!(
        error.to_string(),
        "TypeError: Can't pipeline on RPC that did not return an object."
    );
}

fn rule_17_a_promise_that_is_returned_is_awaited(stage: &Stage) {
    // Inside of a value there is no place for one: a value is made of values.
    let svc = stage.svc();
    let args = args![RpcStub::function(stage.here(), |_| async { Ok(5) })];
    assert_eq!(number(svc.call("callCb", args)), 5.0);
}

fn rule_18_a_path_is_64_names_long_at_most(stage: &Stage) {
    let svc = stage.svc();
    let path = |names: usize| (1..names).fold(svc.get("x"), |property, _| property.get("x"));
    assert_eq!(failed(path(64).read()).to_string(), format!("TypeError: {MISSING} \"x\"."));
    let error = failed(path(65).read());
    assert_eq!(error.to_string(), "TypeError: RPC pipelined property path is too deep (max 64).");
    assert!(!error.is_remote());
}

fn rule_25_plain_objects_can_be_wrapped_and_nothing_else(stage: &Stage) {
    let here = stage.here();
    let counter = Counter::stub(here, 1.0, &Log::default());
    let wrapped = RpcStub::wrap(here, value!({ counter: (&counter), n: 5 })).expect("it is plain");
    assert_eq!(number(wrapped.get("n").read()), 5.0);
    assert_eq!(number(wrapped.get("counter").call("increment", args![])), 2.0);
    for value in [value!([1]), Value::from(1), Value::date(0.0)] {
        let error = RpcStub::wrap(here, value).expect_err("it is not plain");
        assert_eq!(
            error.message(),
            "RpcStubs can only wrap plain objects, functions, and RpcTarget derivatives."
        );
    }
}

fn rule_27_what_is_too_large_is_not_sent_and_the_error_says_how_large(stage: &Stage) {
    let svc = stage.svc();
    let text = "x".repeat(33 << 20);
    let error = failed(svc.call("echo", args![text]));
    assert_eq!(
        error.to_string(),
        "Error: Serialized RPC arguments or return values are limited to 32MiB, \
         but the size of this value was: 34603020 bytes."
    );
    assert!(!error.is_remote());
}

fn rule_34_own_properties_of_a_function_are_read(stage: &Stage) {
    let function = Function::new(|_: Call| async { Ok::<_, JsError>(1) });
    let stub = RpcStub::new(stage.here(), function.with_properties(value!({ extra: "xtra" })));
    assert_eq!(number(stub.invoke(args![])), 1.0);
    assert_eq!(*got(stub.get("extra").read()), Value::from("xtra"));
    assert_eq!(
        failed(stub.get("other").read()).to_string(),
        format!("TypeError: {MISSING} \"other\".")
    );
}

fn rule_36_dup_and_constructor_are_never_called(stage: &Stage) {
    let svc = stage.svc();
    for name in ["dup", "constructor"] {
        let error = failed(svc.call(name, args![]));
        assert_eq!(
            error.to_string(),
            format!("TypeError: '{name}' is a reserved method and cannot be called over RPC.")
        );
    }
}

fn rules_62_to_65_an_error_arrives_with_all_that_is_its_own(stage: &Stage) {
    let svc = stage.svc();
    let error = failed(svc.call("throw", args![]));
    assert_eq!((&*error.name(), &*error.message()), ("MyError", "my message"));
    assert_eq!(error.property("code").and_then(|code| code.as_f64()), Some(42.0));
    assert!(error.is_remote() && !error.is_retryable());
}

fn rule_65_whatever_is_thrown_arrives_as_javascript_has_it(stage: &Stage) {
    let thrown = |value: JsError| {
        let function = RpcStub::function(stage.here(), move |_| {
            let value = value.clone();
            async move { Err::<(), _>(value) }
        });
        failed(stage.svc().call("callCb", args![function]))
    };
    let error = thrown(JsError::thrown("just a string".into()));
    assert_eq!(error.to_string(), "Error: just a string");
    let error = thrown(JsError::thrown(value!({ code: 17 })));
    assert_eq!(*error.value(), value!({ code: 17 }));
    let error = thrown(JsError::dom("AbortError", "stopped"));
    assert!(matches!(error.value().view(), View::DomException(_)) && error.name() == "AbortError");
    let error = thrown(JsError::new("OutOfInk", "none").with_property("cause", "ink"));
    assert_eq!((&*error.name(), &*error.message()), ("OutOfInk", "none"));
    assert_eq!(
        error.cause().and_then(|cause| cause.as_str()).map(|cause| cause == "ink"),
        Some(true)
    );
}

fn rule_66_a_result_that_cannot_be_sent_fails_the_call(stage: &Stage) {
    let svc = stage.svc();
    let error = failed(svc.call("makeLarge", args![33 << 20]));
    assert!(error.is_remote() && error.message().contains("limited to 32MiB"), "{error}");
    assert_eq!(number(svc.call("add", args![1, 2])), 3.0);
}

fn a_panic_in_a_method_is_the_error_of_that_call(stage: &Stage) {
    let svc = stage.svc();
    let error = failed(svc.call("panic", args![]));
    assert_eq!(error.message(), "the object panicked");
    assert_eq!(number(svc.call("add", args![1, 2])), 3.0);
}

fn a_callback_is_called_while_the_call_runs(stage: &Stage) {
    let svc = stage.svc();
    let shout = RpcStub::function(stage.here(), |call: Call| async move {
        Ok(format!("{}!", call.arg::<String>(0)?))
    });
    assert_eq!(*got(svc.call("callCb", args![&shout, "hey"])), Value::from("hey!"));
    let args = Args::new().with(Counter::stub(stage.here(), 5.0, &Log::default())).with(2);
    assert_eq!(number(svc.call("incr", args)), 7.0);
    settle();
}
