use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::Link;
use bowline::runtime::{Local, Turn, Vat};
use bowline::transport::{Transport, same_thread};
use bowline::wire::{Message, Outcome};
use bowline::worker::stream::ReadableStream;
use bowline::worker::value::Value;
use bowline::worker::{Answer, Call, JsError, RpcStub, RpcTarget, Worker, args};

use crate::messages::each_message;

/// Whatever it is called, it does with its arguments what can be done: it calls stubs, reads streams, and sends all of
/// them back. What it gives can be called again.
struct Busybody;

impl RpcTarget for Busybody {
    fn method(self: Rc<Self>, _: &str, call: Call) -> Answer {
        self.invoke(call)
    }

    fn getter(self: Rc<Self>, name: &str, here: &Local) -> Answer {
        match name {
            "prop" | "value" => Answer::now(Ok(Value::from(1))),
            "next" => Answer::now(Ok(RpcStub::new(here, Self))),
            _ => Answer::Method,
        }
    }

    fn invoke(self: Rc<Self>, call: Call) -> Answer {
        Answer::later(async move {
            let args = call.args().as_slice().to_vec();
            for value in &args {
                if let Ok(stub) = RpcStub::from_value(value) {
                    drop(stub.call("again", args![value.clone()]));
                    drop(stub.get("property").read());
                }
                if let Ok(mut stream) = ReadableStream::take(value) {
                    let _ = stream.read_all(1 << 16).await;
                }
            }
            match args.is_empty() {
                true => Ok::<_, JsError>(Value::from(RpcStub::new(call.here(), Self))),
                false => Ok(Value::from(args)),
            }
        })
    }
}

/// Whatever a peer says to a worker, nothing is left of it when it is gone. Gives the number of results it got.
pub(crate) fn run(bytes: &[u8]) -> usize {
    let vat = Vat::local();
    let worker = Worker::new("worker").entrypoint("default", |_| Busybody);
    let service = worker.service("default").expect("it was just added");
    let boot = service.bootstrap(vat.here());
    let (ours, mut theirs) = same_thread();
    let link = Link::connect(vat.here(), ours, Config::default(), Some(&boot));
    let before = vat.here().with(|graph| graph.stats().nodes);
    let mut results = 0;
    each_message(bytes, |message| {
        let _ = theirs.send(message);
        let _ = theirs.poll_flush(&mut Context::from_waker(Waker::noop()));
        settle(&vat);
        results += heard(&mut theirs);
    });
    drop(theirs);
    settle(&vat);
    let after = vat.here().with(|graph| (graph.stats(), graph.check()));
    assert_eq!(after.1, Ok(()), "{}", vat.here().with(|graph| graph.dump()));
    assert!(link.is_idle() && after.0.calls == 0, "{}", vat.here().with(|graph| graph.dump()));
    // A vat keeps the object that stands for nobody, once it was asked for.
    assert!(after.0.nodes <= before + 1, "{}", vat.here().with(|graph| graph.dump()));
    results
}

fn settle(vat: &Vat) {
    for _ in 0..1000 {
        if vat.turn(Instant::now()) != Turn::More {
            return;
        }
    }
    panic!("it never comes to rest");
}

/// How many results came.
fn heard(theirs: &mut impl Transport) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    let mut results = 0;
    while let Poll::Ready(Ok(Some(message))) = theirs.poll_receive(&mut cx) {
        if let Message::Return(ret) = message {
            results += usize::from(matches!(ret.outcome, Outcome::Results(_)));
        }
    }
    results
}
