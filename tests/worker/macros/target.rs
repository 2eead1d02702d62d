//! `#[rpc_target]`.

use bowline::worker::value::{Value, value};
use bowline::worker::{RpcPromise, args};
use bytes::Bytes;

use super::scene::{Office, desk, office, settle};
use crate::cast::{failed, got, number, run};

fn message(promise: RpcPromise) -> String {
    failed(promise).to_string()
}

#[test]
fn methods_are_called_by_their_names_in_javascript() {
    let (_vat, office, log) = office();
    assert_eq!(number(office.call("add", args![1, 2])), 3.0);
    assert_eq!(number(office.call("laterRoot", args![9])), 3.0);
    assert_eq!(number(office.call("type", args![])), 1.0);
    assert_eq!(number(office.call("odd name!", args![])), 2.0);
    assert_eq!(*got(office.call("name", args![])), Value::from("office"));
    assert_eq!(*got(office.call("nothing", args![])), Value::UNDEFINED);
    assert_eq!(log.all(), ["nothing"]);
    assert_eq!(Office::default().secret::<u8>(), 0);
}

#[test]
fn rules_30_and_33_methods_and_getters_are_reached_and_nothing_else() {
    let (_vat, office, _) = office();
    for name in [
        "later_root",
        "odd",
        "secret",
        "neverCompiled",
        "new",
        "STEP",
        "log",
        "kept_",
        "dispose",
        "toString",
        "hasOwnProperty",
        "__proto__",
        "RpcTarget",
        "",
    ] {
        let missing =
            format!("TypeError: The RPC receiver does not implement the method \"{name}\".");
        assert_eq!(message(office.call(name, args![])), missing);
        assert_eq!(message(office.get(name).read()), missing);
    }
}

#[test]
fn rule_31_names_that_begin_with_an_underscore_are_visible() {
    let (_vat, office, _) = office();
    assert_eq!(number(office.call("_privateName", args![])), 3.0);
}

#[test]
fn rule_7_a_method_takes_any_number_of_arguments() {
    let (_vat, office, _) = office();
    assert_eq!(*got(office.call("count", (0..300).collect())), value!([0, 299]));
    assert_eq!(number(office.call("add", (0..300).collect())), 1.0);
}

#[test]
fn arguments_are_types_of_rust() {
    let (_vat, office, _) = office();
    let text = |promise| got(promise).to::<String>().expect("a string");
    assert_eq!(text(office.call("greet", args!["J\u{f6}rg"])), "Ahoy, J\u{f6}rg!");
    assert_eq!(text(office.call("greet", args!["Ann", "\u{65e5}"])), "Ahoy, Ann and \u{65e5}!");
    assert_eq!(text(office.call("greet", args!["Ann", Value::NULL])), "Ahoy, Ann!");
    let swapped = got(office.call("swap", args![value!({ x: 1, y: 2 })]));
    assert_eq!(*swapped, value!({ x: 2, y: 1 }));
    assert_eq!(number(office.call("total", args![value!([1, 2, 3.5])])), 6.5);
    assert_eq!(*got(office.call("count", args!["a", "b", "c"])), value!(["a", 2]));
    assert_eq!(*got(office.call("count", args![])), value!([undefined, 0]));
    assert_eq!(number(office.call("numbers", args![1, 2, 3])), 6.0);
    assert_eq!(got(office.call("passed", args![1, 2])).as_bool(), Some(true));
}

#[test]
fn bytes_are_taken_of_any_kind_and_given_as_a_uint8array() {
    let (_vat, office, _) = office();
    let three = Value::uint8_array(vec![3, 2, 1]);
    for bytes in
        [Value::uint8_array(vec![1, 2, 3]), Value::array_buffer(vec![1, 2, 3]), value!([1, 2, 3])]
    {
        assert_eq!(*got(office.call("reverse", args![bytes])), three);
    }
    assert_eq!(*got(office.call("checksum", args![&three])), Value::uint8_array(vec![0]));
    let rest = Value::uint8_array(vec![2, 1]);
    assert_eq!(*got(office.call("sharedBytes", args![&three])), rest);
    let (_vat, desk, _) = desk();
    assert_eq!(run(desk.reverse(vec![1, 2])), Ok(Bytes::from_static(&[2, 1])));
    assert_eq!(run(desk.shared_bytes(&Bytes::from_static(b"ab"))), Ok(Bytes::from_static(b"b")));
}

