//! What of an object can be reached, and what not.

use std::rc::Rc;

use bowline::runtime::Local;
use bowline::worker::value::{Value, value};
use bowline::worker::{Answer, Call, Function, JsError, RpcPromise, RpcStub, RpcTarget, args};

use crate::cast::{Counter, Stage, everywhere, failed, got, number};

everywhere! {
    rule_19_map_and_on_rpc_broken_are_ordinary_names,
    rule_24_functions_of_a_plain_object_become_stubs_and_the_rest_goes_by_value,
    rules_29_and_30_only_what_an_object_names_is_reached,
    rule_31_a_name_with_an_underscore_is_a_name,
    rule_33_nothing_inherited_is_reached,
    rule_35_a_path_goes_through_objects_targets_functions_and_stubs_and_nothing_else,
}

#[track_caller]
fn is_missing(promise: RpcPromise, name: &str) {
    assert_eq!(
        failed(promise).to_string(),
        format!("TypeError: The RPC receiver does not implement the method \"{name}\".")
    );
}

/// What the service makes of what is passed: the callee reads it back.
fn there_and_back(stage: &Stage, value: Value) -> RpcPromise {
    stage.svc().call("echo", args![value])
}

fn rule_19_map_and_on_rpc_broken_are_ordinary_names(stage: &Stage) {
    let object = value!({ map: "a map", onRpcBroken: 7 });
    let promise = there_and_back(stage, object);
    assert_eq!(*got(promise.get("map").read()), Value::from("a map"));
    assert_eq!(number(promise.get("onRpcBroken").read()), 7.0);
    is_missing(stage.svc().call("map", args![]), "map");
}

fn rule_24_functions_of_a_plain_object_become_stubs_and_the_rest_goes_by_value(stage: &Stage) {
    let double = |_: &Stage| {
        RpcStub::function(stage.here(), |call: Call| async move { Ok(2.0 * call.arg::<f64>(0)?) })
    };
    let object = value!({ one: (double(stage)), other: (double(stage)), n: 5 });
    let back = got(there_and_back(stage, object));
    let part = |name| back.get(name).expect("it is there").to_value();
    assert!(!part("one").same(&part("other")));
    for name in ["one", "other"] {
        let function = RpcStub::from_value(&part(name)).expect("a function");
        assert_eq!(number(function.invoke(args![21])), 42.0);
    }
    assert_eq!(part("n").as_f64(), Some(5.0));
}

fn rules_29_and_30_only_what_an_object_names_is_reached(stage: &Stage) {
    let counter = got(stage.svc().call("makeCounter", args![1])).stub().expect("a stub");
    assert_eq!(number(counter.get("value").read()), 1.0);
    // Fields of the Rust type, and what a class of JavaScript would have.
    for name in ["count", "log", "#count", "prototype", "length", "name", "dispose"] {
        is_missing(counter.get(name).read(), name);
        is_missing(counter.call(name, args![]), name);
    }
}

/// Names a compiler of TypeScript would call private.
struct Underscored;

impl RpcTarget for Underscored {
    fn method(self: Rc<Self>, name: &str, _: Call) -> Answer {
        if name == "_hidden" { Answer::now(Ok(1)) } else { Answer::Missing }
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        Answer::Missing
    }
}

fn rule_31_a_name_with_an_underscore_is_a_name(stage: &Stage) {
    let stub = RpcStub::new(stage.here(), Underscored);
    let echoed = got(there_and_back(stage, stub.into())).stub().expect("a stub");
    assert_eq!(number(echoed.call("_hidden", args![])), 1.0);
}

fn rule_33_nothing_inherited_is_reached(stage: &Stage) {
    let counter = stage.svc().call("makeCounter", args![1]);
    let object = there_and_back(stage, value!({ a: 1 }));
    for name in ["toString", "hasOwnProperty", "__proto__", "valueOf", "then"] {
        is_missing(counter.get(name).read(), name);
        is_missing(object.get(name).read(), name);
        is_missing(stage.svc().get(name).read(), name);
    }
}

fn rule_35_a_path_goes_through_objects_targets_functions_and_stubs_and_nothing_else(stage: &Stage) {
    let here = stage.here();
    let counter = Counter::stub(here, 1.0, &stage.log);
    let inner =
        value!({ deep: { counter: (&counter) }, list: [1, 2], map: (Value::map([("k", 1)])) });
    let wrapped = RpcStub::wrap(here, inner).expect("it is plain");
    let function = Function::new(|_: Call| async { Ok::<_, JsError>(()) });
    let function = RpcStub::new(here, function.with_properties(value!({ own: (&wrapped), n: 3 })));
    let all = there_and_back(stage, value!({ f: (&function), date: (Value::date(0.0)) }));
    let own = all.get("f").get("own");
    assert_eq!(number(own.get("deep").get("counter").call("increment", args![])), 2.0);
    assert_eq!(number(own.get("deep").get("counter").get("value").read()), 2.0);
    assert_eq!(number(all.get("f").get("n").read()), 3.0);
    is_missing(own.get("list").get("length").read(), "list");
    is_missing(own.get("map").get("size").read(), "map");
    is_missing(all.get("date").get("getTime").read(), "date");
    is_missing(all.get("f").get("n").get("toFixed").read(), "n");
}
