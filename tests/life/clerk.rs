//! The Worker behind the other face.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bowline::runtime::Local;
use bowline::worker::stream::{ReadableStream, StreamError, WritableStream, identity};
use bowline::worker::value::{Value, value};
use bowline::worker::{
    Answer, Args, Call, Ctx, JsError, Received, Return, RpcStub, RpcTarget, Worker,
};
use bytes::Bytes;

use crate::ledger::Ledger;

pub(crate) fn worker(ledger: &Arc<Ledger>) -> Worker {
    let ledger = Arc::clone(ledger);
    let make = move |ctx: Ctx| Clerk { ledger: Arc::clone(&ledger), ctx };
    Worker::new("clerk").entrypoint("default", make)
}

/// What each invocation has an instance of.
struct Clerk {
    ledger: Arc<Ledger>,
    ctx: Ctx,
}

pub(crate) struct Counter {
    ledger: Arc<Ledger>,
    count: Cell<f64>,
}

impl Counter {
    pub(crate) fn stub(here: &Local, ledger: &Arc<Ledger>, count: f64) -> RpcStub {
        ledger.made.fetch_add(1, Ordering::SeqCst);
        RpcStub::new(here, Self { ledger: Arc::clone(ledger), count: Cell::new(count) })
    }
}

impl RpcTarget for Counter {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        match name {
            "increment" => Answer::now(call.arg::<f64>(0).map(|by| {
                self.count.set(self.count.get() + by);
                self.count.get()
            })),
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, name: &str, _: &Local) -> Answer {
        match name {
            "value" => Answer::now(Ok(self.count.get())),
            _ => Answer::Missing,
        }
    }

    fn dispose(&self) {
        self.ledger.gone.fetch_add(1, Ordering::SeqCst);
    }
}

/// A stream of so many chunks, each of so many bytes.
pub(crate) fn chunks(count: u32, size: usize) -> ReadableStream {
    let chunk = Bytes::from(vec![7; size]);
    let chunks = (0..count).map(move |_| Ok::<_, std::io::Error>(chunk.clone()));
    ReadableStream::from_stream(futures::stream::iter(chunks))
}

/// Reads to the end, and says how much there was.
pub(crate) async fn length(mut stream: ReadableStream) -> Result<f64, StreamError> {
    let mut count = 0.0;
    while let Some(bytes) = stream.next().await {
        count += bytes?.len() as f64;
    }
    Ok(count)
}

impl RpcTarget for Clerk {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        let here = call.here().clone();
        match name {
            "add" => Answer::now(sum(&call)),
            "echo" => Answer::now(Ok(call.args().get(0).clone())),
            "counter" => {
                Answer::now(call.arg(0).map(|from| Counter::stub(&here, &self.ledger, from)))
            }
            "nested" => {
                let [left, right] = [1.0, 2.0].map(|from| Counter::stub(&here, &self.ledger, from));
                Answer::now(Ok(value!({ a: { b: (left), v: 9 }, list: [(right), 2] })))
            }
            "disposable" => {
                self.ledger.made.fetch_add(1, Ordering::SeqCst);
                let ledger = Arc::clone(&self.ledger);
                let disposed = move || {
                    ledger.gone.fetch_add(1, Ordering::SeqCst);
                };
                Answer::Now(Ok(Return::new(value!({ v: 1 })).on_dispose(disposed)))
            }
            "multiplier" => Answer::now(call.arg::<f64>(0).map(|by| {
                RpcStub::function(
                    &here,
                    move |call: Call| async move { Ok(by * call.arg::<f64>(0)?) },
                )
            })),
            "callBack" => Answer::later(call_back(call)),
            "hang" => Answer::later(std::future::pending::<Result<Value, JsError>>()),
            "throw" => {
                Answer::Now(Err(JsError::new("MyError", "as asked").with_property("code", 7)))
            }
            "later" => {
                self.ctx.wait_until(tokio::time::sleep(std::time::Duration::from_micros(500)));
                Answer::now(Ok(true))
            }
            name => streams(name, call),
        }
    }

    fn getter(self: Rc<Self>, name: &str, _: &Local) -> Answer {
        match name {
            "prop" => Answer::now(Ok(value!({ hello: "world", n: 5 }))),
            _ => Answer::Missing,
        }
    }
}

fn streams(name: &str, call: Call) -> Answer {
    match name {
        "count" => Answer::later(async move { Ok(length(call.arg(0)?).await?) }),
        "chunks" => Answer::now(
            call.arg::<u32>(0).and_then(|n| Ok(Value::from(chunks(n, call.arg::<usize>(1)?)))),
        ),
        "mirror" => {
            let (to, from) = identity();
            Answer::now(Ok(value!({ readable: (from), writable: (to) })))
        }
        "writeInto" => Answer::later(async move {
            let mut stream: WritableStream = call.arg(0)?;
            stream.write(vec![5; call.arg::<usize>(1)?]).await?;
            stream.close().await?;
            Ok(Value::UNDEFINED)
        }),
        "first" => Answer::later(async move {
            let mut stream: ReadableStream = call.arg(0)?;
            let first = stream.next().await.transpose()?;
            stream.cancel("one is enough");
            Ok(first.map_or(0.0, |bytes| bytes.len() as f64))
        }),
        _ => Answer::Missing,
    }
}

fn sum(call: &Call) -> Result<f64, JsError> {
    Ok(call.arg::<f64>(0)? + call.arg::<f64>(1)?)
}

async fn call_back(call: Call) -> Result<Received, JsError> {
    let function = call.stub(0)?;
    function.invoke(Args::new().with(call.args().get(1))).await
}
