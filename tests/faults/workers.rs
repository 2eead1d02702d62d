//! Stories of stubs and what is called through them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bowline::runtime::Local;
use bowline::worker::stream::{ReadableStream, StreamError, WritableStream, identity};
use bowline::worker::value::Value;
use bowline::worker::{
    AbortController, AbortSignal, Ctx, JsError, Return, RpcStub, Service, Worker, args, rpc_target,
};
use bytes::Bytes;
use futures::join;

use crate::cuts::stories;
use crate::ledger::{Ledger, Life};
use crate::stage::Stage;

stories! {
    values,
    counter,
    disposing,
    functions,
    results,
    kept,
    within,
    download,
    upload,
    writing,
    signal,
    outlasting,
    thrown,
    third,
}

#[cfg(feature = "http")]
mod requests {
    use super::{fetch, stories};

    stories! { fetch }
}

type Told = Option<()>;

/// What a vat offers.
pub(crate) struct Desk {
    /// That of an invocation.
    ctx: Option<Ctx>,
    life: Life,
    ledger: Ledger,
    kept: Kept,
}

type Kept = Rc<RefCell<Option<RpcStub>>>;

impl Desk {
    pub(crate) fn new(stage: &Stage) -> Self {
        Self::of(&stage.ledger, &stage.kept, None)
    }

    fn of(ledger: &Ledger, kept: &Kept, ctx: Option<Ctx>) -> Self {
        Self { ctx, life: ledger.open("desk"), ledger: ledger.clone(), kept: kept.clone() }
    }
}

/// The same as a Worker: each invocation has a desk of its own.
pub(crate) fn desk(stage: &Stage) -> Service {
    let (ledger, kept) = (stage.ledger.clone(), stage.kept.clone());
    let make = move |ctx| Desk::of(&ledger, &kept, Some(ctx));
    let worker = Worker::new("desk").entrypoint("default", make);
    worker.service("default").expect("it was just added")
}

impl Drop for Desk {
    fn drop(&mut self) {
        if self.ctx.is_some() {
            self.life.dispose();
        }
    }
}

#[rpc_target]
impl Desk {
    fn add(&self, a: f64, b: f64) -> f64 {
        a + b
    }

    #[rpc(getter)]
    fn size(&self) -> f64 {
        7.0
    }

    fn counter(&self, start: f64) -> Counter {
        Counter { life: self.ledger.open("counter"), value: Cell::new(start) }
    }

    async fn call_back(&self, function: RpcStub, by: f64) -> Result<f64, JsError> {
        function.invoke(args![by]).await?.to()
    }

    fn adder(&self, here: &Local, first: f64) -> RpcStub {
        let life = Disposed(self.ledger.open("function"));
        RpcStub::function(here, move |call| {
            let _alive = &life;
            let second = call.arg::<f64>(0);
            async move { Ok(first + second?) }
        })
    }

    fn disposable(&self) -> Return {
        let life = self.ledger.open("result");
        Return::new("something to be given back").on_dispose(move || life.dispose())
    }

    fn keep(&self, stub: RpcStub) -> Result<(), JsError> {
        self.kept.replace(Some(stub.dup()?));
        Ok(())
    }

    async fn use_kept(&self, by: f64) -> Result<f64, JsError> {
        let kept = self.kept.borrow().clone();
        let kept = kept.ok_or_else(|| JsError::error("nothing is kept"))?;
        kept.call("increment", args![by]).await?.to()
    }

    fn forget(&self) {
        self.kept.take();
    }

    /// Calls that never leave this vat.
    async fn count(&self, here: &Local, to: f64) -> Result<f64, JsError> {
        let counter = RpcStub::new(here, self.counter(0.0));
        let mut value = 0.0;
        while value < to {
            value = counter.call("increment", args![1]).await?.to()?;
        }
        Ok(value)
    }

    fn download(&self) -> ReadableStream {
        let chunks = [Ok::<_, JsError>(Bytes::from_static(b"abc")), Ok(Bytes::from(vec![b'd'; 5]))];
        ReadableStream::from_stream(futures::stream::iter(chunks))
    }

    async fn upload(&self, stream: Value) -> Result<f64, JsError> {
        let mut stream = ReadableStream::take(&stream)?;
        Ok(stream.read_all(1 << 10).await?.len() as f64)
    }

