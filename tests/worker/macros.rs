//! Objects and interfaces written with the attributes: what their callers see, and what they see of each other.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bowline::runtime::{Local, Vat};
use bowline::worker::value::{Value, View, value};
use bowline::worker::{
    Call, Function, JsError, Received, Return, RpcPromise, RpcStub, args, rpc_interface, rpc_target,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::cast::{Log, failed, got, number, run, settle};

struct Tally {
    count: Cell<f64>,
    log: Log,
}

#[rpc_target]
impl Tally {
    const STEP: f64 = 1.0;

    fn new(count: f64, log: &Log) -> Self {
        Self { count: Cell::new(count), log: log.clone() }
    }

    async fn increment(&self, by: Option<f64>) -> f64 {
        self.count.set(self.count.get() + by.unwrap_or(Self::STEP));
        self.count.get()
    }

    #[rpc(getter)]
    fn value(&self) -> f64 {
        self.count.get()
    }

    #[rpc(dispose)]
    fn close(&self) {
        self.log.note(format!("closed at {}", self.count.get()));
    }
}

#[derive(Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i32,
}

/// Data with an object, a date and something unknown in it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    written_at: Value,
    tally: Counter,
    spare: Option<RpcStub>,
}

struct Negative(f64);

impl From<Negative> for JsError {
    fn from(Negative(number): Negative) -> Self {
        Self::new("RangeError", "negative").with_property("number", number)
    }
}

#[derive(Default)]
struct Office {
    log: Log,
    kept: RefCell<Option<Counter>>,
}

#[rpc_target]
impl Office {
    fn add(&self, a: f64, b: f64) -> f64 {
        a + b
    }

    fn root(&self, number: f64) -> Result<f64, Negative> {
        if number < 0.0 { Err(Negative(number)) } else { Ok(number.sqrt()) }
    }

    async fn later_root(&self, number: f64) -> Result<f64, Negative> {
        self.root(number)
    }

    fn greet(&self, name: &str, also: Option<String>) -> String {
        format!("Ahoy, {name}{}!", also.map(|name| format!(" and {name}")).unwrap_or_default())
    }

    fn name(&self) -> &'static str {
        "office"
    }

    fn swap(&self, Point { x, y }: Point) -> Point {
        Point { x: y, y: x }
    }

    fn total(&self, numbers: &[f64]) -> f64 {
        numbers.iter().sum()
    }

    fn reverse(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.reverse();
        bytes
    }

    fn checksum(&self, bytes: &[u8]) -> Result<Vec<u8>, JsError> {
        Ok(vec![bytes.iter().fold(0, |sum, byte| sum ^ byte)])
    }

    fn shared_bytes(&self, bytes: Bytes) -> Bytes {
        bytes.slice(1..)
    }

    fn nothing(&self) {
        self.log.note("nothing");
    }

    fn count(&self, first: Value, #[rpc(rest)] more: Vec<Value>) -> Value {
        value!([(first), (more.len() as f64)])
    }

    fn numbers(&self, #[rpc(rest)] numbers: Vec<i32>) -> i32 {
        numbers.iter().sum()
    }

    fn passed(&self, call: &Call, here: &Local) -> bool {
        call.args().len() == 2 && call.here().id() == here.id()
    }

    async fn new_counter(&self, start: f64) -> Tally {
        Tally::new(start, &self.log)
    }

    fn try_counter(&self, start: f64) -> Result<Tally, Negative> {
        if start < 0.0 { Err(Negative(start)) } else { Ok(Tally::new(start, &self.log)) }
    }

    fn adder(
        &self,
        by: f64,
    ) -> Function<impl Fn(Call) -> std::future::Ready<Result<f64, JsError>> + use<>> {
        Function::new(move |call: Call| std::future::ready(call.arg::<f64>(0).map(|n| n + by)))
    }

    fn stub(&self, here: &Local) -> RpcStub {
        RpcStub::new(here, Tally::new(1.0, &self.log))
    }

    fn with_disposer(&self) -> Return {
        let log = self.log.clone();
        Return::new(value!({ v: 1 })).on_dispose(move || log.note("result disposed"))
    }

    async fn ask(&self, function: RpcStub, question: Value) -> Result<Received, JsError> {
        function.invoke(args![question]).await
    }

    /// A callback with an interface.
    async fn bump(&self, counter: Counter, times: u32) -> Result<f64, JsError> {
        for _ in 1..times {
            counter.increment(None).await?;
        }
        counter.increment(None).await
    }

    fn keep(&self, counter: &Counter) -> Result<(), JsError> {
        self.kept.replace(Some(counter.dup()?));
        Ok(())
    }

    fn kept(&self) -> Result<Counter, &'static str> {
        self.kept.borrow().as_ref().ok_or("nothing is kept")?.dup().map_err(|_| "disposed")
    }

    fn report(&self, here: &Local, at: Value) -> Report {
        let tally = RpcStub::new(here, Tally::new(7.0, &self.log)).into();
        Report { written_at: at, tally, spare: None }
    }

    async fn read(&self, report: Report) -> Result<f64, JsError> {
        let Report { written_at, tally, spare } = report;
        let View::Date(at) = written_at.view() else { return Err("no date".into()) };
        assert!(spare.is_none(), "nothing was there");
        Ok(tally.value().await? + at.milliseconds())
    }

    async fn counted(self: Rc<Self>) -> usize {
        Rc::strong_count(&self)
    }

    fn r#type(&self) -> u8 {
        1
    }

    #[rpc(name = "odd name!")]
    fn odd(&self) -> u8 {
        2
    }

    #[rpc(getter)]
    async fn open_hours(&self, here: &Local) -> Result<Vec<String>, JsError> {
        assert!(here.with(|_| true), "it is this vat");
        Ok(vec!["9".to_owned(), "17".to_owned()])
    }

    #[rpc(getter, name = "throwing")]
    fn fails(&self) -> Result<Value, JsError> {
        Err(JsError::new("RangeError", "prop threw"))
    }

    #[rpc(skip)]
    fn secret<T: Default>(&mut self) -> T {
        T::default()
    }

    #[cfg(any())]
    fn never_compiled(&self) -> NoSuchType {}

    fn panics(&self) -> f64 {
        panic!("it went wrong")
    }
}

