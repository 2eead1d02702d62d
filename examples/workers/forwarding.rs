//! Worker A gets a counter from Worker B and passes it on to Worker C, which has no binding to B.

use std::cell::Cell;

use bowline::runtime::Vat;
use bowline::worker::{Ctx, JsError, Worker, rpc_interface, rpc_target};

/// An object of Worker B.
#[derive(Default)]
struct Tally(Cell<f64>);

#[rpc_target]
impl Tally {
    async fn increment(&self, by: f64) -> f64 {
        self.0.set(self.0.get() + by);
        self.0.get()
    }
}

struct CounterService;

#[rpc_target]
impl CounterService {
    async fn new_counter(&self) -> Tally {
        Tally::default()
    }
}

/// Worker C.
struct ProcessorService;

#[rpc_target]
impl ProcessorService {
    /// The counter is good until this returns; `counter.dup()` would be good for longer.
    async fn process_counter(&self, counter: Counter) -> Result<(), JsError> {
        counter.increment(10.0).await?;
        counter.increment(5.0).await?;
        Ok(())
    }
}

#[rpc_interface]
trait Counter {
    async fn increment(&self, by: f64) -> f64;
}

#[rpc_interface]
trait Counters {
    async fn new_counter(&self) -> Counter;
}

#[rpc_interface]
trait Processor {
    async fn process_counter(&self, counter: &Counter);
}

/// Worker A.
struct Introducer(Ctx);

#[rpc_target]
impl Introducer {
    async fn introduce(&self) -> Result<f64, JsError> {
        let counters = Counters::from(self.0.service("COUNTER_SERVICE")?);
        let processor = Processor::from(self.0.service("PROCESSOR_SERVICE")?);
        // Passed on before it is there: nothing waits for it here.
        let counter = counters.new_counter();
        processor.process_counter(&counter).await?;
        counter.increment(1.0).await
    }
}

#[rpc_interface]
trait Front {
    async fn introduce(&self) -> f64;
}

pub(crate) async fn run() -> Result<String, JsError> {
    let vat = Vat::local();
    let b = Worker::new("counter-service").entrypoint("default", |_| CounterService);
    let c = Worker::new("processor-service").entrypoint("default", |_| ProcessorService);
    let a = Worker::new("introducer").entrypoint("default", Introducer);
    a.bind("COUNTER_SERVICE", b.service("default")?);
    a.bind("PROCESSOR_SERVICE", c.service("default")?);

    let front = Front::from(a.service("default")?.stub(vat.here()));
    Ok(format!("10 + 5 there, + 1 here = {}", front.introduce().await?))
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), JsError> {
    println!("{}", run().await?);
    Ok(())
}