    fn sink(&self, here: &Local) -> WritableStream {
        let (write, mut read) = identity();
        let life = Disposed(self.ledger.open("sink"));
        here.spawn(Box::pin(async move {
            // Whatever comes of it, it ends.
            let _ = read.read_all(1 << 10).await;
            drop(life);
        }));
        write
    }

    async fn until(&self, signal: Value) -> Result<String, JsError> {
        let signal = AbortSignal::of_value(&signal).ok_or_else(|| JsError::error("no signal"))?;
        Ok(format!("{:?}", signal.when_aborted().await))
    }

    fn outlast(&self, function: RpcStub) -> Result<(), JsError> {
        let Some(ctx) = &self.ctx else { return Ok(()) };
        let (function, life) = (function.dup()?, Disposed(self.ledger.open("what outlasts")));
        ctx.wait_until(async move {
            // Nobody is told.
            let _ = function.invoke(args![1]).await;
            drop(life);
        });
        Ok(())
    }

    fn fails(&self) -> Result<(), JsError> {
        Err(JsError::new("RangeError", "too far"))
    }

    async fn never(&self) {
        std::future::pending::<()>().await;
    }

    #[cfg(feature = "http")]
    #[rpc(fetch)]
    async fn fetch(
        &self,
        request: http::Request<bowline::worker::http::Body>,
    ) -> Result<http::Response<bowline::worker::http::Body>, JsError> {
        Ok(http::Response::new(request.into_body()))
    }

    #[rpc(dispose)]
    fn disposed(&self) {
        if self.ctx.is_none() {
            self.life.dispose();
        }
    }
}

/// Disposed when it is dropped.
struct Disposed(Life);

impl Drop for Disposed {
    fn drop(&mut self) {
        self.0.dispose();
    }
}

pub(crate) struct Counter {
    life: Life,
    value: Cell<f64>,
}

#[rpc_target]
impl Counter {
    fn increment(&self, by: f64) -> f64 {
        self.value.set(self.value.get() + by);
        self.value.get()
    }

    #[rpc(getter)]
    fn value(&self) -> f64 {
        self.value.get()
    }

    #[rpc(dispose)]
    fn disposed(&self) {
        self.life.dispose();
    }
}

/// A counter of a vat.
fn counter_in(stage: &Stage, vat: usize) -> RpcStub {
    let counter = Counter { life: stage.ledger.open("counter"), value: Cell::new(0.0) };
    RpcStub::new(&stage.here(vat), counter)
}

async fn values(stage: Rc<Stage>) -> Told {
    let svc = stage.service(0, 1);
    let (sum, size) = join!(svc.call("add", args![1, 2]), svc.get("size").into_future());
    let (sum, size) = (stage.heed_js(sum), stage.heed_js(size));
    assert_eq!((sum?.as_f64(), size?.as_f64()), (Some(3.0), Some(7.0)));
    let never = svc.call("never", args![]);
    stage.heed_js(svc.call("add", args![1, 2]).await)?;
    drop(never);
    stage.heed_js(svc.call("add", args![1, 2]).await)?;
    Some(())
}

async fn counter(stage: Rc<Stage>) -> Told {
    let svc = stage.service(0, 1);
    let made = svc.call("counter", args![5]);
    let one = made.call("increment", args![1]);
    let two = made.call("increment", args![2]);
    let (one, two, value) = join!(one, two, made.get("value").into_future());
    let told = [stage.heed_js(one), stage.heed_js(two), stage.heed_js(value)];
    let told: Option<Vec<_>> = told.into_iter().collect();
    let told: Vec<_> = told?.iter().map(|value| value.as_f64()).collect();
    assert_eq!(told, [Some(6.0), Some(8.0), Some(8.0)]);
    drop(made);
    stage.heed_js(svc.call("add", args![1, 2]).await)?;
    Some(())
}