/// Counts.
#[rpc_interface]
trait Counter {
    /// Adds one, or something else, and says what that makes.
    async fn increment(&self, by: Option<f64>) -> f64;
    #[rpc(getter)]
    fn value(&self) -> f64;
    #[rpc(name = "increment")]
    fn increment_as_text(&self) -> String;
}

#[rpc_interface]
trait Desk {
    async fn add(&self, a: f64, b: f64) -> f64;
    async fn later_root(&self, number: f64) -> Result<f64, JsError>;
    async fn greet(&self, name: &str, also: Option<&str>) -> String;
    async fn swap(&self, point: Point) -> Point;
    async fn total(&self, numbers: &[f64]) -> f64;
    async fn reverse(&self, bytes: Vec<u8>) -> Bytes;
    async fn shared_bytes(&self, bytes: &Bytes) -> Bytes;
    async fn numbers(&self, #[rpc(rest)] numbers: Vec<i32>) -> i32;
    async fn nothing(&self);
    async fn new_counter(&self, start: f64) -> Counter;
    async fn try_counter(&self, start: f64) -> Result<Counter, JsError>;
    async fn ask(&self, function: &RpcStub, question: Value) -> Value;
    async fn bump(&self, counter: Counter, times: u32) -> f64;
    async fn keep(&self, counter: &Counter);
    async fn kept(&self) -> Counter;
    async fn report(&self, at: Value) -> Report;
    async fn read(&self, report: &Report) -> f64;
    #[rpc(getter)]
    async fn open_hours(&self) -> Vec<String>;
    #[rpc(name = "odd name!")]
    async fn odd(&self) -> u8;
    #[rpc(name = "nothing")]
    async fn give_up(&self) -> f64;
}

fn office() -> (Vat, RpcStub, Log) {
    let vat = Vat::local();
    let office = Office::default();
    let log = office.log.clone();
    let stub = RpcStub::new(vat.here(), office);
    (vat, stub, log)
}

fn desk() -> (Vat, Desk, Log) {
    let (vat, stub, log) = office();
    (vat, stub.into(), log)
}

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
    for name in ["later_root", "odd", "secret", "neverCompiled", "new", "STEP", "dispose", "close"]
    {
        let missing =
            format!("TypeError: The RPC receiver does not implement the method \"{name}\".");
        assert_eq!(message(office.call(name, args![])), missing);
    }
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
fn an_object_returned_by_value_is_a_stub_and_disposed_once() {
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
    assert_eq!(run(desk.open_hours()), Ok(vec!["9".to_owned(), "17".to_owned()]));
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
fn a_method_that_panics_fails_its_call_and_nothing_else() {
    let (_vat, office, _) = office();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let error = failed(office.call("panics", args![]));
    std::panic::set_hook(hook);
    assert_eq!(error.to_string(), "Error: the object panicked");
    assert_eq!(number(office.call("add", args![1, 2])), 3.0);
}
