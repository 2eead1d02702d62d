//! Values written and read, and calls of the Workers face.

use std::hint::black_box;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bowline::runtime::{Local, Vat};
use bowline::worker::value::{Limits, Value, decode, encode, value};
use bowline::worker::{Answer, Args, Call, Received, RpcPromise, RpcStub, RpcTarget, args};
use bytes::Bytes;

use crate::Work;

/// Some values that a small call might carry.
pub(crate) fn small() -> Value {
    value!([1, "x", { a: true }])
}

/// Forty values, some of everything.
pub(crate) fn record() -> Value {
    let item = |at: i32| value!({ id: at, name: "somebody or other", tags: ["one", "two"], at: 1.5, ok: true, next: null });
    value!({ list: [(item(1)), (item(2)), (item(3)), (item(4))], total: 4 })
}

/// Writes a value, and lets go of the bytes.
pub(crate) fn encoding(value: Value) -> Work {
    let limits = Limits::default();
    Box::new(move |times| {
        for _ in 0..times {
            drop(black_box(encode(black_box(&value), &limits)));
        }
    })
}

/// Reads a value, and lets go of it.
pub(crate) fn decoding(value: &Value) -> Work {
    let limits = Limits::default();
    let bytes: Bytes = encode(value, &limits).expect("it can be sent").bytes.into();
    Box::new(move |times| {
        for _ in 0..times {
            drop(black_box(decode(black_box(bytes.clone()), Vec::new(), &limits)));
        }
    })
}

struct Link;

impl RpcTarget for Link {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        match name {
            "add" => Answer::now(call.arg::<f64>(0).map(|n| n + 1.0)),
            "next" => Answer::now(Ok(RpcStub::new(call.here(), Self))),
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        Answer::Missing
    }
}

fn done(promise: RpcPromise) -> Received {
    let mut promise = pin!(promise);
    match promise.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(received)) => received,
        Poll::Ready(Err(why)) => panic!("{why}"),
        Poll::Pending => panic!("it is answered at once"),
    }
}

/// A vat that nobody but the promises drives. The stub goes before it.
fn hosted(operation: fn(&RpcStub) -> Received) -> Work {
    let vat = Vat::local();
    let kept = (RpcStub::new(vat.here(), Link), vat);
    Box::new(move |times| {
        let (stub, _vat) = &kept;
        for _ in 0..times {
            drop(black_box(operation(stub)));
        }
    })
}

/// A method with a number in and out, answered at once.
pub(crate) fn worker_number() -> Work {
    hosted(|stub| done(stub.call("add", args![1])))
}

/// Seven objects, each asked for on the one before, and a number of the last, awaited once.
pub(crate) fn worker_chain() -> Work {
    hosted(|stub| {
        let mut at = stub.call("next", Args::new());
        for _ in 0..6 {
            at = at.call("next", Args::new());
        }
        done(at.call("add", args![1]))
    })
}