async fn disposing(stage: Rc<Stage>) -> Told {
    let svc = stage.service(0, 1);
    let made = stage.heed_js(svc.call("counter", args![0]).await)?;
    let first = made.stub().expect("a stub");
    let second = first.dup().expect("it is live");
    first.dispose();
    made.dispose();
    stage.heed_js(second.call("increment", args![1]).await)?;
    second.dispose();
    let other = svc.call("counter", args![0]);
    let call = other.call("increment", args![1]);
    other.dispose();
    match call.await {
        Ok(_) => {}
        Err(why) if why.is_retryable() => stage.heed_js(Err(why))?,
        // It was given up before it came.
        Err(_) => {}
    }
    stage.heed_js(svc.call("add", args![1, 2]).await)?;
    Some(())
}

async fn functions(stage: Rc<Stage>) -> Told {
    let svc = stage.service(0, 1);
    let life = Disposed(stage.ledger.open("function"));
    let mine = RpcStub::function(&stage.here(0), move |call| {
        let _alive = &life;
        let by = call.arg::<f64>(0);
        async move { Ok(by? * 2.0) }
    });
    let (doubled, sum) =
        join!(svc.call("callBack", args![&mine, 4]), svc.call("adder", args![1]).invoke(args![2]));
    drop(mine);
    let (doubled, sum) = (stage.heed_js(doubled), stage.heed_js(sum));
    assert_eq!((doubled?.as_f64(), sum?.as_f64()), (Some(8.0), Some(3.0)));
    Some(())
}

async fn results(stage: Rc<Stage>) -> Told {
    let svc = stage.service(0, 1);
    let first = stage.heed_js(svc.call("disposable", args![]).await)?;
    let second = svc.call("disposable", args![]);
    first.dispose();
    let second = stage.heed_js(second.await);
    drop(svc.call("disposable", args![]));
    let third = stage.heed_js(svc.call("add", args![1, 2]).await);
    drop(second?);
    third?;
    stage.heed_js(svc.call("add", args![1, 2]).await)?;
    Some(())
}

async fn kept(stage: Rc<Stage>) -> Told {
    let svc = stage.service(0, 1);
    let mine = counter_in(&stage, 0);
    stage.heed_js(svc.call("keep", args![&mine]).await)?;
    drop(mine);
    let used = join!(svc.call("useKept", args![1]), svc.call("useKept", args![2]));
    let (one, two) = (stage.heed_js(used.0), stage.heed_js(used.1));
    assert_eq!((one?.as_f64(), two?.as_f64()), (Some(1.0), Some(3.0)));
    stage.heed_js(svc.call("forget", args![]).await)?;
    stage.heed_js(svc.call("add", args![1, 2]).await)?;
    Some(())
}

async fn within(stage: Rc<Stage>) -> Told {
    let svc = stage.service(0, 1);
    let (three, five) = join!(svc.call("count", args![3]), svc.call("count", args![5]));
    let (three, five) = (stage.heed_js(three), stage.heed_js(five));
    assert_eq!((three?.as_f64(), five?.as_f64()), (Some(3.0), Some(5.0)));
    Some(())
}

/// What became of a stream: its bytes, or that it was cut off with its connection.
fn heed_stream<T>(stage: &Stage, outcome: Result<T, StreamError>) -> Option<T> {
    match outcome {
        Err(StreamError::Premature) if stage.is_torn() => None,
        other => stage.heed_js(other.map_err(JsError::from)),
    }
}

async fn download(stage: Rc<Stage>) -> Told {
    let svc = stage.service(0, 1);
    let got = stage.heed_js(svc.call("download", args![]).await)?;
    let mut stream = ReadableStream::take(got.value()).expect("a stream");
    let bytes = heed_stream(&stage, stream.read_all(1 << 10).await)?;
    assert_eq!(&bytes[..], b"abcddddd");
    // Another is given up half-way.
    let got = stage.heed_js(svc.call("download", args![]).await)?;
    let mut stream = ReadableStream::take(got.value()).expect("a stream");
    heed_stream(&stage, stream.next().await.unwrap_or(Ok(Bytes::new())))?;
    stream.cancel("enough");
    stage.heed_js(svc.call("add", args![1, 2]).await)?;
    Some(())
}

async fn upload(stage: Rc<Stage>) -> Told {
    let svc = stage.service(0, 1);
    let (mut write, read) = identity();
    let call = svc.call("upload", args![read]);
    let writing = async {
        for _ in 0..3 {
            write.write("some").await?;
        }
        write.close().await
    };
    let (length, written) = join!(call, writing);
    let (length, written) = (stage.heed_js(length), heed_written(&stage, written));
    assert_eq!(length?.as_f64(), Some(12.0));
    written
}

