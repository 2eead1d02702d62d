//! What panics fails its own call: everybody else goes on, and nothing is left behind.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bowline::runtime::Local;
use bowline::worker::stream::{ReadableStream, WritableStream};
use bowline::worker::value::value;
use bowline::worker::{
    Answer, Call, Ctx, JsError, Return, RpcPromise, RpcStub, RpcTarget, Service, Worker, args,
};
use bytes::Bytes;
use futures::{Sink, Stream};

use crate::cast::{Counter, Log, Stage, everywhere, failed, got, number, play, run, settle};
use crate::sessions::connect;
use crate::streams::source::{End, chunks};

everywhere! {
    a_method_panics_before_it_waits,
    a_method_panics_after_it_waited,
    a_getter_panics,
    a_function_panics_before_and_after_it_waited,
    an_object_that_is_no_function_panics_when_it_is_called,
    a_disposer_panics,
    the_disposer_of_a_result_panics,
    a_source_panics,
    a_source_panics_in_an_argument,
    a_sink_panics,
    a_sink_panics_in_an_argument,
    what_came_in_a_call_that_panics_is_let_go,
    what_is_pipelined_on_a_call_that_panics_fails_likewise,
    a_callback_panics,
}

const PANICKED: &str = "the object panicked";

/// Whatever it does, it panics in the end.
struct Fragile;

/// A fragile object of a vat.
pub(crate) fn fragile(here: &Local) -> RpcStub {
    RpcStub::new(here, Fragile)
}

/// Comes back later.
async fn wait() {
    let mut waited = false;
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

fn panicking(here: &Local) -> RpcStub {
    RpcStub::function(here, |call: Call| {
        let late: bool = call.arg(0).expect("a boolean");
        assert!(late, "it was asked to");
        async move {
            wait().await;
            panic!("it was asked to");
            #[expect(unreachable_code, reason = "says what it would return")]
            Ok(())
        }
    })
}

impl RpcTarget for Fragile {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        match name {
            "later" => Answer::later(async move {
                wait().await;
                drop(call);
                panic!("it was asked to");
                #[expect(unreachable_code, reason = "says what it would return")]
                Ok(())
            }),
            "function" => Answer::now(Ok(panicking(call.here()))),
            "source" => Answer::now(Ok(ReadableStream::from_stream(Sore { good: 1 }))),
            "sink" => Answer::now(Ok(WritableStream::to_sink(Sore { good: 1 }))),
            "disposer" => Answer::Now(Ok(
                Return::new(value!({ v: 1 })).on_dispose(|| panic!("it was asked to"))
            )),
            "prop" => Answer::property(call),
            _ => panic!("it was asked to"),
        }
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        panic!("it was asked to")
    }

    fn invoke(self: Rc<Self>, _: Call) -> Answer {
        panic!("it was asked to")
    }

    fn dispose(&self) {
        panic!("it was asked to")
    }
}

/// A source, or a sink, that panics after so many chunks.
struct Sore {
    good: u32,
}

impl Sore {
    fn use_up(&mut self) {
        self.good = self.good.checked_sub(1).expect("it was asked to");
    }
}

impl Stream for Sore {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.use_up();
        Poll::Ready(Some(Ok(Bytes::from_static(b"good"))))
    }
}

impl Sink<Bytes> for Sore {
    type Error = std::io::Error;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, _: Bytes) -> Result<(), Self::Error> {
        self.use_up();
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        panic!("it was asked to")
    }
}

fn panics(promise: RpcPromise) {
    let error = failed(promise);
    assert_eq!((&*error.message(), error.is_remote()), (PANICKED, true));
}

/// Others are served as before.
fn goes_on(stage: &Stage) {
    assert_eq!(number(stage.svc().call("add", args![1, 2])), 3.0);
}

fn object(stage: &Stage) -> RpcStub {
    got(stage.svc().call("makeFragile", args![])).stub().expect("a stub")
}

fn a_method_panics_before_it_waits(stage: &Stage) {
    let object = object(stage);
    panics(object.call("now", args![]));
    panics(object.call("now", args![]));
    goes_on(stage);
}

fn a_method_panics_after_it_waited(stage: &Stage) {
    let object = object(stage);
    let (first, second) = (object.call("later", args![]), object.call("later", args![]));
    goes_on(stage);
    panics(first);
    panics(second);
    goes_on(stage);
}

fn a_getter_panics(stage: &Stage) {
    let object = object(stage);
    let why = run(object.get("prop").read()).expect_err("it panics");
    assert_eq!(why.message(), PANICKED);
    panics(object.call("prop", args![]));
    panics(object.get("prop").call("deeper", args![]));
    goes_on(stage);
}

fn a_function_panics_before_and_after_it_waited(stage: &Stage) {
    let function = got(object(stage).call("function", args![])).stub().expect("a function");
    for late in [false, true, false, true] {
        panics(function.invoke(args![late]));
        goes_on(stage);
    }
}

fn an_object_that_is_no_function_panics_when_it_is_called(stage: &Stage) {
    panics(object(stage).invoke(args![]));
    goes_on(stage);
}

fn a_disposer_panics(stage: &Stage) {
    let (first, second) = (object(stage), object(stage));
    first.dispose();
    settle();
    panics(second.call("now", args![]));
    drop(second);
    settle();
    goes_on(stage);
}

fn the_disposer_of_a_result_panics(stage: &Stage) {
    let object = object(stage);
    let result = got(object.call("disposer", args![]));
    result.dispose();
    settle();
    drop(object.call("disposer", args![]));
    settle();
    panics(object.call("now", args![]));
    goes_on(stage);
}

