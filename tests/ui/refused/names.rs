#![allow(unused, reason = "what is refused is never used")]

use bowline::worker::{rpc_interface, rpc_target};

struct Counter;

#[rpc_target]
impl Counter {
    fn dup(&self) {}
    fn constructor(&self) {}
    async fn then(&self) -> f64 {
        0.0
    }
    #[rpc(getter, name = "then")]
    fn value(&self) -> f64 {
        0.0
    }
    #[rpc(name = "")]
    fn nameless(&self) {}
}

struct Twice;

#[rpc_target]
impl Twice {
    fn new_counter(&self) {}
    #[rpc(name = "newCounter")]
    fn make(&self) {}
}

#[rpc_interface]
trait Client {
    async fn then(&self);
    async fn detach(&self);
}

fn main() {}