#[test]
fn an_argument_that_does_not_fit_is_a_type_error_that_says_all() {
    let (_vat, office, _) = office();
    for (promise, what) in [
        (office.call("add", args![1, "x"]), "add: argument 2: expected f64, found string \"x\""),
        (office.call("add", args![1]), "add: argument 2: expected f64, found undefined"),
        (office.call("add", args![Value::NULL]), "add: argument 1: expected f64, found null"),
        (
            office.call("laterRoot", args![true]),
            "laterRoot: argument 1: expected f64, found boolean `true`",
        ),
        (office.call("greet", args![1]), "greet: argument 1: expected a string, found integer `1`"),
        (
            office.call("swap", args![value!({ x: 1, y: "2" })]),
            "swap: argument 1: .y: expected i32, found string \"2\"",
        ),
        (
            office.call("numbers", args![1, 2, 0.5]),
            "numbers: argument 3: expected i32, found floating point `0.5`",
        ),
        (
            office.call("reverse", args!["x"]),
            "reverse: argument 1: expected a sequence, found string \"x\"",
        ),
        (office.call("ask", args![1]), "ask: argument 1: expected a stub, found number"),
        (office.call("bump", args![value!({})]), "bump: argument 1: expected a stub, found Object"),
    ] {
        let error = failed(promise);
        assert_eq!(error.to_string(), format!("TypeError: {what}"));
        assert!(error.is_remote());
    }
}

#[test]
fn errors_are_what_they_turn_into() {
    let (_vat, office, _) = office();
    for name in ["root", "laterRoot", "tryCounter"] {
        let error = failed(office.call(name, args![-4]));
        assert_eq!(error.to_string(), "RangeError: negative");
        assert_eq!(error.property("number").and_then(|number| number.as_f64()), Some(-4.0));
    }
    assert_eq!(message(office.get("throwing").read()), "RangeError: prop threw");
    assert_eq!(message(office.call("kept", args![])), "Error: nothing is kept");
}

#[test]
fn rule_49_an_object_returned_by_value_is_a_stub_and_disposed_once() {
    let (vat, office, log) = office();
    assert_eq!(number(office.call("newCounter", args![5]).call("increment", args![5])), 10.0);
    settle(&vat);
    assert_eq!(log.all(), ["closed at 10"]);
    let counter = got(office.call("tryCounter", args![1])).stub().expect("a stub");
    assert_eq!(number(counter.call("increment", args![])), 2.0);
    assert_eq!(number(counter.get("value").read()), 2.0);
    counter.dispose();
    settle(&vat);
    assert_eq!(log.all(), ["closed at 10", "closed at 2"]);
    assert_eq!(number(office.call("stub", args![]).get("value").read()), 1.0);
    assert_eq!(number(office.call("adder", args![40]).invoke(args![2])), 42.0);
}

#[test]
fn a_return_keeps_its_disposer() {
    let (vat, office, log) = office();
    let result = got(office.call("withDisposer", args![]));
    settle(&vat);
    assert_eq!(log.all(), [""; 0]);
    result.dispose();
    settle(&vat);
    assert_eq!(log.all(), ["result disposed"]);
}

#[test]
fn a_getter_is_read_and_what_it_holds_is_called() {
    let (_vat, office, _) = office();
    assert_eq!(*got(office.get("openHours").read()), value!(["9", "17"]));
    let error = message(office.call("openHours", args![]));
    assert_eq!(error, "TypeError: \"openHours\" is not a function.");
    let add = got(office.get("add").read()).stub().expect("a method taken off its object");
    assert_eq!(number(add.invoke(args![1, 2])), 3.0);
}

#[test]
fn a_method_may_hold_on_to_its_object() {
    let (_vat, office, _) = office();
    assert!(number(office.call("counted", args![])) >= 2.0);
}

#[test]
fn a_method_that_panics_fails_its_call_and_nothing_else() {
    let (_vat, office, _) = office();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let error = failed(office.call("panics", args![]));
    std::panic::set_hook(hook);
    assert_eq!(error.to_string(), "Error: the object panicked");
    assert_eq!(number(office.call("add", args![1, 2])), 3.0);
}