const CUT_OFF: &str = "ReadableStream received over RPC disconnected prematurely.";

fn a_source_panics(stage: &Stage) {
    let got = got(object(stage).call("source", args![]));
    let mut stream: ReadableStream = got.to().expect("a stream");
    assert_eq!(run(stream.next()).expect("bytes").expect("fine"), "good");
    let why = run(stream.next()).expect("not the end").expect_err("it panics");
    assert_eq!(why.to_string(), CUT_OFF);
    goes_on(stage);
}

fn a_source_panics_in_an_argument(stage: &Stage) {
    let stream = ReadableStream::from_stream(Sore { good: 1 });
    let why = failed(stage.svc().call("text", args![stream]));
    assert!(why.message().contains(CUT_OFF), "{why}");
    goes_on(stage);
}

fn a_sink_panics(stage: &Stage) {
    let mut stream: WritableStream =
        got(object(stage).call("sink", args![])).to().expect("a stream");
    run(stream.write("good")).expect("it is taken");
    let why = run(async {
        stream.write("bad").await?;
        stream.write("more").await?;
        stream.close().await
    });
    why.expect_err("it panicked");
    goes_on(stage);
    let mut stream: WritableStream =
        got(object(stage).call("sink", args![])).to().expect("a stream");
    run(stream.close()).expect_err("it panics");
    goes_on(stage);
}

fn a_sink_panics_in_an_argument(stage: &Stage) {
    let stream = WritableStream::to_sink(Sore { good: 0 });
    failed(stage.svc().call("writeInto", args![stream, "bad"]));
    let stream = WritableStream::to_sink(Sore { good: 9 });
    failed(stage.svc().call("writeInto", args![stream, "good, but it panics at the end"]));
    goes_on(stage);
}

fn what_came_in_a_call_that_panics_is_let_go(stage: &Stage) {
    let object = object(stage);
    for (name, nth) in [("now", 1), ("later", 2)] {
        let log = Log::default();
        let counter = Counter::stub(stage.here(), 0.0, &log);
        let (stream, seen) = chunks(1000, 1000, End::Never);
        let given = value!([{ counter: (counter) }, (stream)]);
        panics(object.call(name, args![given]));
        settle();
        assert_eq!(log.count("Counter disposed"), 1, "{name}");
        assert!(seen.is_dropped(), "{name}, call {nth}");
    }
    goes_on(stage);
}

fn what_is_pipelined_on_a_call_that_panics_fails_likewise(stage: &Stage) {
    let object = object(stage);
    for name in ["now", "later"] {
        let promise = object.call(name, args![]);
        let (deep, read) = (promise.get("a").call("b", args![1]), promise.get("c").read());
        panics(promise);
        panics(deep);
        assert_eq!(run(read).expect_err("it panicked").message(), PANICKED);
    }
    goes_on(stage);
}

fn a_callback_panics(stage: &Stage) {
    for late in [false, true] {
        let function = panicking(stage.here());
        let why = failed(stage.svc().call("callCb", args![function, late]));
        assert_eq!(why.message(), PANICKED);
    }
    goes_on(stage);
}

/// An entrypoint whose making panics, as often as it is asked to.
struct Entry(Ctx);

impl RpcTarget for Entry {
    fn method(self: Rc<Self>, name: &str, _: Call) -> Answer {
        if name == "waitUntil" {
            self.0.wait_until(async {
                wait().await;
                panic!("it was asked to");
            });
        }
        Answer::now(Ok(1))
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        Answer::Missing
    }
}

fn worker() -> Worker {
    let made = std::cell::Cell::new(0);
    Worker::new("entry").entrypoint("default", move |ctx| {
        made.set(made.get() + 1);
        assert!(made.get() % 2 == 0, "every other instance is not made");
        Entry(ctx)
    })
}

#[test]
fn an_entrypoint_panics_while_it_is_made() {
    let vats = [(); 2].map(|()| Rc::new(bowline::runtime::Vat::local()));
    let [near, far] = &vats;
    play(&[near, far]);
    let bound = worker().service("default").expect("it has one").stub(near.here());
    let service = worker().service("default").expect("it has one");
    let (peer, link) = connect(near, far, &service.bootstrap(far.here()));
    let remote = Service::remote(move |_| peer.clone()).stub(near.here());
    let stats = || vats.each_ref().map(|vat| vat.here().with(|graph| graph.stats()));
    let mut before = None;
    for name in ["any", "waitUntil", "any"] {
        for entry in [&bound, &remote] {
            let log = Log::default();
            panics(entry.call(name, args![Counter::stub(near.here(), 0.0, &log)]));
            settle();
            assert_eq!(log.all(), ["Counter disposed"]);
            assert_eq!(number(entry.call(name, args![])), 1.0);
            settle();
        }
        assert_eq!(before.get_or_insert_with(stats), &stats(), "nothing is left behind");
    }
    drop((bound, remote));
    settle();
    assert!(link.is_idle(), "{:?}", link.stats());
}

#[test]
fn a_value_that_panics_while_it_is_made_is_the_error_of_its_call() {
    struct Unwritable;
    impl serde::Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("it was asked to")
        }
    }
    let vat = Rc::new(bowline::runtime::Vat::local());
    play(&[&vat]);
    let function = RpcStub::function(vat.here(), |_| async {
        let value = bowline::worker::value::to_value(&Unwritable);
        value.map_err(|why| JsError::error(why.to_string()))
    });
    panics(function.invoke(args![]));
    settle();
}
