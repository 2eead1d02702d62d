//! Signals between Rust and a Worker of the real runtime, which has them behind a flag.

use std::rc::Rc;
use std::time::Duration;

use bowline::runtime::Local;
use bowline::worker::value::{Value, View};
use bowline::worker::{
    AbortController, AbortSignal, Answer, Call, Ctx, JsError, RpcStub, RpcTarget, Worker, args,
};

use crate::ours::{at, on_a_vat};
use crate::peer::Workerd;
use crate::vat::Serving;
use crate::world::Caller;

struct Signals(Ctx);

/// What a reason says.
fn told(reason: &Value) -> String {
    match reason.view() {
        View::Error(error) => error.message().to_string(),
        View::DomException(why) => why.message.clone(),
        View::String(text) => text.to_string(),
        other => format!("{other:?}"),
    }
}

fn signal(call: &Call) -> Result<AbortSignal, JsError> {
    AbortSignal::of_value(call.args().get(0)).ok_or_else(|| JsError::type_error("no signal"))
}

impl RpcTarget for Signals {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        match name {
            "untilAborted" => Answer::later(async move {
                let signal = signal(&call)?;
                Ok(told(&signal.when_aborted().await))
            }),
            "isAborted" => Answer::now(signal(&call).map(|signal| signal.is_aborted())),
            "echo" => Answer::now(Ok(call.args().get(0).clone())),
            "aborting" => {
                let controller = AbortController::new();
                let signal = controller.signal();
                self.0.wait_until(async move {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    controller.abort(JsError::error("from Rust").value().clone());
                });
                Answer::now(Ok(Value::from(signal)))
            }
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        Answer::Missing
    }
}

fn worker(at: u16) -> Workerd {
    let svc = format!("--external-addr=svc=127.0.0.1:{at}");
    Workerd::serve("signals.capnp", &["main", "rpc"], &["--experimental".to_owned(), svc])
}

#[test]
fn a_worker_aborts_rust_and_rust_aborts_a_worker() {
    let signals = || Worker::new("signals").entrypoint("default", Signals);
    let serving = Serving::service(move || signals().service("default"));
    let caller = Caller::new(worker(serving.port));
    for (play, expected) in [
        ("aborted_later", "from a Worker"),
        ("aborted_already", "before"),
        ("given", "from Rust"),
        ("there_and_back", "round"),
    ] {
        let answer = caller.ask(&format!("/{play}"));
        assert_eq!(answer["told"], expected, "{play}: {answer}");
    }
    assert_eq!(caller.ask("/never")["told"], false);
}

#[test]
fn rust_aborts_a_worker_and_a_worker_aborts_rust() {
    let callee = worker(1);
    let port = callee.port("rpc");
    on_a_vat(|here| async move {
        let svc = at(port).stub(&here);
        calls(&svc).await.expect("it works");
    });
}

async fn calls(svc: &RpcStub) -> Result<(), JsError> {
    let controller = AbortController::new();
    let answer = svc.call("untilAborted", args![controller.signal()]);
    tokio::time::sleep(Duration::from_millis(20)).await;
    controller.abort(JsError::error("from Rust").value().clone());
    assert_eq!(answer.await?.to::<String>()?, "from Rust");
    let already = svc.call("untilAborted", args![AbortSignal::aborted("before")]);
    assert_eq!(already.await?.to::<String>()?, "before");
    let never = svc.call("isAborted", args![AbortSignal::never()]);
    assert_eq!(never.await?.as_bool(), Some(false));
    let given = svc.call("aborting", args![]).await?;
    let given = AbortSignal::of_value(&given).expect("a signal");
    assert_eq!(told(&given.when_aborted().await), "from a Worker");
    // The context there ends with the call: nobody is left who could abort what it returned.
    let controller = AbortController::new();
    let back = svc.call("echo", args![controller.signal()]).await?;
    let back = AbortSignal::of_value(&back).expect("a signal");
    let lost = told(&back.when_aborted().await);
    assert!(lost.contains("implicitly aborted"), "{lost}");
    Ok(())
}
