#![allow(unused, reason = "what is refused is never used")]

use bowline::worker::{rpc_interface, rpc_target};

struct Counter(f64);

#[rpc_target]
impl Counter {
    async fn increment(&mut self, by: f64) -> f64 {
        self.0 += by;
        self.0
    }

    fn finish(self) -> f64 {
        self.0
    }

    fn boxed(self: Box<Self>) {}

    #[rpc(getter)]
    fn size() -> f64 {
        8.0
    }
}

#[rpc_interface]
trait Client {
    async fn increment(&mut self, by: f64) -> f64;
    async fn size() -> f64;
}

fn main() {}
