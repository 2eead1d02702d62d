//! An object with a bit of everything, and how its callers know it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bowline::runtime::{Local, Turn, Vat};
use bowline::worker::stream::{ReadableStream, StreamError};
use bowline::worker::value::{Value, View, value};
use bowline::worker::{
    Call, Function, JsError, Received, Return, RpcStub, args, rpc_interface, rpc_target,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::cast::Log;

/// Takes turns until there is nothing left to do.
pub(crate) fn settle(vat: &Vat) {
    while vat.turn(std::time::Instant::now()) == Turn::More {}
}

pub(crate) struct Tally {
    pub(crate) count: Cell<f64>,
    pub(crate) log: Log,
}

#[rpc_target]
impl Tally {
    const STEP: f64 = 1.0;

    pub(crate) fn new(count: f64, log: &Log) -> Self {
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
pub(crate) struct Point {
    pub(crate) x: i32,
    pub(crate) y: i32,
}

/// Data with an object, a date and something unknown in it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) written_at: Value,
    pub(crate) tally: Counter,
    pub(crate) spare: Option<RpcStub>,
}

pub(crate) struct Negative(f64);

impl From<Negative> for JsError {
    fn from(Negative(number): Negative) -> Self {
        Self::new("RangeError", "negative").with_property("number", number)
    }
}

#[derive(Default)]
pub(crate) struct Office {
    pub(crate) log: Log,
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

    fn _private_name(&self) -> u8 {
        3
    }

    #[rpc(name = "odd name!")]
    fn odd(&self) -> u8 {
        2
    }

    #[rpc(getter)]
    async fn open_hours(&self, here: &Local) -> Result<Vec<String>, JsError> {
        self.log.note("hours");
        assert!(here.with(|_| true), "it is this vat");
        Ok(vec!["9".to_owned(), "17".to_owned()])
    }

    #[rpc(getter)]
    fn deputy(&self) -> Tally {
        Tally::new(100.0, &self.log)
    }

    #[rpc(getter, name = "throwing")]
    fn fails(&self) -> Result<Value, JsError> {
        Err(JsError::new("RangeError", "prop threw"))
    }

    #[rpc(skip)]
    pub(crate) fn secret<T: Default>(&mut self) -> T {
        T::default()
    }

    #[cfg(any())]
    fn never_compiled(&self) -> NoSuchType {}

    fn stream(&self, text: String) -> ReadableStream {
        ReadableStream::from_read(futures::io::Cursor::new(text))
    }

    async fn length(&self, mut stream: ReadableStream) -> Result<usize, StreamError> {
        Ok(stream.read_all(1 << 10).await?.len())
    }

    fn panics(&self) -> f64 {
        panic!("it went wrong")
    }
}

/// Counts.
#[rpc_interface]
pub(crate) trait Counter {
    /// Adds one, or something else, and says what that makes.
    async fn increment(&self, by: Option<f64>) -> f64;
    #[rpc(getter)]
    fn value(&self) -> f64;
    #[rpc(name = "increment")]
    fn increment_as_text(&self) -> String;
}

#[rpc_interface]
pub(crate) trait Desk {
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
    async fn stream(&self, text: &str) -> ReadableStream;
    async fn length(&self, stream: ReadableStream) -> usize;
    #[rpc(getter)]
    async fn open_hours(&self) -> Vec<String>;
    #[rpc(getter)]
    async fn deputy(&self) -> Counter;
    #[rpc(name = "odd name!")]
    async fn odd(&self) -> u8;
    #[rpc(name = "nothing")]
    async fn give_up(&self) -> f64;
}

pub(crate) fn office() -> (Vat, RpcStub, Log) {
    let vat = Vat::local();
    let office = Office::default();
    let log = office.log.clone();
    let stub = RpcStub::new(vat.here(), office);
    (vat, stub, log)
}

pub(crate) fn desk() -> (Vat, Desk, Log) {
    let (vat, stub, log) = office();
    (vat, stub.into(), log)
}