/// A writer whose reader is gone is told so in the words of a stream.
fn heed_written(stage: &Stage, outcome: Result<(), StreamError>) -> Told {
    match outcome {
        Err(StreamError::Cancelled(_)) if stage.is_torn() => None,
        other => heed_stream(stage, other),
    }
}

async fn writing(stage: Rc<Stage>) -> Told {
    let svc = stage.service(0, 1);
    let got = stage.heed_js(svc.call("sink", args![]).await)?;
    let mut sink = WritableStream::take(got.value()).expect("a stream");
    for _ in 0..3 {
        heed_stream(&stage, sink.write("some").await)?;
    }
    heed_stream(&stage, sink.close().await)?;
    let got = stage.heed_js(svc.call("sink", args![]).await)?;
    let mut sink = WritableStream::take(got.value()).expect("a stream");
    heed_stream(&stage, sink.write("some").await)?;
    sink.abort("enough");
    stage.heed_js(svc.call("add", args![1, 2]).await)?;
    Some(())
}

async fn signal(stage: Rc<Stage>) -> Told {
    let svc = stage.service(0, 1);
    let controller = AbortController::new();
    let waits = svc.call("until", args![controller.signal()]);
    stage.heed_js(svc.call("add", args![1, 2]).await)?;
    controller.abort("enough");
    stage.heed_js(waits.await)?;
    Some(())
}

async fn outlasting(stage: Rc<Stage>) -> Told {
    let svc = stage.service(0, 1);
    let life = Disposed(stage.ledger.open("function"));
    let mine = RpcStub::function(&stage.here(0), move |_| {
        let _alive = &life;
        async move { Ok(1.0) }
    });
    stage.heed_js(svc.call("outlast", args![&mine]).await)?;
    drop(mine);
    stage.heed_js(svc.call("add", args![1, 2]).await)?;
    Some(())
}

async fn thrown(stage: Rc<Stage>) -> Told {
    let svc = stage.service(0, 1);
    for call in [svc.call("fails", args![]), svc.call("missing", args![])] {
        match call.await {
            Err(why) if ["RangeError", "TypeError"].contains(&&*why.name()) => {}
            Err(why) => stage.heed_js(Err(why))?,
            Ok(_) => panic!("it returns"),
        }
    }
    stage.heed_js(svc.call("add", args![1, 2]).await)?;
    Some(())
}

async fn third(stage: Rc<Stage>) -> Told {
    let near = stage.service(1, 0);
    let far = stage.service(1, 2);
    // What the first vat made is kept by the third, and called by it through the second.
    let made = stage.heed_js(near.call("counter", args![0]).await)?;
    let counter = made.stub().expect("a stub");
    stage.heed_js(far.call("keep", args![&counter]).await)?;
    drop((made, counter));
    let used = stage.heed_js(far.call("useKept", args![2]).await)?;
    assert_eq!(used.as_f64(), Some(2.0));
    stage.heed_js(far.call("forget", args![]).await)?;
    Some(())
}

#[cfg(feature = "http")]
async fn fetch(stage: Rc<Stage>) -> Told {
    use bowline::worker::http::{Body, over_calls};

    let service = desk(&stage);
    let offered = stage.offer_service(0, 1, &service);
    let handler = over_calls(&stage.here(0), &offered);
    drop(offered);
    let (mut write, body) = Body::pipe();
    let request = http::Request::post("http://desk.test/").body(body).expect("a request");
    let asked = handler.fetch(request);
    let writing = async {
        write.write("some").await?;
        write.write("more").await?;
        write.close().await
    };
    let reading = async {
        let response = stage.heed_js(asked.await)?;
        match response.into_body().text(1 << 10).await {
            Ok(text) => {
                assert_eq!(text, "somemore");
                Some(())
            }
            // A body has errors of its own; that it is not whole is what its reader is told.
            Err(_) if stage.is_torn() => None,
            Err(why) => panic!("{why}"),
        }
    };
    let (read, written) = join!(reading, writing);
    let written = heed_written(&stage, written);
    read?;
    written
}
