//! Worker A calls a method of Worker B, to which it has a binding.

use bowline::runtime::Vat;
use bowline::worker::{Ctx, JsError, Worker, args, rpc_interface, rpc_target};

/// Worker B.
struct Adder;

#[rpc_target]
impl Adder {
    async fn add(&self, a: f64, b: f64) -> f64 {
        a + b
    }
}

/// What Worker A knows of Worker B.
#[rpc_interface]
trait Sums {
    async fn add(&self, a: f64, b: f64) -> f64;
}

/// Worker A.
struct Front(Ctx);

#[rpc_target]
impl Front {
    async fn greet(&self) -> Result<String, JsError> {
        let worker_b = Sums::from(self.0.service("WORKER_B")?);
        let sum = worker_b.add(1.0, 2.0).await?;
        Ok(format!("1 + 2 = {sum}"))
    }
}

pub(crate) async fn run() -> Result<String, JsError> {
    let vat = Vat::local();
    let worker_b = Worker::new("worker_b").entrypoint("default", |_| Adder);
    let worker_a = Worker::new("worker_a").entrypoint("default", Front);
    worker_a.bind("WORKER_B", worker_b.service("default")?);

    let front = worker_a.service("default")?.stub(vat.here());
    front.call("greet", args![]).await?.to()
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), JsError> {
    println!("{}", run().await?);
    Ok(())
}
