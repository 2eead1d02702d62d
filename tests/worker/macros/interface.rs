//! `#[rpc_interface]`.

use bowline::worker::value::Value;
use bowline::worker::{Call, RpcStub, rpc_interface};
use serde::Serialize;

use super::scene::{Counter, Point, Tally, desk, office, settle};
use crate::cast::{Stage, everywhere, got, run};

everywhere! { an_interface_describes_whatever_is_there }

#[rpc_interface]
trait Recorded {
    fn add(&self, a: f64, b: f64) -> f64;
    fn make_counter(&self, start: f64) -> Counter;
    #[rpc(name = "makeNested")]
    fn nested(&self) -> Nested;
    #[rpc(name = "makeNested")]
    fn nested_data(&self) -> serde::de::IgnoredAny;
}

/// A plain object can be called through as an object can.
#[rpc_interface]
trait Nested {
    #[rpc(getter)]
    fn list(&self) -> Vec<u8>;
}

fn an_interface_describes_whatever_is_there(stage: &Stage) {
    let service = Recorded::from(stage.svc().clone());
    assert_eq!(run(service.add(1.0, 2.0)), Ok(3.0));
    let counter = service.make_counter(5.0);
    let (first, second) = (counter.increment(Some(5.0)), counter.value());
    assert_eq!((run(first), run(second)), (Ok(10.0), Ok(10.0)));
    let counter = run(counter).expect("it is there");
    assert_eq!(run(counter.increment(Some(1.0))), Ok(11.0));
    assert_eq!(run(service.nested().list()), Ok(vec![1, 2, 3]));
    let error = run(service.nested()).expect_err("it is no stub itself");
    let what = "makeNested: the result: expected a stub, found Object";
    assert_eq!(error.to_string(), format!("TypeError: {what}"));
    assert!(run(service.nested_data()).is_ok());
}

#[test]
fn an_interface_is_called_with_types_of_rust() {
    let (vat, desk, log) = desk();
    assert_eq!(run(desk.add(1.0, 2.0)), Ok(3.0));
    assert_eq!(run(desk.later_root(16.0)), Ok(4.0));
    assert_eq!(run(desk.greet("Ann", Some("Bo"))).as_deref(), Ok("Ahoy, Ann and Bo!"));
    assert_eq!(run(desk.greet("Ann", None)).as_deref(), Ok("Ahoy, Ann!"));
    let Point { x, y } = run(desk.swap(Point { x: 1, y: 2 })).expect("it returns");
    assert_eq!((x, y), (2, 1));
    assert_eq!(run(desk.total(&[1.0, 2.0])), Ok(3.0));
    assert_eq!(run(desk.numbers(vec![1, 2, 3])), Ok(6));
    assert_eq!(run(desk.odd()), Ok(2));
    assert_eq!(run(desk.nothing()), Ok(()));
    desk.nothing().detach();
    settle(&vat);
    assert_eq!(log.all(), ["nothing", "nothing"]);
}

#[test]
fn promises_of_an_interface_are_called_before_they_are_there() {
    let (vat, desk, log) = desk();
    assert_eq!(run(desk.new_counter(5.0).increment(Some(5.0))), Ok(10.0));
    let promise = desk.new_counter(1.0);
    let (first, second) = (promise.increment(None), promise.value());
    assert_eq!((run(first), run(second)), (Ok(2.0), Ok(2.0)));
    let counter = run(promise).expect("it is there");
    assert_eq!(run(counter.increment(None)), Ok(3.0));
    let other = counter.dup().expect("it is good");
    counter.dispose();
    assert_eq!(run(other.value()), Ok(3.0));
    let error = run(counter.value()).expect_err("it is disposed");
    assert_eq!(error.to_string(), "Error: RPC stub used after being disposed.");
    drop(other);
    settle(&vat);
    assert_eq!(log.all(), ["closed at 10", "closed at 3"]);
}

#[test]
fn rule_3_a_property_is_read_when_it_is_awaited() {
    let (vat, desk, log) = desk();
    let hours = desk.open_hours();
    settle(&vat);
    assert_eq!(log.all(), [""; 0]);
    assert_eq!(run(hours).map(|hours| hours.len()), Ok(2));
    drop(desk.open_hours());
    desk.open_hours().detach();
    settle(&vat);
    assert_eq!(log.all(), ["hours", "hours"]);
    let mut deputy = desk.deputy();
    assert_eq!(run(deputy.increment(None)), Ok(101.0));
    assert_eq!(run(run(&mut deputy).expect("it is there").value()), Ok(101.0));
    assert_eq!(run(deputy.value()), Ok(101.0));
}

