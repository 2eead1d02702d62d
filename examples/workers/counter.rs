//! A service returns a function, which keeps its state where it was made, and is given up by its caller.

use std::cell::Cell;

use bowline::runtime::{Local, Vat};
use bowline::worker::{Call, JsError, RpcStub, Worker, args, rpc_interface, rpc_target};

struct CounterService;

#[rpc_target]
impl CounterService {
    /// The function runs here, not where it is called.
    async fn new_counter(&self, here: &Local) -> RpcStub {
        let value = Cell::new(0.0);
        RpcStub::function(here, move |call: Call| {
            let increment = call.arg::<Option<f64>>(0);
            let counted = increment.map(|by| value.replace(value.get() + by.unwrap_or(0.0)));
            let now = value.get();
            async move { counted.map(|_| now) }
        })
    }
}

#[rpc_interface]
trait Counters {
    async fn new_counter(&self) -> RpcStub;
}

pub(crate) async fn run() -> Result<String, JsError> {
    let vat = Vat::local();
    let worker = Worker::new("counter-service").entrypoint("default", |_| CounterService);
    let counters = Counters::from(worker.service("default")?.stub(vat.here()));

    let counter = counters.new_counter().await?;
    let mut told = Vec::new();
    for by in [5, 3, -2] {
        told.push(counter.invoke(args![by]).await?.to::<f64>()?);
    }
    let now: f64 = counter.invoke(args![]).await?.to()?;

    counter.dispose();
    let afterwards = match counter.invoke(args![1]).await {
        Ok(more) => format!("it still counts: {more:?}"),
        Err(error) => error.message().into_owned(),
    };
    Ok(format!("counted {told:?}, is at {now}; disposed: {afterwards}"))
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), JsError> {
    println!("{}", run().await?);
    Ok(())
}