#[test]
fn a_promise_that_is_there_can_still_be_called() {
    let (_vat, desk, _) = desk();
    let mut promise = desk.new_counter(1.0);
    run(&mut promise).expect("it is there");
    assert_eq!(run(promise.increment(None)), Ok(2.0));
}

#[test]
fn what_is_called_on_a_failure_fails_likewise() {
    let (_vat, desk, _) = desk();
    let error = run(desk.try_counter(-1.0).increment(None)).expect_err("nothing is there");
    assert_eq!(error.to_string(), "RangeError: negative");
    let mut promise = desk.try_counter(-1.0);
    run(&mut promise).expect_err("it fails");
    let error = run(promise.increment(None)).expect_err("nothing is there");
    assert_eq!(error.to_string(), "RangeError: negative");
    let error = run(desk.keep(&promise)).expect_err("nothing to pass");
    assert_eq!(error.to_string(), "RangeError: negative");
    promise.dispose();
    assert!(promise.is_disposed());
    desk.dispose();
    let error = run(desk.new_counter(1.0).increment(None)).expect_err("nobody to ask");
    assert_eq!(error.to_string(), "Error: RPC stub used after being disposed.");
    assert!(!error.is_remote());
}

#[test]
fn a_result_of_another_type_says_which() {
    let (_vat, desk, _) = desk();
    let error = run(desk.give_up()).expect_err("it is nothing");
    let what = "nothing: the result: expected f64, found undefined";
    assert_eq!(error.to_string(), format!("TypeError: {what}"));
    let error = run(desk.new_counter(1.0).increment_as_text()).expect_err("it is a number");
    let what = "increment: the result: expected a string, found integer `2`";
    assert_eq!(error.to_string(), format!("TypeError: {what}"));
    let untyped = desk.give_up().untyped();
    assert_eq!(*got(untyped), Value::UNDEFINED);
}

#[test]
fn interfaces_are_arguments_and_results() {
    let (vat, desk, log) = desk();
    let counter = Counter::from(RpcStub::new(vat.here(), Tally::new(0.0, &log)));
    assert_eq!(run(desk.bump(counter.clone(), 3)), Ok(3.0));
    run(desk.keep(&counter)).expect("it keeps it");
    assert_eq!(run(desk.kept().increment(None)), Ok(4.0));
    // A promise is passed on before it is there.
    run(desk.keep(&desk.new_counter(10.0))).expect("it keeps that");
    assert_eq!(run(desk.kept().value()), Ok(10.0));
    let double =
        RpcStub::function(vat.here(), |call: Call| async move { Ok(2.0 * call.arg::<f64>(0)?) });
    assert_eq!(run(desk.ask(&double, Value::from(4))), Ok(Value::from(8)));
}

#[test]
fn objects_pass_inside_data() {
    let (_vat, desk, _) = desk();
    let mut report = run(desk.report(Value::date(100.0))).expect("it returns");
    assert_eq!(report.written_at, Value::date(100.0));
    assert_eq!(run(report.tally.increment(None)), Ok(8.0));
    assert_eq!(run(desk.read(&report)), Ok(108.0));
    report.written_at = Value::from("yesterday");
    let error = run(desk.read(&report)).expect_err("it wants a date");
    assert_eq!(error.to_string(), "Error: no date");
}

#[test]
fn streams_are_arguments_and_results() {
    let (_vat, desk, _) = desk();
    let mut stream = run(desk.stream("ahoy")).expect("it returns");
    assert_eq!(run(stream.read_all(10)).expect("it is read"), "ahoy");
    let stream = run(desk.stream("ahoy!")).expect("it returns");
    assert_eq!(run(desk.length(stream)), Ok(5));
}

#[test]
fn what_cannot_be_sent_fails_here() {
    let (_vat, stub, _) = office();
    #[rpc_interface]
    trait Odd {
        fn add(&self, a: f64, b: Unwritable) -> f64;
    }
    let error = run(Odd::from(stub).add(1.0, Unwritable)).expect_err("it cannot be written");
    assert_eq!(error.to_string(), "TypeError: add: argument 2: no words for it");
    assert!(!error.is_remote());
}

struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no words for it"))
    }
}

#[test]
fn promises_may_be_awaited_on_any_thread() {
    fn is_send<T: Send + Sync>(_: &T) {}
    let (_vat, desk, _) = desk();
    is_send(&desk.new_counter(1.0));
    is_send(&desk.greet("Ann", None));
    is_send(&desk);
}
